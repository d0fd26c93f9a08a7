//! What a campaign has seen: which inputs met which statuses, which actions were taken, which faults
//! struck, and which *sometimes* claims came true.

use winddown_core::{Action, Engine, Input, Status, UnitId};

use crate::{claims::Sight, fault::Fault};

/// The inputs that are about one unit, by name, in the order of [`Input`].
pub const UNIT_INPUTS: [&str; 14] = [
    "start-requested",
    "unit-started",
    "start-failed",
    "unit-exited",
    "finding-recorded",
    "pause-requested",
    "unit-paused",
    "resume-requested",
    "stop-requested",
    "restart-requested",
    "cancel-requested",
    "remove-requested",
    "step-finished",
    "persisted",
];

/// What was seen. Merging two is the union.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Coverage {
    pairs: [u16; Status::ALL.len()],
    actions: u16,
    faults: u64,
    sights: u64,
}

impl Coverage {
    /// `unit`: whom the input is about.
    pub(crate) fn saw_input(&mut self, engine: &Engine, unit: Option<UnitId>, input: &Input) {
        if let Some(status) = unit.and_then(|unit| engine.status(unit)) {
            self.pairs[status as usize] |= bit(input);
        }
    }

    pub(crate) fn saw_action(&mut self, action: Action) {
        let number = Action::ALL
            .iter()
            .position(|other| core::mem::discriminant(other) == core::mem::discriminant(&action));
        self.actions |= 1 << number.unwrap_or_default();
    }

    /// The actions of ladders that were taken.
    #[must_use]
    pub fn actions(&self) -> Vec<&'static str> {
        let taken = Action::ALL.iter().enumerate().filter(|(number, _)| self.actions >> number & 1 == 1);
        taken.map(|(_, action)| action.name()).collect()
    }

    pub(crate) const fn saw_faults(&mut self, faults: u64) {
        self.faults |= faults;
    }

    pub(crate) const fn saw_sights(&mut self, sights: u64) {
        self.sights |= sights;
    }

    /// Adds what another campaign has seen.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.pairs.iter_mut().zip(other.pairs) {
            *mine |= theirs;
        }
        self.actions |= other.actions;
        self.faults |= other.faults;
        self.sights |= other.sights;
    }

    /// Which inputs have met this status.
    pub fn inputs_met(&self, status: Status) -> impl Iterator<Item = &'static str> + use<> {
        let met = self.pairs[status as usize];
        UNIT_INPUTS
            .iter()
            .enumerate()
            .filter(move |(number, _)| met >> number & 1 == 1)
            .map(|(_, name)| *name)
    }

    /// How many pairs of status and input were met, and how many there are.
    #[must_use]
    pub fn pairs(&self) -> (u32, u32) {
        let met = self.pairs.iter().map(|met| met.count_ones()).sum();
        (met, u32::try_from(Status::ALL.len() * UNIT_INPUTS.len()).unwrap_or(u32::MAX))
    }

    /// Whether a fault has struck.
    #[must_use]
    pub const fn has_struck(&self, fault: Fault) -> bool {
        self.faults >> fault as u32 & 1 == 1
    }

    /// Whether a *sometimes* claim came true.
    #[must_use]
    pub const fn has_seen(&self, sight: Sight) -> bool {
        self.sights >> sight as u32 & 1 == 1
    }

    /// *Sometimes* claims that did not come true.
    pub fn unseen(&self) -> impl Iterator<Item = Sight> + '_ {
        Sight::ALL.iter().copied().filter(|sight| !self.has_seen(*sight))
    }
}

/// The place of an input in a set of [`UNIT_INPUTS`]: none, if it is not one of them.
const fn bit(input: &Input) -> u16 {
    match *input {
        Input::StartRequested { .. } => 1,
        Input::UnitStarted { .. } => 1 << 1,
        Input::StartFailed { .. } => 1 << 2,
        Input::UnitExited { .. } => 1 << 3,
        Input::FindingRecorded { .. } => 1 << 4,
        Input::PauseRequested { .. } => 1 << 5,
        Input::UnitPaused { .. } => 1 << 6,
        Input::ResumeRequested { .. } => 1 << 7,
        Input::StopRequested { .. } => 1 << 8,
        Input::RestartRequested { .. } => 1 << 9,
        Input::CancelRequested { .. } => 1 << 10,
        Input::RemoveRequested { .. } => 1 << 11,
        Input::StepFinished { .. } => 1 << 12,
        Input::Persisted { .. } => 1 << 13,
        Input::UnitDeclared { .. }
        | Input::DependencyDeclared { .. }
        | Input::UnitRecovered { .. }
        | Input::Progressed { .. }
        | Input::Reaped { .. }
        | Input::ClientAttached { .. }
        | Input::ClientTold { .. }
        | Input::ClientLeft { .. }
        | Input::ShutdownRequested { .. }
        | Input::SignalReceived { .. }
        | Input::PhaseFinished { .. }
        | Input::Woken => 0,
    }
}
