//! What is written down about a shutdown: `report.json` in the state directory.

use serde::{Deserialize, Serialize};
use winddown_core::{Phase, UnitReport};

/// How one start of the daemon came to its end.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ShutdownRecord {
    /// [`VERSION`](super::VERSION).
    pub v: u32,
    /// Which start of the daemon it was.
    pub instance: String,
    /// When this was written, in seconds since 1970 began in UTC. Older files do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_at: Option<u64>,
    /// Who or what asked for the shutdown.
    pub reason: String,
    /// How long it took from then on, in nanoseconds.
    pub took_nanos: u64,
    /// The exit code. 0: everything recorded is preserved and nothing is left over. 1: not so.
    pub code: u8,
    /// It was asked not to be gentle, or no longer to be.
    pub forced: bool,
    /// Its time was over before its work was.
    pub overran: bool,
    /// Phases that failed, or were not answered in their time.
    pub failed_phases: Vec<Phase>,
    /// What went wrong beside units and phases, in words.
    pub remarks: Vec<String>,
    /// Every unit.
    pub units: Vec<NamedReport>,
}

/// How one unit came to its end.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NamedReport {
    /// The unit's name.
    pub name: String,
    /// Why it was cancelled, where somebody stated it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<String>,
    /// What its last error was, if it failed, waits for its next start, or ended with one while it was stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What the engine says about it.
    #[serde(flatten)]
    pub report: UnitReport,
}
