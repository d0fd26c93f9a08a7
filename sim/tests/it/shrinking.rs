//! Shrinking, and runs kept as files. A sound engine breaks no claim, so what is wanted here are rare
//! but lawful outcomes.

use winddown_sim::{
    Arena, Ended, Outcome,
    chooser::{Replay, Tape},
    claims::Claim,
    run,
    scenario::Scenario,
    shrink::{Kept, Limit, Recording, RecordingError, Shrunk, shrink},
    sweep::Source,
    timeline::SEMANTICS_VERSION,
};

/// Few enough that the test is quick, enough to get far.
const FEW: Limit = Limit { runs: 15_000, ..Limit::USUAL };

fn play(recording: &Recording) -> Outcome {
    let setup = recording.setup().unwrap();
    run(&setup, &mut Replay::new(recording.tape.clone()), &mut Arena::new(&setup), None)
}

fn recordings() -> impl Iterator<Item = (Recording, Outcome)> {
    let source = Source::Generated(None);
    (0..).map(move |seed| Recording::of_seed(&source, seed).unwrap())
}

#[track_caller]
fn shrunk(wanted: &dyn Fn(&Outcome) -> bool) -> Shrunk {
    let (recording, _) = recordings()
        .find(|(recording, outcome)| wanted(outcome) && recording.scenario.units.len() >= 4)
        .unwrap();
    let shrunk = shrink(&recording, wanted, FEW, &mut |_, _| true).unwrap().unwrap();
    assert_eq!(play(&shrunk.recording), shrunk.outcome, "what was found is what is kept");
    assert!(wanted(&shrunk.outcome));
    let kept =
        Kept { recording: shrunk.recording.clone(), claim: Claim::NoGhosts, trace: shrunk.outcome.hash };
    assert_eq!(Kept::parse(&kept.to_text()), Ok(kept), "what is found can be played by others");
    assert!(shrunk.runs <= FEW.runs);
    shrunk
}

#[test]
fn a_recording_is_the_run_of_its_seed() {
    for (recording, outcome) in recordings().take(300) {
        assert_eq!(play(&recording), outcome);
    }
}

#[test]
fn a_run_shrinks_to_what_it_takes_and_no_more() {
    let lost = shrunk(&|outcome| outcome.ended == Ended::Exited(1) && outcome.crashes == 0);
    assert_eq!((lost.weight.units, lost.weight.asks), (1, 0), "{}", lost.weight);
    assert!(lost.weight.faults <= 1 && lost.weight.steps <= 14, "{}", lost.weight);
    let crashed = shrunk(&|outcome| outcome.crashes > 0);
    assert_eq!(crashed.weight.units, 1, "{}", crashed.weight);
    assert!(crashed.weight.asks + u32::try_from(crashed.weight.faults).unwrap() <= 1, "{}", crashed.weight);
}

#[test]
fn shrinking_twice_finds_the_same() {
    let wanted = |outcome: &Outcome| outcome.killed;
    assert_eq!(shrunk(&wanted), shrunk(&wanted));
}

/// A body that finds something every nanosecond, so that no run of it ends by itself.
fn endless() -> Recording {
    let text =
        "name = \"x\"\n[[unit]]\nname = \"a\"\nsystem = \"task\"\n[unit.body]\nfinds-every = \"1ns\"\n";
    Recording { scenario: Scenario::parse(text).unwrap(), tape: Tape::default() }
}

fn breaks_something(outcome: &Outcome) -> bool {
    outcome.breach.is_some()
}

#[test]
fn long_runs_are_tried_less_often() {
    let limit = Limit { steps: 500_000, ..Limit::USUAL };
    let shrunk = shrink(&endless(), &breaks_something, limit, &mut |_, _| true).unwrap().unwrap();
    assert!(shrunk.runs < 500 && !shrunk.complete, "{} runs, most of 50,000 steps", shrunk.runs);
    assert_eq!(play(&shrunk.recording), shrunk.outcome);
}

#[test]
fn who_has_seen_enough_gets_the_smallest_so_far() {
    let mut asked = 0;
    let mut some = |runs: u64, _: &_| {
        asked += 1;
        runs < 9
    };
    let shrunk = shrink(&endless(), &breaks_something, Limit::USUAL, &mut some).unwrap().unwrap();
    assert_eq!((shrunk.runs, asked, shrunk.complete), (9, 9, false), "asked before each run but the first");
    assert!(breaks_something(&play(&shrunk.recording)));
}

#[test]
fn what_is_not_wanted_in_the_first_place_is_not_shrunk() {
    let (recording, _) = recordings().next().unwrap();
    assert_eq!(shrink(&recording, &|_| false, FEW, &mut |_, _| true).unwrap(), None);
}

fn kept() -> Kept {
    let (recording, outcome) = recordings().nth(11).unwrap();
    Kept { recording, claim: Claim::StopInTime, trace: outcome.hash }
}

#[test]
fn a_kept_run_reads_back_as_itself() {
    for (recording, outcome) in recordings().take(300) {
        let kept = Kept { recording, claim: Claim::NoGhosts, trace: outcome.hash };
        assert_eq!(Kept::parse(&kept.to_text()).as_ref(), Ok(&kept));
    }
}

#[test]
fn a_run_of_another_semantics_version_is_refused() {
    let found = SEMANTICS_VERSION + 1;
    let text = kept()
        .to_text()
        .replace(&format!("semantics {SEMANTICS_VERSION}\n"), &format!("semantics {found}\n"));
    let error = Kept::parse(&text).unwrap_err();
    assert_eq!(error, RecordingError::Semantics { found });
    assert!(error.to_string().contains("--seeds 10000"), "{error}");
}

#[test]
fn what_is_wrong_in_a_file_is_said_with_its_line() {
    let text = kept().to_text();
    let with = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        Kept::parse(&text.replacen(from, to, 1)).unwrap_err().to_string()
    };
    let cases = [
        (with("winddown-run 1", "name = \"x\""), "line 1: this is no kept run"),
        (with("winddown-run 1", "winddown-run 9"), "line 1: this is format 9"),
        (with("claim every", "claim evry"), "line 3: unknown claim"),
        (with("claim every", "clam every"), "line 3: unknown line `clam`; did you mean `claim`?"),
        (with("trace ", "trace x"), "line 4: `x"),
        (with("answers operators ", "answers operator "), "line 5: unknown part of the world"),
        (with("answers operators ", "answers operators 1*x "), "line 5: `1*x` is no answer"),
        (with("answers operators ", "answers operators 0*99999999999 "), "line 5: more than"),
        (
            with("answers operators ", "answers operators 7\nanswers operators "),
            "line 6: a second line `answers operators`; a run has one, so take one of them out",
        ),
        (
            with("answers operators ", "answers operators\nanswers operators "),
            "line 6: a second line `answers operators`",
        ),
        (
            with("trace ", &format!("trace {} ", "x".repeat(9_999))),
            &format!("line 4: `{}…` is", "x".repeat(64)),
        ),
        (with("\nscenario\n", "\n"), "line"),
        (with("\n# end\n", "\n"), "the file is cut off after this"),
        (with("semantics 1\n", ""), "a line `semantics VERSION` is missing"),
        (with("[[unit]]\nname", "[[unit]]\nnaame"), "unknown field `naame`"),
    ];
    for (said, expected) in cases {
        assert!(said.contains(expected), "{said:?} should say {expected:?}");
        assert!(said.contains("line "), "{said:?}");
    }
    let unit = text.lines().position(|line| line == "[[unit]]").unwrap();
    let line = format!("line {}", unit + 2);
    let said = with("[[unit]]\nname", "[[unit]]\nnaame");
    assert!(said.starts_with(&line), "{said:?} should be about {line}");
}

#[test]
fn no_file_whatever_is_in_it_makes_a_panic() {
    let text = kept().to_text();
    for end in 0..text.trim_end().len() {
        if let Some(part) = text.get(..end) {
            assert!(Kept::parse(part).is_err(), "half a file is no run: {end}");
        }
    }
    for (place, _) in text.char_indices() {
        for letter in ["\n", "9", "*", "\"", "é", "\0"] {
            let mut broken = text.clone();
            broken.insert_str(place, letter);
            if let Ok(kept) = Kept::parse(&broken)
                && let Ok(setup) = kept.recording.setup()
                && place % 7 == 0
            {
                run(&setup, &mut Replay::new(kept.recording.tape), &mut Arena::new(&setup), None);
            }
        }
    }
}
