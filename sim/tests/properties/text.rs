//! Laws of files: what is printed reads back as the same value, and whatever else a file holds, it is an
//! error or something that can be played, never a panic.

use std::fmt;

use proptest::{collection::vec, option, prelude::*, sample::select, test_runner::TestCaseResult};
use winddown_sim::{
    Arena, Setup,
    chooser::Replay,
    claims::Claim,
    run,
    scenario::{Expectation, Outer, Scenario, catalog::SHIPPED},
    shrink::{Kept, Recording, RecordingError},
};

use crate::{case::Case, law::law, make};

/// No message is longer, whatever the file holds.
const LONGEST_MESSAGE: usize = 1_500;

/// A file's text, shown as it is.
#[derive(Clone)]
struct Text(String);

impl fmt::Debug for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.0)
    }
}

fn kept() -> impl Strategy<Value = Kept> {
    (make::case(), select(Claim::ALL), any::<u64>()).prop_map(|(Case(recording), claim, trace)| Kept {
        recording,
        claim,
        trace,
    })
}

/// A scenario that says how its host is to stop as well.
fn expecting_case() -> BoxedStrategy<Case> {
    let killed = option::of(any::<bool>());
    (make::case(), option::of(0..=1_u8), option::of(make::span()), killed)
        .prop_map(|(mut case, exit, within, killed)| {
            let scenario = &mut case.0.scenario;
            let can_be_killed = scenario.host.outer != Outer::None;
            let killed = killed.filter(|is_killed| can_be_killed || !is_killed);
            scenario.expect = Expectation { exit, within, killed };
            case
        })
        .boxed()
}

#[test]
fn a_scenario_reads_back_as_itself() {
    law!("a_scenario_reads_back_as_itself", 1_000).holds(&expecting_case(), |Case(recording)| {
        let text = recording.scenario.to_toml();
        prop_assert_eq!(Scenario::parse(&text), Ok(recording.scenario.clone()));
        Ok(())
    });
}

#[test]
fn a_kept_run_reads_back_as_itself() {
    law!("a_kept_run_reads_back_as_itself", 1_000).holds(&kept().boxed(), |kept| {
        prop_assert_eq!(Kept::parse(&kept.to_text()), Ok(kept.clone()));
        Ok(())
    });
}

#[test]
fn bytes_are_no_file() {
    let bytes =
        vec(any::<u8>(), 0..=400).prop_map(|bytes| Text(String::from_utf8_lossy(&bytes).into_owned()));
    law!("bytes_are_no_file", 1_000).holds(&bytes.boxed(), |Text(text)| {
        let said = Scenario::parse(text).expect_err("bytes are no scenario").to_string();
        is_told(&said)?;
        let said = Kept::parse(text).expect_err("bytes are no run").to_string();
        is_told(&said)
    });
}

#[test]
fn a_damaged_scenario_is_an_error_or_a_scenario() {
    let written = prop_oneof![
        select(&SHIPPED[..]).prop_map(|(_, text)| text.to_owned()),
        make::case().prop_map(|case| case.0.scenario.to_toml()),
    ];
    law!("a_damaged_scenario_is_an_error_or_a_scenario", 1_000).holds(&damaged(written), |Text(text)| {
        match Scenario::parse(text) {
            Ok(scenario) => {
                prop_assert_eq!(Scenario::parse(&scenario.to_toml()), Ok(scenario.clone()));
                playable(&Recording { scenario, tape: Default::default() })
            }
            Err(error) => is_told(&error.to_string()),
        }
    });
}

#[test]
fn a_damaged_run_is_an_error_or_a_run() {
    let written = kept().prop_map(|kept| kept.to_text());
    law!("a_damaged_run_is_an_error_or_a_run", 1_000).holds(
        &damaged(written),
        |Text(text)| match Kept::parse(text) {
            Ok(kept) => {
                prop_assert_eq!(Kept::parse(&kept.to_text()), Ok(kept.clone()));
                playable(&kept.recording)
            }
            Err(error @ RecordingError::Semantics { .. }) => {
                prop_assert!(error.to_string().contains("semantics"));
                Ok(())
            }
            Err(error) => is_told(&error.to_string()),
        },
    );
}

/// A file with a few damages.
fn damaged(written: impl Strategy<Value = String> + 'static) -> BoxedStrategy<Text> {
    (written, vec(damage(), 1..=4))
        .prop_map(|(mut text, damages)| {
            for damage in damages {
                text = damage.done_to(&text);
            }
            Text(text)
        })
        .boxed()
}

/// Something that happens to a file, at a place in thousandths of it.
#[derive(Clone, Debug)]
enum Damage {
    Lost(usize, usize),
    Inserted(usize, String),
    Doubled(usize),
    CutOff(usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = || 0..1_000_usize;
    let letters = prop_oneof![
        "[\"\\[\\]{}=.,#'\\-0-9\n a-z*é\u{0}]{1,3}",
        select(&["0", "-1", "99999999999999999999", "1e9", "369s", "never", "\"\"", "[[unit]]\n", "any"][..])
            .prop_map(str::to_owned),
    ];
    prop_oneof![
        (place(), 1..40_usize).prop_map(|(at, length)| Damage::Lost(at, length)),
        (place(), letters).prop_map(|(at, letters)| Damage::Inserted(at, letters)),
        place().prop_map(Damage::Doubled),
        place().prop_map(Damage::CutOff),
    ]
}

impl Damage {
    fn done_to(&self, text: &str) -> String {
        let letters: Vec<char> = text.chars().collect();
        let place = |at: usize| at * letters.len() / 1_000;
        let put = |parts: &[&[char]]| parts.concat().into_iter().collect();
        match self {
            Self::Lost(at, length) => {
                let (from, to) = (place(*at), (place(*at) + length).min(letters.len()));
                put(&[&letters[..from], &letters[to..]])
            }
            Self::Inserted(at, more) => {
                let (before, after) = letters.split_at(place(*at));
                put(&[before, &more.chars().collect::<Vec<_>>(), after])
            }
            Self::Doubled(at) => {
                let lines: Vec<&str> = text.lines().collect();
                let line = lines.get(at * lines.len() / 1_000).copied().unwrap_or_default();
                text.replacen(line, &format!("{line}\n{line}"), 1)
            }
            Self::CutOff(at) => put(&[&letters[..place(*at)]]),
        }
    }
}

/// A message names its place, and is short whatever the file holds.
fn is_told(said: &str) -> TestCaseResult {
    prop_assert!(said.starts_with("line "), "{said:?} names no line");
    prop_assert!(said.len() <= LONGEST_MESSAGE, "{said:?} is too long");
    Ok(())
}

/// It can be played, or it is said why not. What comes out is no concern here: damages make worlds that
/// keep nobody's promises.
fn playable(recording: &Recording) -> TestCaseResult {
    match recording.setup() {
        Ok(setup) => play(&setup, recording),
        Err(error) => prop_assert!(!error.to_string().is_empty()),
    }
    Ok(())
}

fn play(setup: &Setup, recording: &Recording) {
    let _any = run(setup, &mut Replay::new(recording.tape.clone()), &mut Arena::new(setup), None);
}
