//! What is left to say at the end: how each unit ended, why the exit code is what it is, and whether all
//! claims held.

use winddown_core::{Action, Ending, Engine, Moment, Report, Span, UnitReport};

use super::{
    Kind, Lines,
    cast::{Scene, column},
    moment, paragraph, seconds, short,
};
use crate::world::Outcome;

pub(super) fn print(lines: &mut Lines, scene: Scene<'_>, engine: &Engine, took: Span, remarks: &[String]) {
    let report = engine.report();
    let stands = if engine.has_exited() { "" } else { " as it stands: the host has not exited" };
    lines.add(Kind::Report, format!("report{stands}"));
    let (names, width) =
        column(report.units.iter().map(|unit| scene.cast.unit_name(unit.unit, scene.entry)), "unit".len());
    let head = format!("  {:width$}  {:9}  {:>9}  {:>7}  how it ended", "unit", "status", "took", "saved");
    lines.add(Kind::Report, head);
    for (unit, name) in report.units.iter().zip(&names) {
        let took = if unit.took.is_zero() { "-".to_owned() } else { seconds(unit.took) };
        let saved =
            if unit.recorded == 0 { "-".to_owned() } else { format!("{}/{}", unit.saved, unit.recorded) };
        let head = format!("  {name:width$}  {:9}  {took:>9}  {saved:>7}  ", unit.status);
        paragraph(lines, Kind::Report, &head, "; ", &ending(unit));
    }
    let mut say = |text: String| lines.add(Kind::Report, text);
    say(shutdown(&report, took));
    remarks.iter().for_each(|remark| say(format!("  {remark}")));
    if engine.has_exited() {
        paragraph(lines, Kind::Report, &format!("  exit code {}: ", report.code), ", ", &why(&report));
    }
}

/// What became of the host from outside.
pub(super) fn remarks(outcome: &Outcome) -> Vec<String> {
    let mut remarks = Vec::new();
    if outcome.killed {
        remarks
            .push("a host was killed from outside (137), and started again to see what is left".to_owned());
    }
    if outcome.crashes > 0 {
        let times =
            if outcome.crashes == 1 { "once".to_owned() } else { format!("{} times", outcome.crashes) };
        remarks.push(format!("the host's process died {times}; this is the report of the last one"));
    }
    remarks
}

fn shutdown(report: &Report, whole: Span) -> String {
    if report.deadline.is_never() && report.began == Moment::START {
        return "  no shutdown was asked for".to_owned();
    }
    let took = report.began.until(Moment::START.after(whole));
    let forced = if report.forced { ", forced" } else { "" };
    let overran = if report.overran { ", and its time was over before its work was" } else { "" };
    let (began, by) = (moment(report.began), moment(report.deadline));
    format!("  shutdown from {began}, to be over by {by}, took {}{forced}{overran}", short(took))
}

fn ending(unit: &UnitReport) -> Vec<String> {
    let mut parts = vec![match unit.ending {
        Ending::NotStarted => "never started".to_owned(),
        Ending::NotEnded => "has not ended".to_owned(),
        Ending::ByItself => "by itself".to_owned(),
        Ending::OnRung(action) => format!("on {}", action.name()),
        Ending::Unseen => "its body was not seen to go while it was waited for".to_owned(),
        Ending::BetweenStarts if unit.status.is_terminal() => {
            format!("it waited for start {}, and had no body", unit.incarnation.0)
        }
        Ending::BetweenStarts => format!("waits for start {}", unit.incarnation.0),
    }];
    let flags = [
        (unit.forced, "by force"),
        (unit.overran, "its time was over"),
        (unit.leaked, "LEAKED: not proven gone"),
        (unit.lingers, "its body lived until the exit"),
        (unit.abandoned > 0, "earlier bodies not proven gone"),
        (!unit.row_durable, "NOT RECORDED"),
        (unit.unsaved() > 0, "FINDINGS LOST"),
    ];
    parts.extend(flags.iter().filter(|(set, _)| *set).map(|(_, words)| (*words).to_owned()));
    if let Some(failed) = unit.failed {
        parts.push(format!("{} did not work in time", failed.name()));
    }
    parts
}

/// Why the exit code is what it is: all reasons that there are.
fn why(report: &Report) -> Vec<String> {
    if report.code == 0 {
        return vec!["everything recorded is durable, and nothing is left over".to_owned()];
    }
    let count = |test: fn(&UnitReport) -> bool| report.units.iter().filter(|unit| test(unit)).count();
    let lost = report.units.iter().map(|unit| unit.unsaved() as usize).sum();
    let reasons = [
        (lost, "finding", "not durable"),
        (count(|unit| !unit.row_durable), "final row", "not durable"),
        (count(|unit| unit.leaked), "unit", "not proven gone"),
        (count(|unit| unit.overran), "unit", "past the deadline"),
        (count(|unit| unit.failed == Some(Action::Checkpoint)), "checkpoint", "not written in time"),
    ];
    let mut said: Vec<String> = reasons
        .iter()
        .filter(|(count, _, _)| *count > 0)
        .map(|(count, what, how)| format!("{count} {what}{} {how}", if *count == 1 { "" } else { "s" }))
        .collect();
    said.extend(report.failed_phases.iter().map(|phase| format!("{} did not work in time", phase.name())));
    if report.overran {
        said.push("the shutdown's time was over before its work was".to_owned());
    }
    said
}

pub(super) fn print_verdict(lines: &mut Lines, outcome: &Outcome) {
    match &outcome.breach {
        Some(breach) => {
            let verdict = format!("verdict: BROKEN {} ({})", breach.claim.name(), breach.claim.id());
            lines.add(Kind::Broken, verdict);
            lines.add(Kind::Broken, format!("         {}", breach.message));
            lines.add(Kind::Broken, format!("         at {}, in step {}", breach.at, breach.step));
        }
        None => lines.add(Kind::Held, "verdict: all claims held"),
    }
    let (steps, took, hash) = (outcome.steps, seconds(outcome.took), outcome.hash);
    lines.add(Kind::Report, format!("trace {hash:016x}: {steps} steps, {took} of virtual time"));
}
