//! The engine's report with the names that people know.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde::Serialize;
use winddown_core::{Ending, UnitId, UnitReport};

/// How the host went down: what a postmortem is written from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Report {
    /// What the engine says. Units are numbers there, and moments are counted from the host's start.
    pub whole: winddown_core::Report,
    /// The units' names, by number.
    pub names: Vec<Arc<str>>,
    /// Why units were cancelled, where somebody stated it.
    pub stated: BTreeMap<UnitId, Arc<str>>,
    /// What the last error was of units that failed, wait for their next start, or ended with one while they were
    /// stopped, where that is known.
    pub errors: BTreeMap<UnitId, Arc<str>>,
    /// What went wrong beside units and phases, in words.
    pub remarks: Vec<String>,
}

impl Report {
    /// 0: everything recorded is preserved and nothing is left over. 1: not so.
    #[must_use]
    pub const fn code(&self) -> u8 {
        self.whole.code
    }

    /// A unit's name.
    #[must_use]
    pub fn name(&self, unit: UnitId) -> &str {
        self.names.get(unit.index()).map_or("?", |name| name)
    }

    /// What there is to say about the unit with this name.
    #[must_use]
    pub fn unit(&self, name: &str) -> Option<&UnitReport> {
        self.whole.units.iter().find(|unit| self.name(unit.unit) == name)
    }
}

/// A stop of a unit that is over, as it went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct UnitStop<'a> {
    /// The unit's name.
    pub name: &'a str,
    /// What its body went wrong with: it ended with an error or a panic, instead of ending well.
    pub error: Option<&'a str>,
    /// What the engine says.
    pub report: &'a UnitReport,
}

/// One line for the host, and one for each unit that something went wrong with.
impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = &self.whole;
        let forced = if whole.forced { ", forced" } else { "" };
        let overran = if whole.overran { ", not in its time" } else { "" };
        let sum = |count: fn(&UnitReport) -> u32| whole.units.iter().map(|unit| u64::from(count(unit))).sum();
        let (saved, recorded): (u64, u64) = (sum(|unit| unit.saved), sum(|unit| unit.recorded));
        let units = if whole.units.len() == 1 { "unit" } else { "units" };
        write!(formatter, "exit {}{forced}{overran}: {} {units}, ", whole.code, whole.units.len())?;
        writeln!(formatter, "{saved} of {recorded} findings saved")?;
        for remark in &self.remarks {
            writeln!(formatter, "  {remark}")?;
        }
        for phase in &whole.failed_phases {
            writeln!(formatter, "  phase {} failed", phase.name())?;
        }
        for unit in &whole.units {
            let mut wrong = Vec::new();
            if unit.unsaved() > 0 {
                wrong.push(format!("{} of {} findings not saved", unit.unsaved(), unit.recorded));
            }
            if !unit.row_durable {
                wrong.push("final status not recorded".to_owned());
            }
            if unit.leaked {
                wrong.push("left a body that is not proven gone".to_owned());
            }
            if unit.lingers {
                wrong.push("its body never yielded".to_owned());
            }
            if unit.overran {
                wrong.push("still running at the deadline".to_owned());
            }
            if let Some(action) = unit.failed {
                wrong.push(format!("{} did not work in its time", action.name()));
            }
            if unit.ending == Ending::BetweenStarts && !unit.status.is_terminal() {
                wrong.push(format!("waits for start {}", unit.incarnation.0));
            }
            if let Some(error) = self.errors.get(&unit.unit) {
                wrong.push(format!("its error: {error}"));
            }
            if !wrong.is_empty() || unit.ending == Ending::NotEnded {
                writeln!(formatter, "  {} {}: {}", self.name(unit.unit), unit.status, wrong.join("; "))?;
            }
        }
        Ok(())
    }
}
