//! A run as a timeline that reads from top to bottom.
//!
//! One line per step: virtual time, one glyph per unit at its place, and what happened in words; what
//! the engine asked for stands below it. A report and a verdict come last.

mod words;

use core::fmt::Write as _;

use winddown_core::{Disposition, Ending, Engine, Moment, Status, UnitId, UnitReport};

use crate::{
    entropy::RNG_VERSION,
    setup::Setup,
    story::{Entry, Story},
    world::{Ended, Outcome},
};

/// The version of what runs mean: the engine's rules and the world's. A golden hash belongs to one.
pub const SEMANTICS_VERSION: u32 = 1;

/// Writing to a string cannot fail.
macro_rules! line {
    ($to:expr) => { $to.push('\n') };
    ($to:expr, $($text:tt)*) => {{ let _always_fits = writeln!($to, $($text)*); }};
}

/// Beyond this many units a column each is too wide, and only the counts are shown.
const COLUMNS_MAX: usize = 60;

/// What a timeline is headed by.
#[derive(Clone, Debug)]
pub struct Heading {
    /// The seed.
    pub seed: u64,
    /// Which scenario: a file's name, or how it was generated.
    pub scenario: String,
    /// The command that replays the run.
    pub replay: String,
}

/// The whole run: heading, legend, timeline, report, verdict.
#[must_use]
pub fn render(setup: &Setup, heading: &Heading, story: &Story, outcome: &Outcome, engine: &Engine) -> String {
    let mut text = String::new();
    print_heading(&mut text, setup, heading);
    print_steps(&mut text, setup, story);
    line!(text);
    print_report(&mut text, setup, engine, outcome);
    line!(text);
    print_verdict(&mut text, heading, outcome);
    text
}

fn print_heading(text: &mut String, setup: &Setup, heading: &Heading) {
    let scenario = &setup.scenario;
    line!(
        text,
        "winddown simulation: {}, seed {}, rng {RNG_VERSION}, semantics {SEMANTICS_VERSION}",
        heading.scenario,
        heading.seed
    );
    if !scenario.about.is_empty() {
        line!(text, "{}", scenario.about);
    }
    let faults: Vec<String> =
        scenario.faults.iter().map(|(fault, rate)| format!("{fault} {}.{}%", rate / 10, rate % 10)).collect();
    line!(text, "faults: {}", if faults.is_empty() { "none".to_owned() } else { faults.join(", ") });
    let mut place = 1;
    for unit in &scenario.units {
        let last = place + unit.count - 1;
        let places = if unit.count == 1 { place.to_string() } else { format!("{place}-{last}") };
        line!(text, "unit {places}: {} ({})", unit.name, unit.system.name());
        place += unit.count;
    }
    line!(text);
    line!(
        text,
        "legend: . pending  r running  p paused  x stopping  s stopped  c completed  f failed  k cancelled"
    );
    line!(text, "        capital letters: the status is final, and the body still lives");
    line!(text);
    let count = setup.unit_count();
    let head = if count <= COLUMNS_MAX { columns_head(count) } else { "units".to_owned() };
    line!(text, "{:>14}  {head}  what", "time");
}

/// The units' numbers above their columns, the last digit of each.
fn columns_head(count: usize) -> String {
    (1..=count)
        .map(|place| char::from_digit(u32::try_from(place % 10).unwrap_or_default(), 10).unwrap_or(' '))
        .collect()
}

fn print_steps(text: &mut String, setup: &Setup, story: &Story) {
    let count = setup.unit_count();
    let mut column = if count <= COLUMNS_MAX { ".".repeat(count) } else { format!("{count:>5}") };
    for (at, entry) in &story.entries {
        match entry {
            Entry::Note(note) => line!(text, "{:>14}  {column}  -- {}", shown(*at), words::note(setup, note)),
            Entry::Step { input, disposition, effects, units } => {
                column = glyphs(units);
                let what = words::input(setup, input);
                let became = match disposition {
                    Disposition::Applied => String::new(),
                    Disposition::Ignored(why) => format!("   [ignored: {why}]"),
                    Disposition::Refused(why) => format!("   [refused: {why}]"),
                };
                line!(text, "{:>14}  {column}  {what}{became}", shown(*at));
                for effect in effects {
                    line!(
                        text,
                        "{:>14}  {}    -> {}",
                        "",
                        " ".repeat(column.len()),
                        words::effect(setup, effect)
                    );
                }
            }
        }
    }
}

/// A moment to the microsecond: enough to tell steps apart, short enough to read.
fn shown(at: Moment) -> String {
    let micros = at.nanos() / 1_000;
    format!("{}.{:06}s", micros / 1_000_000, micros % 1_000_000)
}

fn glyphs(units: &[(Status, bool)]) -> String {
    if units.len() > COLUMNS_MAX {
        let alive = units.iter().filter(|(_, lives)| *lives).count();
        return format!("{alive:>5}");
    }
    units.iter().map(|(status, lives)| glyph(*status, *lives)).collect()
}

const fn glyph(status: Status, lives: bool) -> char {
    let letter = match status {
        Status::Pending => '.',
        Status::Running => 'r',
        Status::Paused => 'p',
        Status::Stopping => 'x',
        Status::Stopped => 's',
        Status::Completed => 'c',
        Status::Failed => 'f',
        Status::Cancelled => 'k',
    };
    if lives && status.is_terminal() { letter.to_ascii_uppercase() } else { letter }
}

fn print_report(text: &mut String, setup: &Setup, engine: &Engine, outcome: &Outcome) {
    let report = engine.report();
    let name = |unit: UnitId| setup.unit_name(unit);
    let width = report.units.iter().map(|unit| name(unit.unit).len()).max().unwrap_or(4).max(4);
    line!(text, "report{}", if engine.has_exited() { "" } else { ", as it stands: the host has not exited" });
    line!(text, "  {:width$}  {:9}  {:>12}  {:>9}  how it ended", "unit", "status", "took", "findings");
    for unit in &report.units {
        let findings = format!("{}/{}", unit.saved, unit.recorded);
        line!(
            text,
            "  {:width$}  {:9}  {:>12}  {findings:>9}  {}",
            name(unit.unit),
            unit.status,
            unit.took.to_string(),
            ending(unit)
        );
    }
    for phase in &report.failed_phases {
        line!(text, "  {} failed, or took too long", phase.name());
    }
    if report.forced {
        line!(text, "  the shutdown was forced");
    }
    if report.overran {
        line!(text, "  the shutdown's time was over before its work was (deadline {})", report.deadline);
    }
    if outcome.killed {
        line!(text, "  the host was killed from outside once (137), and started again to see what is left");
    } else if outcome.crashes > 0 {
        line!(text, "  the host's process died {} times on the way", outcome.crashes);
    }
    line!(text, "  exit code {}: {}", report.code, why(report.code, &report.units));
}

fn ending(unit: &UnitReport) -> String {
    let mut parts = vec![match unit.ending {
        Ending::NotStarted => "was never started".to_owned(),
        Ending::NotEnded => "has not ended".to_owned(),
        Ending::ByItself => "by itself".to_owned(),
        Ending::OnRung(action) => format!("on {}", action.name()),
        Ending::Unseen if unit.incarnation.0 == 0 => "was never started".to_owned(),
        Ending::Unseen => "dropped, and not waited for".to_owned(),
    }];
    let flags = [
        (unit.forced, "by force"),
        (unit.overran, "its time was over"),
        (unit.leaked, "LEAKED: not proven gone"),
        (unit.lingers, "its body lives on until the exit"),
        (unit.abandoned > 0, "bodies of earlier starts are not proven gone"),
        (!unit.row_durable, "NOT RECORDED"),
        (unit.unsaved() > 0, "FINDINGS LOST"),
    ];
    parts.extend(flags.iter().filter(|(set, _)| *set).map(|(_, words)| (*words).to_owned()));
    if let Some(failed) = unit.failed {
        parts.push(format!("{} did not work in time", failed.name()));
    }
    parts.join("; ")
}

fn why(code: u8, units: &[UnitReport]) -> String {
    if code == 0 {
        return "everything recorded is durable, and nothing is left over".to_owned();
    }
    let count = |test: fn(&UnitReport) -> bool| units.iter().filter(|unit| test(unit)).count();
    let lost: u32 = units.iter().map(UnitReport::unsaved).sum();
    let reasons = [
        (lost as usize, "findings not durable"),
        (count(|unit| !unit.row_durable), "final rows not durable"),
        (count(|unit| unit.leaked), "bodies not proven gone"),
        (count(|unit| unit.overran), "units past their deadline"),
    ];
    let said: Vec<String> = reasons
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if said.is_empty() {
        "a step of the shutdown, or a checkpoint, did not work".to_owned()
    } else {
        said.join(", ")
    }
}

fn print_verdict(text: &mut String, heading: &Heading, outcome: &Outcome) {
    match (&outcome.breach, outcome.ended) {
        (Some(breach), _) => {
            line!(text, "verdict: BROKEN {} ({})", breach.claim.name(), breach.claim.id());
            line!(text, "         {}", breach.message);
            line!(text, "         at {} in step {}", breach.at, breach.step);
        }
        (None, Ended::Exited(_) | Ended::Broken) => line!(text, "verdict: all claims held"),
    }
    line!(text, "steps {}, virtual time {}, trace {:016x}", outcome.steps, outcome.took, outcome.hash);
    line!(text, "replay: {}", heading.replay);
}
