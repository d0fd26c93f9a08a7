//! The report of a shutdown, as it is kept for whoever asks afterwards.

use std::{
    fs,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tracing::warn;

use crate::{
    Report,
    ipc::{NamedReport, ShutdownRecord, VERSION},
};

use super::state_dir::{StateDir, StateError};

/// What is written down. `lived`: how long the host has been up.
pub(super) fn of(report: &Report, instance: &str, reason: String, lived: Duration) -> ShutdownRecord {
    let whole = &report.whole;
    // Moments are counted from when the host came up.
    let lived = u64::try_from(lived.as_nanos()).unwrap_or(u64::MAX);
    ShutdownRecord {
        v: VERSION,
        instance: instance.to_owned(),
        written_at: SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs()),
        reason,
        took_nanos: lived.saturating_sub(whole.began.nanos()),
        code: whole.code,
        forced: whole.forced,
        overran: whole.overran,
        failed_phases: whole.failed_phases.clone(),
        remarks: report.remarks.clone(),
        units: whole
            .units
            .iter()
            .map(|unit| NamedReport {
                name: report.name(unit.unit).to_owned(),
                stated: report.stated.get(&unit.unit).map(|text| text.as_ref().to_owned()),
                error: report.errors.get(&unit.unit).map(|text| text.as_ref().to_owned()),
                report: *unit,
            })
            .collect(),
    }
}

pub(super) fn write(state: &StateDir, record: &ShutdownRecord) -> Result<(), StateError> {
    // Texts and numbers can be written as JSON.
    let text = serde_json::to_vec_pretty(record).unwrap_or_default();
    state.write_report(&text)
}

/// How the last shutdown before this start went that is on record.
pub(super) fn last(state: &StateDir) -> Option<ShutdownRecord> {
    let read = |path| serde_json::from_slice(&fs::read(path).ok()?).ok();
    read(state.paths().report()).or_else(|| read(state.paths().old_report()))
}

/// From now on a report is this host's, and none says that it has left none.
pub(super) fn set_aside(state: &StateDir) {
    if let Err(error) = state.set_report_aside() {
        warn!(%error, "the report of an earlier host is still in its place");
    }
}
