use std::path::Path;

use proptest::prelude::*;
use winddown_core::{Action, Patience, Promise, Restart};

use super::*;

mod sample;

fn parse(text: &str) -> Result<Config, Wrong> {
    Config::parse(text, Path::new("/etc/winddown"))
}

#[track_caller]
fn wrong(text: &str, at: (usize, usize), needle: &str) {
    let Wrong { span, why } = parse(text).expect_err("it makes no sense");
    assert!(why.contains(needle), "{why:?} does not say {needle:?}");
    assert_eq!(place(text, span.expect("it has a place").start), at, "{why}");
}

#[test]
fn the_sample_can_be_used() {
    let config = parse(SAMPLE).expect("the sample is sound");
    assert_eq!(config.deadline, Span::from_secs(30));
    assert_eq!(config.units.len(), 4);
    let (_, worker) = config.kinds.iter().find(|(name, _)| &**name == "worker").expect("it is there");
    let first = worker.ladder.rungs()[0];
    assert_eq!(first.action, Action::Terminate { grace: Span::from_secs(5) });
    assert_eq!(first.patience, Patience::For(Span::from_secs(8)));
    assert!(matches!(worker.restart, Restart::OnFailure { limit: 3, .. }));
}

#[test]
fn a_contract_is_there_by_its_name() {
    let text = "[[unit]]\nname = \"count\"\nkind = \"graceful\"\ndemo = \"countdown\"";
    let config = parse(text).expect("it is sound");
    let (_, graceful) =
        config.kinds.iter().find(|(name, _)| *name == config.units[0].kind).expect("it is there");
    assert_eq!(graceful.promise, Promise::Proven);
    assert_eq!(graceful.ladder.rungs()[0].action, Action::RequestCancel);
}

#[test]
fn a_strange_key_below_a_word_is_told_like_every_other_one() {
    let strange = "[kind.x]\nladder = \"task\"\nrestart = { always = { bakoff = \"1s\" } }";
    wrong(strange, (3, 24), "unknown key `bakoff`; did you mean `backoff`? known are: backoff");
}

#[test]
fn errors_have_a_place_and_say_what_was_expected() {
    wrong(
        "deadlin = \"30s\"\n",
        (1, 1),
        "unknown key `deadlin`; did you mean `deadline`? known are: state-dir, deadline",
    );
    wrong("\"dlin\\u001b\\n\" = 1\n", (1, 1), r"unknown key `dlin\u{1b}\n`; known are: state-dir");
    let form = "{ always = { backoff = \"1s\" } }";
    wrong("[kind.x]\nladder = \"task\"\nrestart = \"always\"", (3, 11), form);
    wrong("[kind.x]\nladder = \"task\"\nrestart = \"on-failure\"", (3, 11), form);
    let command = "[[unit]]\nname = \"a\"\nkind = \"provider\"\ncommand = \"sleep 5\"";
    wrong(command, (4, 11), "a list has to be here, such as [\"sleep\", \"5\"]");
    wrong("dlin = \"30s\"\n", (1, 1), "unknown key `dlin`; known are: state-dir");
    wrong("deadline = 30\n", (1, 12), "expected a time in quotes, such as \"30s\"");
    wrong("\ndeadline = \"30\"\n", (2, 12), "such as 369s");
    wrong("deadline = \"0s\"", (1, 12), "nothing could be done in no time");
    wrong("at-once = 0", (1, 11), "expected a whole number from 1 to 65535");
    wrong("owner-cap = 0", (1, 13), "expected a whole number from 1 to 4294967295");
    wrong("clients = 65536", (1, 11), "65536 is not possible here; expected a whole number from 1 to 65535");
    wrong("clients = \"many\"", (1, 11), "expected a whole number from 1 to 65535");
    wrong("[http]\naddress = \"localhost\"\ntokens = \"t\"", (2, 11), "such as \"127.0.0.1:8077\"");
    wrong("[http]\naddress = \"127.0.0.1:1\"", (1, 1), "the key `tokens` is missing");
    wrong("ladder.x = 3", (1, 12), "a table with rungs, written as [ladder.NAME]");
    wrong("[unit]\nname = \"a\"", (1, 1), "write each unit as [[unit]]");
    wrong(
        "[kind.x]\nladder = \"task\"\nrestart = \"sometimes\"",
        (3, 11),
        "known are: never, on-failure, always",
    );
    wrong("[kind.x]\nladder = \"task\"\nrestart = 3", (3, 11), "{ on-failure = { limit = 3");
    wrong("deadline = ", (1, 12), "");
    let unit = "[[unit]]\nname = \"nav\"\nkind = \"container\"\n";
    wrong(unit, (2, 8), "either a command or a demo");
    wrong(&format!("{unit}command = [\"true\"]"), (3, 8), "take one of provider, provider-probed, session");
    wrong(&format!("{unit}demo = \"navigation\"\nneeds = [\"db\"]"), (5, 10), "no unit before this one");
    wrong(&unit.replace("container", "box"), (2, 8), "either a command or a demo");
    wrong(
        &format!("{}demo = \"navigation\"", unit.replace("container", "box")),
        (3, 8),
        "no kind is called \"box\"",
    );
    let twice = format!("{unit}demo = \"navigation\"\n{unit}demo = \"navigation\"");
    wrong(&twice, (6, 8), "called \"nav\" already");
    wrong(&unit.replace("\"nav\"", "\"../nav\""), (2, 8), "cannot be a unit's name");
    wrong("[kind.x]\nladder = \"rope\"", (2, 10), "no ladder is called \"rope\"");
    wrong("[kind.task]\nladder = \"task\"", (1, 7), "the name of a contract");
    wrong("[ladder.x]\nrungs = [{ do = \"terminate\", patience = \"1s\" }]", (2, 10), "needs a grace");
    wrong(
        "[ladder.x]\nrungs = [{ do = \"kill\", patience = \"1s\", grace = \"1s\" }]",
        (2, 10),
        "only terminate",
    );
    wrong("[ladder.x]\nrungs = [{ do = \"kill\", patience = \"soon\" }]", (2, 36), "or \"rest\"");
    wrong("[ladder.x]\nrungs = [{ do = \"kill\", patience = 1 }]", (2, 36), "or \"rest\"");
    wrong("[ladder.x]\nrungs = [{ do = \"kil\", patience = \"1s\" }]", (2, 17), "did you mean `kill`?");
    wrong(
        "[ladder.x]\nrungs = [\n{ do = \"terminate\", grace = \"6s\", patience = \"1s\" }, \
         { do = \"kill\", patience = \"1s\" }]",
        (3, 1),
        "the grace of 6s is longer than the patience of 1s",
    );
    wrong(
        "[ladder.x]\nrungs = [{ do = \"request-cancel\", patience = \"1s\" }]",
        (2, 9),
        "ladder \"x\": a unit's ladder has no rung that ends the body",
    );
    wrong(
        "[ladder.x]\nrungs = []\n[kind.a]\nladder = \"x\"\n[kind.b]\nladder = \"x\"",
        (2, 9),
        "ladder \"x\" of kind \"a\" and kind \"b\": 0 rungs; a ladder has 1 to 254",
    );
}

#[test]
fn a_deadline_that_the_outer_grace_cuts_is_told() {
    let unit = "[[unit]]\nname = \"a\"\nkind = \"container\"\ndemo = \"navigation\"";
    let warnings = |text: &str| parse(&format!("{text}\n{unit}")).expect("it can be used").warnings();
    assert_eq!(warnings(SAMPLE), [""; 0]);
    let cut = warnings("deadline = \"60s\"\nouter-grace = \"40s\"");
    assert!(cut[0].starts_with("the deadline of 60s is cut to 36s: an outer-grace of 40s"), "{cut:?}");
    assert_eq!(warnings("deadline = \"36s\"\nouter-grace = \"40s\""), [""; 0]);
    let both = warnings("deadline = \"60s\"\nforce-within = \"50s\"\nouter-grace = \"40s\"");
    assert!(both.len() == 2 && both[1].starts_with("force-within of 50s is cut to 36s"), "{both:?}");
}

#[test]
fn who_asks_twice_waits_no_longer_than_who_asks_once() {
    wrong("force-within = \"60s\"", (1, 16), "make it 30s at most");
    wrong("deadline = \"3s\"\nforce-within = \"4s\"", (2, 16), "make it 3s at most");
    assert_eq!(parse("deadline = \"3s\"").expect("it is sound").force_within, Span::from_secs(3));
    let same = parse("deadline = \"3s\"\nforce-within = \"3s\"").expect("it is sound");
    assert_eq!(same.force_within, Span::from_secs(3));
}

#[test]
fn a_command_without_a_program_is_refused() {
    let unit = "[[unit]]\nname = \"a\"\nkind = \"provider\"\ncommand = ";
    wrong(&format!("{unit}[]"), (4, 11), "no program");
    wrong(&format!("{unit}[\"\", \"x\"]"), (4, 11), "no program");
    wrong(&format!("{unit}[\"a\\u0000b\"]"), (4, 11), "zero byte");
    wrong(&format!("{unit}[\"a\"]\nenvironment = {{ \"A=B\" = \"c\" }}"), (5, 17), "neither '='");
    wrong(&format!("{unit}[\"a\"]\ndirectory = \"/\\u0000\""), (5, 13), "zero byte");
    let demo = "[[unit]]\nname = \"a\"\nkind = \"task\"\ndemo = \"countdown\"\n";
    wrong(&format!("{demo}directory = \"/\""), (5, 13), "only a command");
}

proptest! {
    #[test]
    fn any_text_is_a_configuration_or_an_error_with_a_place(text: String) {
        if let Err(Wrong { span, why }) = parse(&text) {
            prop_assert!(!why.is_empty());
            let (line, column) = place(&text, span.map_or(0, |span| span.start));
            prop_assert!(line >= 1 && column >= 1);
        }
    }

    #[test]
    fn the_sample_with_a_line_changed_is_a_configuration_or_an_error(at in 0_usize..80, junk in "[ -~]{0,12}") {
        let mut lines: Vec<&str> = SAMPLE.lines().collect();
        let at = at % lines.len();
        lines[at] = &junk;
        let text = lines.join("\n");
        if let Err(Wrong { span, .. }) = parse(&text) {
            prop_assert!(span.is_none_or(|span| span.start <= text.len()));
        }
    }
}

/// The unit file's numbers fit those of the sample, and the ladder that they are for.
#[test]
fn the_unit_file_fits_the_sample() {
    let unit = include_str!("../../../winddownd.service");
    let span = |key: &str| -> Span {
        let line = unit.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        line.and_then(|text| text.parse().ok()).expect(key)
    };
    let config = parse(SAMPLE).expect("the sample is sound");
    let grace = config.outer_grace.expect("the sample has one");
    assert_eq!(span("TimeoutStopSec"), grace);
    let margin = Span::from_nanos(grace.nanos() / 10);
    assert!(config.deadline.plus(margin) <= grace, "the deadline leaves the margin");
    assert!(config.force_within < config.deadline);
    assert!(unit.contains("\nType=notify\n") && unit.contains("\nKillMode=mixed\n"));
}
