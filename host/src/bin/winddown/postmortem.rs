//! How a shutdown went, for people.

use std::time::{Duration, UNIX_EPOCH};

use winddown_core::{Ending, Span, UnitReport};
use winddown_host::ipc::{NamedReport, ShutdownRecord};

use crate::output::{painted, plain, short};

/// So many units are all told about.
const FEW: usize = 30;

/// One line for the daemon, and one for each unit, or for each that is not as it should be.
pub(crate) fn of(record: &ShutdownRecord) -> String {
    let verdict =
        if record.code == 0 { "everything is preserved" } else { "not everything is as it should be" };
    let mut text = format!(
        "exit {}: {verdict}; {} after {}{}{}\n",
        record.code,
        plain(&record.reason),
        short(Duration::from_nanos(record.took_nanos)),
        if record.forced { ", forced" } else { "" },
        if record.overran { ", and not in its time" } else { "" },
    );
    let when = record.written_at.and_then(date).map(|date| format!("{date} ")).unwrap_or_default();
    text.push_str(&format!("  written {when}by instance {}\n", plain(&record.instance)));
    for phase in &record.failed_phases {
        text.push_str(&format!("  phase {} failed\n", phase.name()));
    }
    for remark in &record.remarks {
        text.push_str(&format!("  {}\n", plain(remark)));
    }
    let is_short = record.units.len() <= FEW;
    let (told, left_out): (Vec<_>, Vec<_>) =
        record.units.iter().partition(|unit| is_short || is_odd(&unit.report));
    for unit in told {
        text.push_str(&unit_line(unit));
    }
    if !left_out.is_empty() {
        let count = left_out.len();
        text.push_str(&format!("  {count} more units, all as they should be; --format json names them\n"));
    }
    text
}

/// Whether somebody who looks for what went wrong wants to see it.
const fn is_odd(unit: &UnitReport) -> bool {
    let has_ended = unit.status.is_terminal() && unit.row_durable;
    let never_started = matches!(unit.ending, Ending::NotStarted);
    let went_wrong =
        unit.failed.is_some() || unit.overran || unit.leaked || unit.lingers || unit.unsaved() > 0;
    went_wrong || !(has_ended || never_started)
}

fn unit_line(unit: &NamedReport) -> String {
    let report = &unit.report;
    let mut notes = Vec::new();
    match report.ending {
        Ending::NotStarted => notes.push("never started".to_owned()),
        Ending::NotEnded => notes.push("has not ended".to_owned()),
        Ending::ByItself => notes.push("by itself".to_owned()),
        Ending::OnRung(action) => notes.push(format!("by {}, {}", action.name(), after(report.took))),
        Ending::Unseen => notes.push(after(report.took)),
        Ending::BetweenStarts if report.status.is_terminal() => {
            notes.push(format!("it waited for start {}", report.incarnation.0));
        }
        Ending::BetweenStarts => notes.push(format!("waits for start {}", report.incarnation.0)),
    }
    if report.recorded > 0 {
        notes.push(format!("{} of {} findings saved", report.saved, report.recorded));
    }
    if let Some(action) = report.failed {
        notes.push(format!("{} did not work in its time", action.name()));
    }
    let flags = [
        (report.forced, "forced"),
        (report.overran, "still there at the deadline"),
        (report.lingers, "its body never yielded"),
        (report.leaked, "left a body that is not proven gone"),
        (!report.row_durable && report.incarnation.0 > 0, "not on record"),
    ];
    notes.extend(flags.iter().filter(|(is_so, _)| *is_so).map(|(_, words)| (*words).to_owned()));
    notes.extend(unit.error.as_ref().map(|text| format!("its error: {}", plain(text))));
    notes.extend(unit.stated.as_ref().map(|text| format!("because: {}", plain(text))));
    let status = painted(report.status, &format!("{:<9}", report.status.name()));
    format!("  {:<24} {status}  {}\n", unit.name, notes.join(", "))
}

fn after(span: Span) -> String {
    if span.is_zero() { "at once".to_owned() } else { format!("after {}", short(span.into())) }
}

/// A moment as a date and a time of day, from seconds since 1970.
fn date(seconds: u64) -> Option<impl core::fmt::Display> {
    let at = UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?;
    // What is later than the year 9999 has no such date.
    (seconds < 253_402_300_800).then(|| humantime::format_rfc3339_seconds(at))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use winddown_core::{Incarnation, Status};

    use super::*;

    fn record(units: u32) -> ShutdownRecord {
        let unit = |number: u32| {
            json!({
                "name": format!("unit-{number}"), "unit": number, "incarnation": 1, "status": "stopped",
                "reason": "shutdown", "ending": {"on-rung": "abort"}, "took": 1_500_000, "forced": false,
                "overran": false, "failed": null, "recorded": 3, "saved": if number == 7 { 2 } else { 3 },
                "row_durable": true, "leaked": false, "lingers": false, "abandoned": 0,
                "stated": if number == 7 { Some("too slow\u{1b}") } else { None },
            })
        };
        let record = json!({
            "v": 1, "instance": "0", "reason": "SIGTERM", "took_nanos": 2_000_000_000_u64, "code": 1,
            "forced": false, "overran": true, "failed_phases": ["pause-units"], "remarks": ["odd"],
            "units": (0..units).map(unit).collect::<Vec<_>>(),
        });
        serde_json::from_value(record).expect("it is one")
    }

    #[test]
    fn what_waits_for_its_next_start_is_not_said_to_have_never_started() {
        let mut record = record(40);
        let unit = &mut record.units[3];
        (unit.report.status, unit.report.ending) = (Status::Pending, Ending::BetweenStarts);
        unit.report.incarnation = Incarnation(4);
        unit.error = Some("no such\nhost".to_owned());
        let told = of(&record);
        let line = told.lines().find(|line| line.contains("unit-3 ")).expect("it matters");
        assert!(line.contains("waits for start 4, "), "{line}");
        assert!(line.ends_with(r"its error: no such\nhost"), "{line}");
        record.units[3].report.status = Status::Stopped;
        record.units.truncate(5);
        let told = of(&record);
        assert!(told.contains("it waited for start 4, "), "{told}");
        record.units[3].report.ending = Ending::NotStarted;
        assert!(of(&record).contains("never started"));
    }

    #[test]
    fn when_it_was_written_is_told() {
        let written = ShutdownRecord { written_at: Some(1_795_285_989), ..record(1) };
        let told = of(&written);
        assert_eq!(told.lines().nth(1), Some("  written 2026-11-21T18:33:09Z by instance 0"));
        let never = ShutdownRecord { written_at: Some(u64::MAX), ..record(1) };
        assert_eq!(of(&never).lines().nth(1), Some("  written by instance 0"));
    }

    #[test]
    fn of_a_few_units_all_are_told_and_of_many_those_that_matter() {
        let few = of(&record(8));
        let head = "exit 1: not everything is as it should be; SIGTERM after 2.00 s, and not in its time\n  \
                    written by instance 0\n  phase pause-units failed\n  odd\n";
        assert!(few.starts_with(head), "{few}");
        assert_eq!(few.lines().count(), 4 + 8);
        let many = of(&record(1_000));
        let told: Vec<&str> = many.lines().skip(4).collect();
        assert_eq!(told.len(), 2, "{many}");
        assert!(told[0].contains("unit-7 ") && told[0].contains("2 of 3 findings saved"), "{many}");
        assert!(told[0].ends_with(r"because: too slow\u{1b}"), "{many}");
        assert!(told[1].contains("999 more units"), "{many}");
    }
}
