//! A recording as a file that stands by itself: it needs no seed, no generator and no other file.
//!
//! ```text
//! winddown-run 1
//! semantics 1
//! claim every-stop-ends-within-its-budget
//! trace 00112233aabbccdd
//! answers bodies 3 0*7 1000000
//! scenario
//! name = "…"                      (a scenario file)
//! # end
//! ```
//!
//! Lines above `scenario` may be empty, or begin with `#`.

use core::fmt::Write as _;

use super::Recording;
use crate::{
    chooser::{Label, Tape},
    claims::Claim,
    plain::without_mark,
    scenario::{Scenario, shortened, unknown},
    timeline::SEMANTICS_VERSION,
};

/// The version of this form.
const FORMAT: u32 = 1;

/// The last line: a file without it was cut off. To a scenario file it is a comment.
const END: &str = "# end";

/// A file larger than this is no run.
const LONGEST_FILE: usize = 1 << 20;

/// More answers than this are not given in any run.
const MOST_ANSWERS: usize = 1_000_000;

/// Why a file is not replayed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RecordingError {
    /// Something in it is not as it should be.
    #[error("line {line}: {what}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong, and what is expected.
        what: String,
    },
    /// Its scenario is not as it should be.
    #[error("{0}")]
    Scenario(#[from] crate::scenario::ScenarioError),
    /// It was written when runs meant something else.
    #[error(
        "this run was kept under semantics {found}, and runs mean semantics {SEMANTICS_VERSION} here: its \
         answers would make another run. Replay it with a winddown of semantics {found}; or look whether \
         its scenario still breaks something: copy what stands below the line `scenario` to a file, and \
         run `cargo xtask sim --scenario FILE --seeds 10000`"
    )]
    Semantics {
        /// The version that it was written under.
        found: u32,
    },
}

/// A file's whole content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// The run.
    pub recording: Recording,
    /// The claim that it broke when it was kept.
    pub claim: Claim,
    /// The hash of that run.
    pub trace: u64,
}

impl Kept {
    /// The run as a file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let (claim, trace) = (self.claim.name(), self.trace);
        let mut text = format!(
            "winddown-run {FORMAT}\nsemantics {SEMANTICS_VERSION}\nclaim {claim}\ntrace {trace:016x}\n"
        );
        for label in Label::ALL {
            let answers = &self.recording.tape.0[label as usize];
            if !answers.is_empty() {
                // Writing to a string cannot fail.
                let _always_fits = writeln!(text, "answers {}{}", label.name(), joined(answers));
            }
        }
        text.push_str("scenario\n");
        text.push_str(&self.recording.scenario.to_toml());
        text.push_str(END);
        text.push('\n');
        text
    }

    /// Reads a file.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line; or that it belongs to another version.
    pub fn parse(text: &str) -> Result<Self, RecordingError> {
        if text.len() > LONGEST_FILE {
            return Err(wrong(
                1,
                format!("{} bytes are too many for a run; at most 1 MiB is read", text.len()),
            ));
        }
        let mut head = Head::default();
        let mut lines = 0;
        let mut body = None;
        let mut rest = without_mark(text);
        while !rest.is_empty() {
            let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
            lines += 1;
            rest = after;
            if line.trim() == "scenario" {
                body = Some(rest);
                break;
            }
            head.line(lines, line.trim())?;
        }
        let missing = |what: &str| wrong(lines.max(1), format!("a line `{what}` is missing above this"));
        let body = body.ok_or_else(|| missing("scenario"))?;
        if head.format.is_none() {
            return Err(missing("winddown-run 1"));
        }
        if head.semantics.is_none() {
            return Err(missing("semantics VERSION"));
        }
        let claim = head.claim.ok_or_else(|| missing("claim NAME"))?;
        let trace = head.trace.ok_or_else(|| missing("trace HASH"))?;
        let last = text.trim_end();
        if last.lines().next_back() != Some(END) {
            let what = format!("the file is cut off after this; its last line is `{END}`");
            return Err(wrong(last.lines().count(), what));
        }
        // Empty lines instead of the head, so that a mistake is told with its line in this file.
        let scenario = Scenario::parse(&("\n".repeat(lines) + body))?;
        Ok(Self { recording: Recording { scenario, tape: head.tape.trimmed() }, claim, trace })
    }
}

fn wrong(line: usize, what: String) -> RecordingError {
    RecordingError::Line { line, what }
}

fn second(line: usize, name: &str) -> RecordingError {
    wrong(line, format!("a second line `{name}`; a run has one, so take one of them out"))
}

/// What stands above the scenario.
#[derive(Default)]
struct Head {
    format: Option<u32>,
    semantics: Option<u32>,
    claim: Option<Claim>,
    trace: Option<u64>,
    tape: Tape,
    /// Whose answers were there. A line may have none, so the tape does not tell.
    answered: [bool; Label::ALL.len()],
}

impl Head {
    fn line(&mut self, number: usize, line: &str) -> Result<(), RecordingError> {
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        let (name, value) = line.split_once(' ').map_or((line, ""), |(name, value)| (name, value.trim()));
        if self.format.is_none() && name != "winddown-run" {
            let what = "this is no kept run; its first line is `winddown-run 1`".to_owned();
            return Err(wrong(number, what));
        }
        let again = match name {
            "winddown-run" => self.format.is_some(),
            "semantics" => self.semantics.is_some(),
            "claim" => self.claim.is_some(),
            "trace" => self.trace.is_some(),
            _ => false,
        };
        if again {
            return Err(second(number, name));
        }
        match name {
            "winddown-run" => {
                self.format = Some(version(number, value)?);
                if self.format != Some(FORMAT) {
                    let what =
                        format!("this is format {}; only format {FORMAT} is read here", shortened(value));
                    return Err(wrong(number, what));
                }
            }
            "semantics" => {
                let found = version(number, value)?;
                if found != SEMANTICS_VERSION {
                    return Err(RecordingError::Semantics { found });
                }
                self.semantics = Some(found);
            }
            "claim" => {
                let names: Vec<&str> = Claim::ALL.iter().map(|claim| claim.name()).collect();
                let claim = Claim::ALL.iter().find(|claim| claim.name() == value);
                self.claim = Some(*claim.ok_or_else(|| wrong(number, unknown("claim", value, &names)))?);
            }
            "trace" => {
                let trace = u64::from_str_radix(value, 16).ok().filter(|_| !value.starts_with('+'));
                let what = || format!("`{}` is no trace; expected up to 16 hex digits", shortened(value));
                self.trace = Some(trace.ok_or_else(|| wrong(number, what()))?);
            }
            "answers" => self.answers(number, value)?,
            "scenario" => {
                let what =
                    "`scenario` stands alone in its line; the scenario begins in the next one".to_owned();
                return Err(wrong(number, what));
            }
            other => {
                let names = ["winddown-run", "semantics", "claim", "trace", "answers", "scenario"];
                return Err(wrong(number, unknown("line", other, &names)));
            }
        }
        Ok(())
    }

    fn answers(&mut self, number: usize, value: &str) -> Result<(), RecordingError> {
        let mut words = value.split_ascii_whitespace();
        let name = words.next().unwrap_or_default();
        let names = Label::ALL.map(Label::name);
        let label = Label::ALL.into_iter().find(|label| label.name() == name);
        let label = label.ok_or_else(|| wrong(number, unknown("part of the world", name, &names)))?;
        if core::mem::replace(&mut self.answered[label as usize], true) {
            return Err(second(number, &format!("answers {name}")));
        }
        for word in words {
            let (answer, times) = word.split_once('*').unwrap_or((word, "1"));
            let (Ok(answer), Ok(times)) = (answer.parse::<u64>(), times.parse::<usize>()) else {
                let what =
                    format!("`{}` is no answer; expected a number, or for example 0*7", shortened(word));
                return Err(wrong(number, what));
            };
            let answers = &mut self.tape.0[label as usize];
            if times > MOST_ANSWERS - answers.len() {
                return Err(wrong(number, format!("more than {MOST_ANSWERS} answers are given in no run")));
            }
            answers.extend(core::iter::repeat_n(answer, times));
        }
        Ok(())
    }
}

fn version(number: usize, value: &str) -> Result<u32, RecordingError> {
    value
        .parse()
        .map_err(|_| wrong(number, format!("`{}` is no version; expected a number", shortened(value))))
}

/// Answers in a row; more than two of the same are written once, with how often.
fn joined(answers: &[u64]) -> String {
    let mut text = String::new();
    for same in answers.chunk_by(|one, other| one == other) {
        let count = same.len();
        let _always_fits = match (same, count) {
            ([answer, ..], 3..) => write!(text, " {answer}*{count}"),
            ([one, two], _) => write!(text, " {one} {two}"),
            ([one], _) => write!(text, " {one}"),
            _ => Ok(()),
        };
    }
    text
}
