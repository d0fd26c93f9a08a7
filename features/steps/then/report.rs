//! The report, the exit code, and the end of the host.

use cucumber::then;
use winddown_core::{Effect, Ending, UnitReport};
use winddown_sim::story::{Entry, Note};

use super::takes;
use crate::{Stage, span};

fn of(stage: &mut Stage, name: &str) -> UnitReport {
    stage.played().unit_report(name)
}

#[then(regex = r#"^the report says that "([^"]+)" ended (by itself|on [a-z-]+|unseen)$"#)]
fn ended(stage: &mut Stage, name: String, how: String) {
    let words = match of(stage, &name).ending {
        Ending::NotStarted => "not started".to_owned(),
        Ending::NotEnded => "not ended".to_owned(),
        Ending::ByItself => "by itself".to_owned(),
        Ending::OnRung(action) => format!("on {}", action.name()),
        Ending::Unseen => "unseen".to_owned(),
        Ending::BetweenStarts => "between starts".to_owned(),
    };
    assert_eq!(words, how);
}

#[then(regex = r#"^the report (says|does not say) that "([^"]+)" (is leaked|lingers|was forced|overran)$"#)]
fn flag(stage: &mut Stage, says: String, name: String, what: String) {
    let report = of(stage, &name);
    let flag = match what.as_str() {
        "is leaked" => report.leaked,
        "lingers" => report.lingers,
        "was forced" => report.forced,
        _ => report.overran,
    };
    assert_eq!(flag, says == "says");
}

#[then(regex = r#"^the first rung of "([^"]+)" that failed is (\S+)$"#)]
fn failed_rung(stage: &mut Stage, name: String, rung: String) {
    assert_eq!(of(stage, &name).failed.map_or("none", |action| action.name()), rung);
}

#[then("nothing is leaked")]
fn nothing_leaked(stage: &mut Stage) {
    let played = stage.played();
    assert_eq!(played.report.leaked().count(), 0);
    assert!(!played.living.contains(&true), "a body is still there");
}

#[then(regex = r#"^what runs for "([^"]+)" is (gone|still there)$"#)]
fn really(stage: &mut Stage, name: String, how: String) {
    let played = stage.played();
    let lives = played.living[played.id(&name).index()];
    assert_eq!(lives, how == "still there");
}

#[then(regex = r"^the exit code is (\d)$")]
fn exit_code(stage: &mut Stage, code: u8) {
    assert_eq!(stage.played().exit, Some(code));
}

#[then(regex = r"^the host is down within (\S+)$")]
fn down_within(stage: &mut Stage, limit: String) {
    let signalled = stage.signalled.unwrap();
    let played = stage.played();
    let took = played.took;
    assert!(!played.exact || took <= signalled.plus(span(&limit)), "down after {}", took.minus(signalled));
}

#[then(regex = r"^the shutdown takes (about \S+|\S+)$")]
fn shutdown_takes(stage: &mut Stage, time: String) {
    let signalled = stage.signalled.unwrap();
    let played = stage.played();
    let took = played.took.minus(signalled);
    assert!(takes(played, &time, took), "it took {took}");
}

#[then(regex = r"^the report says that the shutdown (overran|was forced)$")]
fn shutdown_flag(stage: &mut Stage, what: String) {
    let report = &stage.played().report;
    assert!(if what == "overran" { report.overran } else { report.forced });
}

#[then(regex = r"^the host is (not )?killed from outside$")]
fn killed(stage: &mut Stage, not: String) {
    assert_eq!(stage.played().killed_from_outside, not.is_empty());
}

#[then("a report is written before the host is killed")]
fn report_before_kill(stage: &mut Stage) {
    let played = stage.played();
    let entries = &played.story.entries;
    let kill = entries.iter().position(|(_, entry)| *entry == Entry::Note(Note::OuterKill)).unwrap();
    let written =
        |entry: &Entry| matches!(entry, Entry::Step { effects, .. } if effects.contains(&Effect::Report));
    assert!(entries[..kill].iter().any(|(_, entry)| written(entry)));
}
