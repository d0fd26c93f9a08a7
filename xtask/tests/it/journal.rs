//! Journals of real hosts, played again.

use std::{fs, path::PathBuf, sync::Arc};

use winddown_core::{
    Caller, Effect, Effects, Engine, Incarnation, Input, KindId, Moment, OwnerId, Signal, Span, UnitId,
    contracts,
};
use winddown_journal::{Name, Step, Writer};

use crate::check;

const UNIT: UnitId = UnitId(0);

/// What a host would have written down of an engagement that holds still as it shuts down.
fn recorded(change: impl FnOnce(&mut Vec<Step>)) -> (tempfile::TempDir, PathBuf) {
    recorded_of(&["navigation"], change)
}

/// The same, where others had its number before, and were removed.
fn recorded_of(names: &[&str], change: impl FnOnce(&mut Vec<Step>)) -> (tempfile::TempDir, PathBuf) {
    let plan = contracts::host(vec![contracts::engagement()]);
    let mut engine = Engine::new(Arc::new(plan.clone())).unwrap();
    let unit = UNIT;
    let declared = (0, Input::UnitDeclared { unit, kind: KindId(0), owner: OwnerId(0) });
    let removed = (0, Input::RemoveRequested { unit, caller: Caller::Nobody });
    let before = names.iter().skip(1).flat_map(|_| [declared, removed]);
    let last = [
        declared,
        (1, Input::StartRequested { unit, caller: Caller::Nobody }),
        (369_000, Input::SignalReceived { signal: Signal::Terminate }),
        (369_020, Input::UnitPaused { unit, incarnation: Incarnation(1) }),
    ];
    let mut steps = Vec::new();
    for (millis, input) in before.chain(last) {
        let (at, mut effects) = (Moment::START.after(Span::from_millis(millis)), Effects::new());
        let disposition = engine.handle(at, input, &mut effects);
        steps.push(Step { at, input, disposition, effects: effects.as_slice().to_vec() });
    }
    change(&mut steps);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("journal");
    let mut writer =
        Writer::begin(fs::File::create(&file).unwrap(), vec!["engagement".to_owned()], plan).unwrap();
    let mut names = names.iter();
    for step in steps {
        if matches!(step.input, Input::UnitDeclared { .. }) {
            let name = (*names.next().unwrap()).to_owned();
            writer.name(Name { unit, name }).unwrap();
        }
        writer.step(step).unwrap();
    }
    (directory, file)
}

#[test]
fn a_journal_has_the_timeline_of_its_run() {
    let (_directory, file) = recorded(|_| ());
    let said = check(
        &["sim", "--journal", file.to_str().unwrap()],
        0,
        &[
            "navigation (engagement)",
            "369.000s  x  SIGTERM",
            "verdict: the engine does the same again, in all 4 steps",
        ],
    );
    assert!(said.contains("-> checkpoint navigation"), "{said}");
    let objects =
        check(&["sim", "--format", "json", "--journal", file.to_str().unwrap()], 0, &["\"same\":true"]);
    assert_eq!(objects.lines().count(), 6, "{objects}");
}

#[test]
fn a_step_is_told_with_the_name_that_the_number_had_then() {
    let names: Vec<String> = (0..400).map(|number| format!("shop/small/{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (_directory, file) = recorded_of(&names, |_| ());
    let words = [
        "  shop/small/0 is declared\n",
        "  shop/small/0 is asked to be forgotten\n",
        "  shop/small/1 is declared\n",
        "SIGTERM\n",
        "-> pause shop/small/399, and wait",
        "      1  shop/small/0 (engagement)\n",
        "  shop/small/1 (engagement), from step 3 on\n",
        "  shop/small/399  ",
        "verdict: the engine does the same again, in all 802 steps",
    ];
    let said = check(&["sim", "--journal", file.to_str().unwrap()], 0, &words);
    assert!(!said.contains("shop/small/0/"), "{said}");
    let recorded = fs::metadata(&file).unwrap().len();
    assert!((said.len() as u64) < recorded, "{} bytes about {recorded}", said.len());
}

/// Whoever writes a journal has no say in what the terminal does, and in no verdict.
#[test]
fn what_a_terminal_would_obey_is_escaped() {
    let name = "a\u{1b}[31m\u{9b}1m\u{202e}\nverdict: \"mine\"";
    let plain = r#"a\u{1b}[31m\u{9b}1m\u{202e}\nverdict: "mine""#;
    let (_directory, file) = recorded_of(&[name], |_| ());
    let journal = file.to_str().unwrap();
    let said = check(&["sim", "--journal", journal], 0, &[&format!("  {plain} is declared")]);
    assert!(!said.contains(|letter: char| letter.is_control() && letter != '\n'), "{said:?}");
    assert_eq!(said.lines().filter(|line| line.starts_with("verdict")).count(), 1, "{said}");
    let said = check(&["sim", "--format", "json", "--journal", journal], 0, &[r"\u009b1m"]);
    assert!(!said.contains(|letter: char| letter.is_control() && letter != '\n'), "{said:?}");
    let text = fs::read_to_string(&file).unwrap().replace("\"name\":\"a", "\"\\u001b[31m\\nverdict\":\"a");
    fs::write(&file, text).unwrap();
    check(&["sim", "--journal", journal], 2, &["line 2", r"`\u{1b}[31m\nverdict`"]);
}

/// So has whoever writes a scenario.
#[test]
fn a_scenario_is_told_without_what_a_terminal_would_obey() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.toml");
    let about = r#"about = "\u001b[31mred\nverdict: mine""#;
    fs::write(&file, format!("name = \"a\"\n{about}\n[[unit]]\nname = \"a\"\nsystem = \"task\"\n")).unwrap();
    let arguments = ["sim", "--scenario", file.to_str().unwrap(), "--seed", "1"];
    check(&arguments, 0, &[r"\u{1b}[31mred\nverdict: mine"]);
}

#[test]
fn a_name_of_any_length_is_told() {
    let (_directory, file) = recorded_of(&["a", &"n".repeat(70_000)], |_| ());
    let cut = format!("  {}…  ", "n".repeat(39));
    let said = check(&["sim", "--journal", file.to_str().unwrap()], 0, &[&cut, "in all 6 steps"]);
    assert!(said.lines().all(|line| line.chars().count() < 400), "{said}");
}

#[test]
fn a_journal_of_an_engine_that_did_something_else_fails_and_says_what() {
    let (_directory, file) = recorded(|steps| steps[3].effects.clear());
    check(
        &["sim", "--journal", file.to_str().unwrap()],
        1,
        &["verdict: DIFFERENT in step 4", "only here: checkpoint navigation"],
    );
    check(&["sim", "--format", "json", "--journal", file.to_str().unwrap()], 1, &["\"same\":false"]);
}

/// Lists that are made of the same effects, and effects that are told in the same words.
#[test]
fn a_difference_that_is_none_in_words_is_shown() {
    let (_directory, file) = recorded(|_| ());
    let said = check(&["sim", "--journal", file.to_str().unwrap()], 0, &[]);
    let mut asked = said.lines().filter_map(|line| line.split_once("-> ")).map(|it| it.1);
    let pause = asked.find(|asked| asked.starts_with("pause")).unwrap();

    let different = |place: usize, change: &dyn Fn(&mut Vec<Effect>), words: &[&str]| {
        let (_directory, file) = recorded(|steps| change(&mut steps[place].effects));
        let said = check(&["sim", "--journal", file.to_str().unwrap()], 1, words);
        assert!(said.contains(&format!("verdict: DIFFERENT in step {}", place + 1)), "{said}");
        said
    };
    let order = "in another order: `start navigation` came before `write row: navigation running (nobody waits)` \
                 then, and comes after it here";
    different(1, &|effects| effects.swap(0, 1), &[order]);
    different(1, &|effects| effects.push(effects[1]), &["  2 times then, once here: start navigation\n"]);
    different(1, &|effects| effects.extend([Effect::Reload; 2]), &["  only then, 2 times: read the config"]);
    let later = |effects: &mut Vec<Effect>| {
        for effect in effects {
            if let Effect::Perform { until, .. } = effect {
                *until = until.after(Span::from_nanos(1));
            }
        }
    };
    let (then, here) = (format!("only then: {pause}, exactly {{"), format!("only here: {pause}, exactly {{"));
    let said = different(2, &later, &[&then, &here]);
    let until: Vec<&str> =
        said.lines().filter_map(|line| line.split_once("\"until\":")).map(|it| it.1).collect();
    assert!(until.len() == 2 && until[0] != until[1], "{until:?}");
}

#[test]
fn a_journal_with_a_line_missing_may_be_damaged() {
    let (_directory, file) = recorded(|steps| drop(steps.remove(1)));
    check(
        &["sim", "--journal", file.to_str().unwrap()],
        1,
        &["verdict: DIFFERENT in step 2", "a line of the journal is lost or damaged, or the engine's rules"],
    );
}

#[test]
fn a_journal_that_is_torn_off_is_played_as_far_as_it_goes() {
    let (_directory, file) = recorded(|_| ());
    let text = fs::read(&file).unwrap();
    fs::write(&file, &text[..text.len() - 20]).unwrap();
    check(&["sim", "--journal", file.to_str().unwrap()], 0, &["in all 3 steps", "torn off"]);
}

#[test]
fn what_is_no_journal_is_refused_and_named() {
    let (_directory, file) = recorded(|_| ());
    let name = file.to_str().unwrap();
    check(&["sim", "--journal", name, "--seed", "7"], 2, &["cannot be used with"]);
    let head = fs::read(&file).unwrap();
    fs::write(&file, &head[..100]).unwrap();
    check(&["sim", "--journal", name], 2, &[name, "line 1", "cut off"]);
    fs::write(&file, "").unwrap();
    check(&["sim", "--journal", name], 2, &[name, "line 1", "cut off", "no journal of a host"]);
    fs::remove_file(&file).unwrap();
    check(&["sim", "--journal", name], 2, &["cannot read the journal", name]);
}
