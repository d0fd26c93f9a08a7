//! Ladders that somebody has written down: in a scenario, in a configuration.

use alloc::vec::Vec;
use core::fmt;

use crate::{
    ladder::{Action, Ladder, Patience, Rung},
    plan::Plan,
    time::Span,
};

/// Why a ladder makes no sense as it is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LadderError {
    /// It has no rung, or more than an engine takes: so many.
    Rungs(usize),
    /// A rung waits for the rest of a budget that nobody gave.
    RestOfNothing,
}

impl fmt::Display for LadderError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rungs(count) => write!(formatter, "{count} rungs; a ladder has 1 to {}", Plan::RUNGS_MAX),
            Self::RestOfNothing => formatter
                .write_str("a rung waits for the rest of the budget; say how much that is: budget = \"30s\""),
        }
    }
}

impl core::error::Error for LadderError {}

impl Ladder<Action> {
    /// A unit's ladder as it is written down. `budget`: `None` for the sum of all patiences.
    ///
    /// # Errors
    /// What is missing in it, or too much. What a plan refuses besides, [`Plan::check`] says.
    pub fn written(rungs: Vec<Rung<Action>>, budget: Option<Span>) -> Result<Self, LadderError> {
        if !(1..=Plan::RUNGS_MAX).contains(&rungs.len()) {
            return Err(LadderError::Rungs(rungs.len()));
        }
        if budget.is_none() && rungs.iter().any(|rung| rung.patience == Patience::Rest) {
            return Err(LadderError::RestOfNothing);
        }
        Ok(Self::of_unit(rungs, budget))
    }
}
