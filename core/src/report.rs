//! What is said at the end: how every unit ended, what is left over, and why the exit code is what it
//! is. Enough to write a postmortem from.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::{
    ids::{Incarnation, UnitId},
    ladder::{Action, Phase},
    status::{Reason, Status},
    time::{Moment, Span},
};

/// How a unit's last incarnation came to its end.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// It was never started.
    NotStarted,
    /// It had not ended.
    NotEnded,
    /// By itself.
    ByItself,
    /// Its body was seen to go while this action was waited for.
    OnRung(Action),
    /// Its status is final, but nobody saw the body go while it was waited for.
    Unseen,
    /// It waits for its next start, which is the incarnation that is told, or was stopped while it did: it has
    /// no body.
    BetweenStarts,
}

/// What there is to say about one unit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct UnitReport {
    /// Which.
    pub unit: UnitId,
    /// Its last start.
    pub incarnation: Incarnation,
    /// What it ended as.
    pub status: Status,
    /// Why it was stopped or cancelled.
    pub reason: Reason,
    /// How it came to its end.
    pub ending: Ending,
    /// How long its way down the ladder took.
    pub took: Span,
    /// Gentle rungs were skipped.
    pub forced: bool,
    /// The time for its stop was over before the ladder was.
    pub overran: bool,
    /// The rung that did not do its work in its time: a checkpoint, and else the first one of several.
    pub failed: Option<Action>,
    /// Findings that it recorded.
    pub recorded: u32,
    /// Findings known to be durable.
    pub saved: u32,
    /// Whether its final status is known to be durable.
    pub row_durable: bool,
    /// A body was left that is not proven gone.
    pub leaked: bool,
    /// Its body lives on although its status is final; it ends with the host.
    pub lingers: bool,
    /// How many earlier starts under this host left a body that is not known to be gone.
    pub abandoned: u16,
}

impl UnitReport {
    /// Findings that were recorded and are not known to be durable.
    #[must_use]
    pub const fn unsaved(&self) -> u32 {
        self.recorded.saturating_sub(self.saved)
    }
}

/// What there is to say about a whole shutdown.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Report {
    /// 0: everything recorded is preserved and nothing is left over. 1: not so.
    pub code: u8,
    /// When the shutdown was asked for.
    pub began: Moment,
    /// By when it had to be over.
    pub deadline: Moment,
    /// It was asked not to be gentle, or no longer to be.
    pub forced: bool,
    /// Its time was over before its work was.
    pub overran: bool,
    /// Phases that failed, or were not answered in their time.
    pub failed_phases: Vec<Phase>,
    /// Every unit, by number.
    pub units: Vec<UnitReport>,
}

impl Report {
    /// Units whose stop was not over when its time was: who was still running at the deadline.
    pub fn overran(&self) -> impl Iterator<Item = &UnitReport> {
        self.units.iter().filter(|unit| unit.overran)
    }

    /// Units with findings that are not known to be durable.
    pub fn unsaved(&self) -> impl Iterator<Item = &UnitReport> {
        self.units.iter().filter(|unit| unit.unsaved() > 0)
    }

    /// Units that left a body which is not proven gone.
    pub fn leaked(&self) -> impl Iterator<Item = &UnitReport> {
        self.units.iter().filter(|unit| unit.leaked)
    }
}
