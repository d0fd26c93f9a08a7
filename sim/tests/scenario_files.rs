//! Scenario files to the letter: what is said about each mistake, and where it is.

use winddown_sim::{
    chooser::Random,
    fault::Fault,
    scenario::{Scenario, System, catalog::SHIPPED},
};

/// What follows `name = "a"`, and its error as `line:column message`.
const BAD: &[(&str, &str)] = &[
    (
        "strom = \"3s\"",
        "2:1 unknown field `strom`; did you mean `storm`? known are: name, about, order, storm, host, unit, operator, faults, expect",
    ),
    (
        "storm = 3",
        "2:9 invalid type: integer `3`, expected a time with its unit, such as 369s, 1.5s, 20ms, 250us, 7ns, 2m or 1h",
    ),
    (
        "storm = \"3\"",
        "2:9 `3` is no time; expected a time with its unit, such as 369s, 1.5s, 20ms, 250us, 7ns, 2m or 1h, up to 1000 days",
    ),
    (
        "storm = \"1.5ns\"",
        "2:9 `1.5ns` is no time; expected a time with its unit, such as 369s, 1.5s, 20ms, 250us, 7ns, 2m or 1h, up to 1000 days",
    ),
    (
        "storm = \"24001h\"",
        "2:9 `24001h` is no time; expected a time with its unit, such as 369s, 1.5s, 20ms, 250us, 7ns, 2m or 1h, up to 1000 days",
    ),
    ("order = \"random\"", "2:9 unknown order `random`; known are: timed, untimed"),
    ("name = \"b\"", "2:1 duplicate key"),
    ("[host]\nat-once = 0", "3:11 at-once is 0, so no unit could ever stop; leave it out for no limit"),
    ("[host]\nouter-grace = \"3s\"", "3:15 there is no `outer` supervisor that this could be about"),
    (
        "[host]\nouter = \"none\"\nouter-known = false",
        "4:15 there is no `outer` supervisor that this could be about",
    ),
    (
        "[expect]\nkilled = true",
        "3:10 nobody could kill it: there is no `outer` supervisor in [host]; name one there, or leave this out",
    ),
    (
        "[host]\nouter = \"none\"\n[expect]\nexit = 1\nkilled = true",
        "6:10 nobody could kill it: there is no `outer` supervisor in [host]; name one there, or leave this out",
    ),
    ("[expect]\nexit = 2", "3:8 no host exits with 2; expected 0 or 1"),
    (
        "[[unit]]\nname = \"db\"\nsystem = \"task\"\n[[unit]]\nname = \"web\"\nsystem = \"task\"\ndepends-on = [\"db\", \"db\"]",
        "8:21 `db` stands here twice",
    ),
    ("[host]\nclients = 101", "3:11 101 clients; at most 100 are run"),
    (
        "[host]\nouter = \"dokcer\"",
        "3:9 unknown outer supervisor `dokcer`; did you mean `docker`? known are: none, docker, systemd, kubernetes",
    ),
    ("[host]\nrow-takes = \"2s..1s\"", "3:13 the range `2s..1s` is empty: it ends before it begins"),
    (
        "[[unit]]\nname = \"two words\"\nsystem = \"task\"",
        "3:8 `two words` cannot be a name; expected 1 to 64 letters, digits, dots, hyphens or underscores, and not `any`",
    ),
    (
        "[[unit]]\nname = \"\"\nsystem = \"task\"",
        "3:8 `` cannot be a name; expected 1 to 64 letters, digits, dots, hyphens or underscores, and not `any`",
    ),
    (
        "[[unit]]\nname = \"any\"\nsystem = \"task\"",
        "3:8 `any` cannot be a name; expected 1 to 64 letters, digits, dots, hyphens or underscores, and not `any`",
    ),
    (
        "[[unit]]\nname = \"web\"\nsystem = \"contaner\"",
        "4:10 unknown system `contaner`; did you mean `container`? known are: container, provider, daemon, session, task",
    ),
    ("[[unit]]\nname = \"web\"", "2:1 missing field `system`"),
    (
        "[[unit]]\nname = \"web\"\nsystem = \"task\"\ngrce = \"1s\"",
        "5:1 unknown field `grce`; did you mean `grace`? known are: name, system, count, ladder, probed, owner, depends-on, restart, restart-limit, restart-backoff, restart-backoff-max, run-budget, start-patience, grace, starts, body",
    ),
    (
        "[[unit]]\nname = \"web\"\nsystem = \"task\"\ncount = 0",
        "5:9 a count of 0 is no unit; leave the unit out",
    ),
    (
        "[[unit]]\nname = \"web\"\nsystem = \"task\"\ncount = 1001",
        "3:8 with this there are 1001 units; at most 1000 are run",
    ),
    (
        "[[unit]]\nname = \"web\"\nsystem = \"task\"\nprobed = true",
        "5:10 only a provider's container can be probed",
    ),
    (
        "[[unit]]\nname = \"web\"\nsystem = \"daemon\"\ngrace = \"3s\"",
        "5:9 only a task has a grace; the other systems' ladders are what they are",
    ),
    (
        "[[unit]]\nname = \"web\"\nsystem = \"task\"\ndepends-on = [\"web\"]",
        "5:15 `web` cannot depend on itself",
    ),
    (
        "[[unit]]\nname = \"web\"\nsystem = \"task\"\ndepends-on = [\"db\"]",
        "5:15 unknown unit further up `db`; there are none",
    ),
    (
        "[[unit]]\nname = \"web\"\nsystem = \"task\"\ndepends-on = [\"db\"]\n[[unit]]\nname = \"db\"\nsystem = \"task\"",
        "5:15 `db` stands further down; a unit depends on units further up",
    ),
    (
        "[[unit]]\nname = \"web\"\nsystem = \"task\"\n[[unit]]\nname = \"db\"\nsystem = \"task\"\ndepends-on = [\"wbe\"]",
        "8:15 unknown unit further up `wbe`; did you mean `web`? known are: web",
    ),
    (
        "[[unit]]\nname = \"web\"\nsystem = \"task\"\n[[unit]]\nname = \"web\"\nsystem = \"task\"\n",
        "6:8 there is a unit named `web` further up",
    ),
    (
        "[[unit]]\nname = \"web\"\nsystem = \"task\"\ncount = 3\n[[unit]]\nname = \"web-2\"\nsystem = \"task\"",
        "7:8 `web-2` is one of the 3 units named `web` further up",
    ),
    (
        "[[unit]]\nname = \"web-2\"\nsystem = \"task\"\n[[unit]]\nname = \"web\"\nsystem = \"task\"\ncount = 2",
        "6:8 one of these 2 units would be `web-2`, which is further up",
    ),
    (
        "[[unit]]\nname = \"web\"\nsystem = \"task\"\nrestart-limit = 3",
        "5:17 this unit never restarts by itself",
    ),
    (
        "[[unit]]\nname = \"web\"\nsystem = \"task\"\nstarts = \"forever\"",
        "5:10 `forever` is no time; expected a time with its unit, such as 369s, 1.5s, 20ms, 250us, 7ns, 2m or 1h, up to 1000 days; or `never`",
    ),
    (
        "[[unit]]\nname = \"web\"\nsystem = \"task\"\n[unit.body]\nlasts = \"never\"",
        "6:9 `never` is no time; expected a time with its unit, such as 369s, 1.5s, 20ms, 250us, 7ns, 2m or 1h, up to 1000 days; or `forever`",
    ),
    (
        "[[unit]]\nname = \"web\"\nsystem = \"task\"\n[unit.body]\non-cancel = \"maybe\"",
        "6:13 `maybe` is no time; expected a time with its unit, such as 369s, 1.5s, 20ms, 250us, 7ns, 2m or 1h, up to 1000 days; or `ignores`, or `fails`",
    ),
    ("[host]\nclients = 2\nbroken-clients = 3", "4:18 3 of 2 clients cannot be broken"),
    (
        "[[operator]]\nat = \"1s\"\nask = \"stopp\"",
        "4:7 unknown ask `stopp`; did you mean `stop`? known are: start, stop, restart, cancel, pause, resume, remove, shutdown, terminate, interrupt, hangup, outer-stop, crash, fill-disk, hang-disk",
    ),
    (
        "[[operator]]\nat = \"1s\"\nask = \"stop\"",
        "4:7 the ask `stop` needs a `unit`: a name, name-N for one of several, or `any`",
    ),
    (
        "[[operator]]\nat = \"1s\"\nask = \"stop\"\nunit = \"any\"",
        "5:8 there are no units of which one could be meant",
    ),
    (
        "[[unit]]\nname = \"web\"\nsystem = \"task\"\ncount = 3\n[[operator]]\nat = \"1s\"\nask = \"stop\"\nunit = \"wbe\"",
        "9:8 unknown unit `wbe`; did you mean `web`? known are: web",
    ),
    (
        "[[unit]]\nname = \"web\"\nsystem = \"task\"\ncount = 3\n[[operator]]\nat = \"1s\"\nask = \"stop\"\nunit = \"web-4\"",
        "9:8 unknown unit `web-4`; known are: web, and web-1 to web-3",
    ),
    (
        "[[unit]]\nname = \"web\"\nsystem = \"task\"\ncount = 3\n[[operator]]\nat = \"1s\"\nask = \"stop\"\nunit = \"web-02\"",
        "9:8 unknown unit `web-02`; known are: web, and web-1 to web-3",
    ),
    (
        "[[unit]]\nname = \"web\"\nsystem = \"task\"\ncount = 3\n[[operator]]\nat = \"1s\"\nask = \"stop\"\nunit = \"web-+2\"",
        "9:8 unknown unit `web-+2`; known are: web, and web-1 to web-3",
    ),
    ("[[operator]]\nat = \"1s\"\nask = \"hangup\"\nforce = true", "5:9 the ask `hangup` has no `force`"),
    ("[[operator]]\nat = \"1s\"\nask = \"terminate\"\ntimes = 0", "5:9 0 times; expected 1 to 10000"),
    ("[[operator]]\nat = \"1s\"\nask = \"terminate\"\ntimes = 10001", "5:9 10001 times; expected 1 to 10000"),
    (
        "[[operator]]\nat = \"1s\"\nask = \"shutdown\"\nwithin = \"soon\"",
        "5:10 `soon` is no time; expected a time with its unit, such as 369s, 1.5s, 20ms, 250us, 7ns, 2m or 1h, up to 1000 days; or `unlimited`",
    ),
    (
        "[faults]\nslow-write = 1\ncrash = 1001",
        "4:9 `crash` strikes 1001 times in a thousand; expected 0 to 1000",
    ),
    (
        "[faults]\nslow-write = 1\ncrash = -1",
        "4:9 `crash` strikes -1 times in a thousand; expected 0 to 1000",
    ),
    (
        "[[unit]]\nname = \"a\"\nsystem = \"task\"\nladder = 3",
        "5:10 invalid type: integer `3`, expected a table with rungs, written as [unit.ladder]",
    ),
    (
        "[[unit]]\nname = \"a\"\nsystem = \"task\"\n[unit.ladder]\nrungs = []",
        "6:9 0 rungs; a ladder has 1 to 254",
    ),
    (
        "[[unit]]\nname = \"a\"\nsystem = \"task\"\n[unit.ladder]\nrungs = [{ do = \"kil\", patience = \"1s\" }]",
        "6:17 unknown action `kil`; did you mean `kill`? known are: probe, pause, checkpoint, disconnect, \
         request-cancel, terminate, kill, abort, remove, forget",
    ),
    (
        "[[unit]]\nname = \"a\"\nsystem = \"task\"\n[unit.ladder]\nrungs = [{ do = \"kill\", patience = \"soon\" }]",
        "6:36 `soon` is no time; expected a time with its unit, such as 369s, 1.5s, 20ms, 250us, 7ns, 2m or 1h, \
         up to 1000 days; or `rest`",
    ),
    (
        "[[unit]]\nname = \"a\"\nsystem = \"task\"\n[unit.ladder]\nrungs = [{ do = \"terminate\", patience = \"1s\" }]",
        "6:17 terminate needs a grace: how long until it is killed; \"0s\" for never",
    ),
    (
        "[[unit]]\nname = \"a\"\nsystem = \"task\"\n[unit.ladder]\n\
         rungs = [{ do = \"kill\", grace = \"1s\", patience = \"1s\" }]",
        "6:33 only terminate has a grace; how long a rung waits is its patience",
    ),
    (
        "[[unit]]\nname = \"a\"\nsystem = \"task\"\n[unit.ladder]\n\
         rungs = [{ do = \"terminate\", grace = \"2s\", patience = \"1s\" }]",
        "6:55 this is shorter than the grace, so the next rung would not wait for it",
    ),
    (
        "[[unit]]\nname = \"a\"\nsystem = \"task\"\n[unit.ladder]\nrungs = [{ do = \"request-cancel\", patience = \"1s\" }]",
        "6:9 no rung ends the body when the stop is forced; add one: kill, abort or remove",
    ),
    (
        "[[unit]]\nname = \"a\"\nsystem = \"task\"\n[unit.ladder]\nrungs = [{ do = \"kill\", patience = \"rest\" }]",
        "6:9 a rung waits for the rest of the budget; say how much that is: budget = \"30s\"",
    ),
    (
        "[[unit]]\nname = \"a\"\nsystem = \"task\"\ngrace = \"1s\"\n[unit.ladder]\n\
         rungs = [{ do = \"kill\", patience = \"1s\" }]",
        "5:9 a ladder of its own has its own patience; leave the grace out",
    ),
    ("[expect]\nexit = 300", "3:8 invalid value: integer `300`, expected a whole number from 0 to 1"),
    (
        "[expect]\nexits = 0",
        "3:1 unknown field `exits`; did you mean `exit`? known are: exit, within, killed",
    ),
    ("about = \"é\" x", "2:13 unexpected key or value, expected newline, `#`"),
];

#[track_caller]
fn check(text: &str, expected: &str) {
    let (place, what) = expected.split_once(' ').unwrap_or((expected, ""));
    let (line, column) = place.split_once(':').unwrap_or((place, ""));
    let expected = format!("line {line}, column {column}: {what}");
    let said = Scenario::parse(text).map_err(|error| error.to_string());
    assert_eq!(said, Err(expected), "{text}");
}

#[test]
fn every_mistake_is_told_to_the_letter() {
    for (text, expected) in BAD {
        check(&format!("name = \"a\"\n{text}"), expected);
    }
    check("", "1:1 missing field `name`");
    check(
        "name = \"any\"",
        "1:8 `any` cannot be a name; expected 1 to 64 letters, digits, dots, hyphens or underscores, and not `any`",
    );
}

#[test]
fn an_unknown_fault_is_answered_with_the_nearest_and_with_all() {
    let all: Vec<&str> = Fault::ALL.iter().map(|fault| fault.name()).collect();
    let expected = format!("4:1 unknown fault `crush`; did you mean `crash`? known are: {}", all.join(", "));
    check("name = \"a\"\n[faults]\nslow-write = 1\ncrush = 10", &expected);
}

#[test]
fn a_megabyte_of_nonsense_gets_a_short_answer() {
    let long = "x".repeat(1_000_000);
    let deep = "[".repeat(1_000_000);
    for text in [
        format!("{long} = 1"),
        format!("x = {deep}"),
        format!("name = \"{long}\""),
        format!("name = \"a\"\nstorm = \"{long}\""),
        format!("name = \"a\"\norder = \"{long}\""),
        format!("name = \"a\"\n[faults]\n{long} = 1"),
        format!("name = \"a\"\n[[operator]]\nat = \"1s\"\nask = \"{long}\""),
        format!("name = \"a\"\n{long}{long}"),
    ] {
        let said = Scenario::parse(&text).map_err(|error| error.to_string().len());
        assert!(said.is_err_and(|length| length < 1_000), "{}", text.chars().take(80).collect::<String>());
    }
}

#[test]
fn what_is_generated_reads_back_and_so_does_what_is_shipped() {
    for seed in 0..2_000 {
        let scenario =
            Scenario { name: "generated".into(), ..Scenario::generate(&mut Random::new(seed), None) };
        assert_eq!(Scenario::parse(&scenario.to_toml()), Ok(scenario), "seed {seed}");
    }
    for (name, text) in SHIPPED {
        let scenario = Scenario::parse(text);
        let printed = scenario.as_ref().map(Scenario::to_toml).unwrap_or_default();
        assert_eq!(Scenario::parse(&printed), scenario, "{name}");
        assert!(scenario.is_ok_and(|scenario| scenario.name == name), "{name}");
    }
}

#[test]
fn what_is_as_usual_is_not_printed() {
    let text = "name = \"a\"\n\n[[unit]]\nname = \"web\"\nsystem = \"task\"\n";
    assert_eq!(Scenario::parse(text).map(|scenario| scenario.to_toml()), Ok(text.to_owned()));
}

#[test]
fn what_no_seed_makes_is_printed_as_it_was_read() {
    let text = "name = \"a\"\n\n[host]\nrunning = true\nclients = 3\nbroken-clients = 2\n\n[[unit]]\nname = \"web\"\n\
        system = \"provider\"\n[unit.body]\non-probe = \"ignores\"\non-checkpoint = \"fails\"\n\
        on-remove = \"1s..2s\"\n\n[[operator]]\nat = \"1s\"\nask = \"fill-disk\"\n\n\
        [[operator]]\nat = \"2s\"\nask = \"hang-disk\"\n";
    assert_eq!(Scenario::parse(text).map(|scenario| scenario.to_toml()), Ok(text.to_owned()));
}

#[test]
fn every_system_has_a_scenario_that_shows_it() {
    for system in System::ALL {
        let shipped = SHIPPED.iter().find(|(name, _)| *name == system.scenario());
        let scenario = shipped.and_then(|(_, text)| Scenario::parse(text).ok());
        let shows = |scenario: Scenario| scenario.units.iter().any(|unit| unit.system == system);
        assert!(scenario.is_some_and(shows), "{}", system.name());
    }
}

/// Its own generator, so that what is tried does not hang on the one that is tested.
struct Splitmix(u64);

impl Splitmix {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((bits ^ (bits >> 31)) % count.max(1) as u64).unwrap_or_default()
    }
}

#[test]
fn no_mutation_panics_and_what_is_still_read_reads_back() {
    let mut dice = Splitmix(7);
    for _ in 0..6_000 {
        let mut bytes = SHIPPED[dice.below(SHIPPED.len())].1.as_bytes().to_vec();
        for _ in 0..=dice.below(6) {
            if bytes.is_empty() {
                break;
            }
            let place = dice.below(bytes.len());
            match dice.below(4) {
                0 => bytes[place] = u8::try_from(dice.below(256)).unwrap_or_default(),
                1 => drop(bytes.remove(place)),
                2 => bytes.insert(place, b"\"[]=.-90{}\n#"[dice.below(12)]),
                _ => bytes.truncate(place),
            }
        }
        if let Ok(scenario) = Scenario::parse(&String::from_utf8_lossy(&bytes)) {
            let printed = scenario.to_toml();
            assert_eq!(Scenario::parse(&printed), Ok(scenario), "{printed}");
        }
    }
}

/// The reference names every key that a file may have, and its example is a file that can be run.
#[test]
fn the_reference_has_every_key() {
    let reference = include_str!("../SCENARIOS.md");
    let unit = "[[unit]]\nname = \"a\"\nsystem = \"task\"";
    for table in [
        "",
        "[host]",
        "[faults]\nslow-write = 1\n[expect]",
        unit,
        &format!("{unit}\n[unit.body]"),
        &format!("{unit}\n[unit.ladder]"),
        "[[operator]]",
    ] {
        let said =
            Scenario::parse(&format!("name = \"x\"\n{table}\nno-such-key = 1")).unwrap_err().to_string();
        let known = said.split_once("known are: ").unwrap_or_else(|| panic!("{said}")).1;
        for key in known.split(", ") {
            let named = reference.contains(&format!("`{key}`")) || reference.contains(&format!("[{key}]"));
            let shown =
                reference.contains(&format!("\n{key} = ")) || reference.contains(&format!("[unit.{key}]"));
            assert!(
                named || shown || reference.contains(&format!("[[{key}]]")),
                "{key} is not in SCENARIOS.md"
            );
        }
    }
    let examples: Vec<&str> =
        reference.split("```toml\n").skip(1).filter_map(|it| it.split("```").next()).collect();
    let example = examples.last().unwrap();
    let scenario = Scenario::parse(example).unwrap();
    let setup = winddown_sim::Setup::new(scenario).unwrap();
    let mut arena = winddown_sim::Arena::new(&setup);
    let broken = (0..200).filter(|seed| {
        let outcome = winddown_sim::run(&setup, &mut Random::new(*seed), &mut arena, None);
        outcome.breach.is_some_and(|breach| breach.claim == winddown_sim::claims::Claim::AsExpected)
    });
    assert!(broken.count() > 10, "it does not fit into its time, and the simulator says so");
}
