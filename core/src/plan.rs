//! What is fixed before the first input: the kinds of units with their policies, and how the whole
//! host goes down.

use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    ladder::{Action, Ladder, Patience, Phase, Rung},
    time::Span,
};

/// What kind of thing a unit's body is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BodyClass {
    /// An async task or thread of the host's own process: it dies with the host.
    #[default]
    Task,
    /// A process or container: it can outlive the host, so it has to be proven gone or reported as leaked.
    Process,
}

/// When a stopped unit's final status is written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Promise {
    /// As the stop is asked for: what was promised holds whatever the body does.
    Upfront,
    /// When the ladder is over.
    #[default]
    Proven,
}

/// Whether a unit that ended by itself starts again. A stopped unit never does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Restart {
    /// It does not.
    #[default]
    Never,
    /// After a failure, at most `limit` times in a row, after `backoff`, doubled each time up to
    /// `backoff_max`. Only a completed run, or an explicit start or restart, forgives the failures before it: of a
    /// service that is not meant to complete, `limit` failures are all that its life has, however far apart they
    /// are. For such a one there is [`Restart::Always`].
    OnFailure {
        /// How many failures in a row are answered by a restart.
        limit: u16,
        /// How long before the first restart.
        backoff: Span,
        /// How long before any restart at the most.
        backoff_max: Span,
    },
    /// Whenever it ends, after `backoff`. If its owner is at the cap by then, it waits for an explicit start, as any
    /// restart by policy does.
    Always {
        /// How long before each restart.
        backoff: Span,
    },
}

/// The policies that units have in common.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Kind {
    /// How it stops: the same ladder for a stop, a cancel, a timeout, a restart and a shutdown.
    pub ladder: Ladder<Action>,
    /// When the final status is written.
    pub promise: Promise,
    /// What its bodies are.
    pub body: BodyClass,
    /// Whether it starts again by itself.
    pub restart: Restart,
    /// How long a run may take; then it is cancelled.
    pub run_budget: Option<Span>,
    /// How long a body may take to say that it has started. `None`: it runs as soon as it is started.
    pub start_patience: Option<Span>,
}

/// Everything that is fixed before the first input.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The kinds of units; a [`KindId`](crate::KindId) is an index into them.
    pub kinds: Vec<Kind>,
    /// How the whole host goes down, and by when unless a request says otherwise.
    pub shutdown: Ladder<Phase>,
    /// How long a forced shutdown (a second signal, `graceful = false`) may take.
    pub force_within: Span,
    /// How long a row may take to be written before its writer is told that it is not recorded.
    pub record_patience: Span,
    /// How many units a shutdown stops at the same time. `None`: all of them.
    pub at_once: Option<u16>,
    /// How many units one owner may have active at the same time. `None`: as many as there are.
    pub owner_cap: Option<u32>,
    /// When whoever runs this host kills it, counted from the first signal. A shutdown leaves a tenth
    /// of it as a margin: a deadline that equals the grace is a deadline that is never reached.
    pub outer_grace: Option<Span>,
}

/// Why a plan cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlanError {
    /// A unit's ladder has more than 254 rungs, or the host's more than 64.
    TooManyRungs,
    /// A plan has more than 65,535 kinds.
    TooManyKinds,
    /// `at_once` is 0: no unit could ever stop.
    NoneAtOnce,
    /// `owner_cap` is 0: no unit could ever start.
    NoneForOwners,
    /// A rung's grace is longer than its patience: the ladder goes on before the grace is over.
    GraceCutShort,
    /// No rung of a unit's ladder ends the body, or asks it to go, when the stop is forced.
    BodyNeverEnds,
    /// The host's ladder never stops its units.
    UnitsNeverStop,
    /// The host's ladder stops its units twice, or pauses them after it stopped them.
    UnitsOutOfOrder,
    /// The host's ladder waits for its units only so long, and not for what is left: it would go on while some of
    /// them still have time by their own deadline.
    UnitsCutShort,
}

impl fmt::Display for PlanError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TooManyRungs => "a unit's ladder has more than 254 rungs, or the host's more than 64",
            Self::TooManyKinds => "a plan has more than 65535 kinds",
            Self::NoneAtOnce => "at_once is 0, so no unit could ever stop; leave it out for no limit",
            Self::NoneForOwners => "owner_cap is 0, so no unit could ever start; leave it out for no limit",
            Self::GraceCutShort => {
                "a rung has a grace that is longer than its patience, so the body would not be given it; \
                 wait at least as long as the grace"
            }
            Self::BodyNeverEnds => {
                "a unit's ladder has no rung that ends the body when the stop is forced; add one: kill, abort or \
                 remove"
            }
            Self::UnitsNeverStop => "the host's ladder has no stop-units rung",
            Self::UnitsOutOfOrder => {
                "the host's ladder must have one stop-units rung, and pause-units only before it"
            }
            Self::UnitsCutShort => {
                "the host's ladder must wait at stop-units for the rest of its time; what comes after it is kept back"
            }
        })
    }
}

impl core::error::Error for PlanError {}

impl Plan {
    /// So many rungs a unit's ladder may have: two numbers of rungs stand for something else.
    pub const RUNGS_MAX: usize = 254;

    /// So many the host's may have: what failed of it is kept as a bit each.
    pub const PHASES_MAX: usize = 64;

    /// Checks what the types cannot say.
    ///
    /// # Errors
    /// The first rule that the plan breaks.
    pub fn check(&self) -> Result<(), PlanError> {
        let too_many = |kind: &Kind| kind.ladder.rungs().len() > Self::RUNGS_MAX;
        if self.shutdown.rungs().len() > Self::PHASES_MAX || self.kinds.iter().any(too_many) {
            return Err(PlanError::TooManyRungs);
        }
        if self.kinds.len() > usize::from(u16::MAX) {
            return Err(PlanError::TooManyKinds);
        }
        if self.at_once == Some(0) {
            return Err(PlanError::NoneAtOnce);
        }
        if self.owner_cap == Some(0) {
            return Err(PlanError::NoneForOwners);
        }
        let mut rungs = self.kinds.iter().flat_map(|kind| kind.ladder.rungs());
        if rungs.any(Rung::cuts_its_grace_short) {
            return Err(PlanError::GraceCutShort);
        }
        if !self.kinds.iter().all(|kind| kind.ladder.ends_body()) {
            return Err(PlanError::BodyNeverEnds);
        }
        self.check_phases()
    }

    /// How long a shutdown takes at most where the host is killed after `outer_grace`.
    #[must_use]
    pub const fn longest_shutdown(outer_grace: Span) -> Span {
        outer_grace.minus(Span::from_nanos(outer_grace.nanos() / 10))
    }

    fn check_phases(&self) -> Result<(), PlanError> {
        let at = |phase| {
            let is_phase = move |rung: &Rung<Phase>| rung.action == phase;
            let mut places = self.shutdown.rungs().iter().enumerate().filter(move |(_, rung)| is_phase(rung));
            (places.next().map(|(place, _)| place), places.count())
        };
        let (Some(stop), further) = at(Phase::StopUnits) else { return Err(PlanError::UnitsNeverStop) };
        let (pause, again) = at(Phase::PauseUnits);
        if further > 0 || again > 0 || pause.is_some_and(|pause| stop < pause) {
            return Err(PlanError::UnitsOutOfOrder);
        }
        if self.shutdown.rungs()[stop].patience != Patience::Rest {
            return Err(PlanError::UnitsCutShort);
        }
        Ok(())
    }
}
