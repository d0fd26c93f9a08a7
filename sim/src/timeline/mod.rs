//! A run as a timeline that reads from top to bottom.
//!
//! One line per step: virtual time, one glyph per unit at its place, and what happened in words; what
//! the engine asked for stands below it. A heading says what the run is a run of; a report and a verdict
//! come last.
//!
//! Nothing is left out, what was ignored neither. How a line looks (dim, red) is the reader's business:
//! each says what it is.

mod cast;
mod columns;
mod heading;
mod report;
mod state;
mod words;

use winddown_core::{Disposition, Effect, Engine, Moment, Span};

pub(crate) use self::heading::ask as ask_words;
pub use self::{
    cast::{Cast, name_words},
    state::state,
};
pub use winddown_core::SEMANTICS_VERSION;

use self::{cast::Scene, columns::Columns};
use crate::{
    plain::{is_plain, plain},
    setup::Setup,
    story::{Entry, Note, Story},
    world::{Arena, Outcome, Place},
};

/// No list is made wider than this: what fits beside a second window.
const WIDTH: usize = 110;

/// What a timeline is headed by.
#[derive(Clone, Debug)]
pub struct Heading {
    /// The seed, if it is the run of one.
    pub seed: Option<u64>,
    /// Which scenario: a file's name, or how it was generated.
    pub scenario: String,
    /// The command that replays the run.
    pub replay: String,
}

/// How a run came to its end.
#[derive(Clone, Copy, Debug)]
pub enum End<'a> {
    /// As every run should: with an outcome.
    Over(&'a Outcome),
    /// With a panic, which said this. Of the step in which the engine panicked, the input is known.
    Panicked(&'a str),
    /// It does not come to its end here: somebody looks at what it has come to.
    Held(&'a Place, &'a Arena),
}

/// What a line is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// What the run is a run of, and the legend.
    Heading,
    /// An input that changed something.
    Step,
    /// An input that changed nothing.
    Idle,
    /// What the engine asked for.
    Effect,
    /// Something that the engine was not told.
    Note,
    /// The report.
    Report,
    /// All claims held.
    Held,
    /// A claim is broken.
    Broken,
}

/// One line.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Line {
    /// What it is.
    pub kind: Kind,
    /// What it says, without a line feed or anything else that a terminal would obey.
    pub text: String,
}

impl Line {
    /// A line that says this. What it quotes may come from somebody else's file: see [`plain`].
    #[must_use]
    pub fn new(kind: Kind, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { kind, text: if text.chars().all(is_plain) { text } else { plain(&text) } }
    }
}

/// The lines so far.
#[derive(Default)]
struct Lines(Vec<Line>);

impl Lines {
    fn add(&mut self, kind: Kind, text: impl Into<String>) {
        self.0.push(Line::new(kind, text));
    }
}

/// The whole run: heading, legend, timeline, report, verdict.
#[must_use]
pub fn lines(setup: &Setup, heading: &Heading, story: &Story, end: End<'_>, engine: &Engine) -> Vec<Line> {
    let mut lines = Lines::default();
    heading::print(&mut lines, setup, heading);
    print_steps(&mut lines, setup, story);
    match end {
        End::Over(outcome) => {
            lines.add(Kind::Report, "");
            report::print(&mut lines, last(setup, story), engine, outcome.took, &report::remarks(outcome));
            lines.add(Kind::Report, "");
            report::print_verdict(&mut lines, outcome);
        }
        End::Panicked(message) => {
            lines.add(Kind::Broken, "");
            let place = if story.unfinished.is_some() { "in the last step" } else { "after the last step" };
            lines.add(Kind::Broken, format!("verdict: PANICKED {place}: {message}"));
        }
        End::Held(place, arena) => {
            lines.add(Kind::Report, "");
            lines.0.extend(state(setup, place, arena));
            lines.add(Kind::Report, "");
        }
    }
    lines.add(Kind::Report, format!("replay: {}", heading.replay));
    lines.0
}

/// A story that is no run of this world: legend, timeline, report.
#[must_use]
pub fn told(cast: &dyn Cast, story: &Story, engine: &Engine) -> Vec<Line> {
    let mut lines = Lines::default();
    heading::print_legend(&mut lines, cast.unit_count());
    print_steps(&mut lines, cast, story);
    let took = story.entries.last().map_or(Span::ZERO, |(at, _)| Moment::START.until(*at));
    lines.add(Kind::Report, "");
    report::print(&mut lines, last(cast, story), engine, took, &[]);
    lines.add(Kind::Report, "");
    lines.0
}

/// What an effect of an entry asks for, in words.
#[must_use]
pub fn effect_words(cast: &dyn Cast, entry: usize, effect: &Effect, at: Moment) -> String {
    words::effect(Scene { cast, entry }, effect, at)
}

/// Who is there when all has been told.
fn last<'a>(cast: &'a dyn Cast, story: &Story) -> Scene<'a> {
    Scene { cast, entry: story.entries.len().saturating_sub(1) }
}

/// The steps alone, one after the other.
#[must_use]
pub fn steps(setup: &Setup, story: &Story) -> Vec<Line> {
    let mut lines = Lines::default();
    print_steps(&mut lines, setup, story);
    lines.0
}

/// The lines of each entry of the story by themselves: the time, the columns, what happened, and what the
/// engine asked for.
#[must_use]
pub fn entries(setup: &Setup, story: &Story) -> Vec<Vec<Line>> {
    let mut entries: Vec<Vec<Line>> = Vec::with_capacity(story.entries.len());
    for line in steps(setup, story) {
        match (line.kind, entries.last_mut()) {
            (Kind::Heading, _) => {}
            (Kind::Effect, Some(entry)) => entry.push(line),
            _ => entries.push(vec![line]),
        }
    }
    entries.truncate(story.entries.len());
    entries
}

/// The same as one text.
#[must_use]
pub fn render(setup: &Setup, heading: &Heading, story: &Story, outcome: &Outcome, engine: &Engine) -> String {
    joined(&lines(setup, heading, story, End::Over(outcome), engine))
}

/// Lines as one text.
#[must_use]
pub fn joined(lines: &[Line]) -> String {
    lines.iter().flat_map(|line| [line.text.as_str(), "\n"]).collect()
}

fn print_steps(lines: &mut Lines, cast: &dyn Cast, story: &Story) {
    let mut columns = Columns::new(cast.unit_count());
    let width = story.entries.last().map_or(0, |(at, _)| moment(*at).len()).max("time".len() + 2);
    for head in columns.head() {
        lines.add(Kind::Heading, format!("{:>width$}  {head}", ""));
    }
    if let Some(last) = lines.0.last_mut() {
        last.text.replace_range(width - "time".len()..width, "time");
    }
    for (place, (at, entry)) in story.entries.iter().enumerate() {
        let (time, scene) = (moment(*at), Scene { cast, entry: place });
        match entry {
            Entry::Note(note) => {
                if *note == Note::Crashed || *note == Note::OuterKill {
                    columns.host_is_down();
                }
                let kind = if matches!(note, Note::Broken(_)) { Kind::Broken } else { Kind::Note };
                let text = words::note(scene, note);
                lines.add(kind, format!("{time:>width$}  {}  -- {text}", columns.shown()));
            }
            Entry::Step { input, disposition, effects, units } => {
                columns.show(units);
                let idle = *disposition != Disposition::Applied;
                let what = words::input(scene, input, idle);
                let (kind, what) = match disposition {
                    Disposition::Applied => (Kind::Step, what),
                    Disposition::Ignored(why) => (Kind::Idle, format!("{what}: ignored, {why}")),
                    Disposition::Refused(why) => (Kind::Idle, format!("{what}: refused, {why}")),
                };
                lines.add(kind, format!("{time:>width$}  {}  {what}", columns.shown()));
                let indent = width + 2 + columns.shown().chars().count() + 4;
                for effect in effects {
                    let text = words::effect(scene, effect, *at);
                    lines.add(Kind::Effect, format!("{:indent$}-> {text}", ""));
                }
            }
        }
    }
    if let Some((at, input)) = &story.unfinished {
        let scene = Scene { cast, entry: story.entries.len() };
        let (time, what) = (moment(*at), words::input(scene, input, false));
        lines.add(Kind::Broken, format!("{time:>width$}  {}  {what}: panics", columns.shown()));
    }
}

/// Items beside a name, as many to a line as fit; `none` if there are none.
fn paragraph(lines: &mut Lines, kind: Kind, name: &str, separator: &str, items: &[String]) {
    let margin = name.chars().count();
    let mut text = name.to_owned();
    if items.is_empty() {
        text.push_str("none");
    }
    for (place, item) in items.iter().enumerate() {
        let used = text.chars().count();
        if used > margin && used + item.chars().count() + separator.len() > WIDTH {
            lines.add(kind, text.trim_end());
            text = " ".repeat(margin);
        }
        text.push_str(item);
        if place + 1 < items.len() {
            text.push_str(separator);
        }
    }
    lines.add(kind, text);
}

/// A moment to the millisecond, rounded down: enough to tell a story, short enough to read.
fn moment(at: Moment) -> String {
    if at.is_never() { "never".to_owned() } else { seconds(Moment::START.until(at)) }
}

/// A span to the millisecond, rounded down, always with three places.
fn seconds(span: Span) -> String {
    let millis = span.nanos() / 1_000_000;
    format!("{}.{:03}s", millis / 1_000, millis % 1_000)
}

/// A span in as few places as it takes; to the millisecond, rounded down, from a millisecond on.
fn short(span: Span) -> String {
    let millis = span.nanos() / 1_000_000;
    if millis == 0 { span.to_string() } else { Span::from_millis(millis).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_cut_to_milliseconds() {
        assert_eq!(moment(Moment::from_nanos(12_400_999_999)), "12.400s");
        assert_eq!(moment(Moment::NEVER), "never");
        assert_eq!(short(Span::from_nanos(11_420_260_333)), "11.42s");
        assert_eq!(short(Span::from_nanos(438_889_808)), "438ms");
        assert_eq!(short(Span::from_micros(250)), "250us");
        assert_eq!(short(Span::ZERO), "0s");
    }
}
