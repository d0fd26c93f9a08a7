//! The engine: what happens when something stops.
//!
//! A state machine without a clock, threads, I/O or randomness: [`Engine::handle`] takes the time and
//! one input, and puts down what it wants done. It never panics and never fails: an input that makes
//! no sense is ignored or refused by a named rule.
//!
//! Absent on purpose: names, handles, callbacks, any wish to know whether the world is real.

mod abandoned;
mod callers;
mod clients;
mod climb;
mod edges;
mod inspect;
mod lifecycle;
mod order;
mod phases;
mod pieces;
mod record;
mod recovery;
mod settle;
mod shutdown;
mod stop;
mod timers;
mod unit;
mod view;

use alloc::{sync::Arc, vec::Vec};

use crate::{
    disposition::{Disposition, Why},
    effect::{Answer, Effects},
    hint::{likely, unlikely},
    ids::UnitId,
    input::{Caller, Exit, Input},
    plan::{Kind, Plan, PlanError},
    time::Moment,
};

use self::{
    abandoned::Abandoned, callers::Callers, clients::ClientState, edges::Edges, shutdown::Shutdown,
    stop::StopRequest, timers::Timers, unit::Unit,
};

pub use self::{
    inspect::{ClientView, RowView, StopStage, StopView},
    pieces::UnitPiece,
    view::UnitView,
};

/// The lifecycle of one host and its units.
#[derive(Debug)]
pub struct Engine {
    plan: Arc<Plan>,
    units: Vec<Unit>,
    timers: Timers,
    callers: Callers,
    abandoned: Abandoned,
    edges: Edges,
    /// Active units per owner.
    owners: Vec<u32>,
    clients: Vec<ClientState>,
    shutdown: Shutdown,
    /// Units that wait no longer for others, or only for a place: oldest first, from `queue_head` on.
    queue: Vec<UnitId>,
    queue_head: usize,
    /// The line is being let through at present. Never between two inputs.
    letting_through: bool,
    exited: bool,
}

impl Engine {
    /// A host that has no units yet.
    ///
    /// # Errors
    /// The first rule that the plan breaks.
    pub fn new(plan: Arc<Plan>) -> Result<Self, PlanError> {
        plan.check()?;
        Ok(Self {
            plan,
            units: Vec::new(),
            timers: Timers::default(),
            callers: Callers::default(),
            abandoned: Abandoned::default(),
            edges: Edges::default(),
            owners: Vec::new(),
            clients: Vec::new(),
            shutdown: Shutdown::NONE,
            queue: Vec::new(),
            queue_head: 0,
            letting_through: false,
            exited: false,
        })
    }

    /// Takes one input at `now`, and puts what it wants done at the end of `effects`. The only way in.
    ///
    /// Total: any input is fine at any time and in any order. An effect that could not be carried out
    /// comes back as an input.
    pub fn handle(&mut self, now: Moment, input: Input, effects: &mut Effects) -> Disposition {
        if unlikely(self.exited) {
            return Disposition::Ignored(Why::Exited);
        }
        let disposition = self.dispatch(now, input, effects);
        if self.shutdown.is_on() {
            self.wind(now, effects);
        }
        disposition
    }

    fn dispatch(&mut self, now: Moment, input: Input, effects: &mut Effects) -> Disposition {
        match input {
            Input::UnitDeclared { unit, kind, owner } => self.on_unit_declared(unit, kind, owner),
            Input::DependencyDeclared { unit, on } => self.on_dependency_declared(unit, on),
            Input::UnitRecovered { unit, row } => self.on_unit_recovered(now, unit, row, effects),
            Input::StartRequested { unit, caller } => self.on_start_requested(now, unit, caller, effects),
            Input::UnitStarted { unit, incarnation } => self.on_unit_started(now, unit, incarnation, effects),
            Input::StartFailed { unit, incarnation } => {
                self.on_unit_exited(now, unit, incarnation, Exit::Failed, effects)
            }
            Input::UnitExited { unit, incarnation, exit } => {
                self.on_unit_exited(now, unit, incarnation, exit, effects)
            }
            Input::Progressed { unit, incarnation } => self.on_progressed(unit, incarnation, effects),
            Input::FindingRecorded { unit, durable } => self.on_finding_recorded(unit, durable, effects),
            Input::PauseRequested { unit, caller } => self.on_pause_requested(unit, caller, effects),
            Input::UnitPaused { unit, incarnation } => self.on_unit_paused(now, unit, incarnation, effects),
            Input::ResumeRequested { unit, caller } => self.on_resume_requested(unit, caller, effects),
            Input::StopRequested { unit, force, within, caller } => {
                self.on_stop_requested(now, unit, StopRequest::explicit(force, within), caller, effects)
            }
            Input::RestartRequested { unit, caller } => self.on_restart_requested(now, unit, caller, effects),
            Input::CancelRequested { unit, reason, caller } => {
                self.on_cancel_requested(now, unit, reason, caller, effects)
            }
            Input::RemoveRequested { unit, caller } => self.on_remove_requested(unit, caller, effects),
            Input::StepFinished { unit, step, outcome } => {
                self.on_step_finished(now, unit, step, outcome, effects)
            }
            Input::Persisted { unit, row, outcome } => self.on_persisted(now, unit, row, outcome, effects),
            Input::Reaped { unit, outcome } => self.on_reaped(now, unit, outcome, effects),
            Input::ClientAttached { client } => self.on_client_attached(client, effects),
            Input::ClientTold { client, outcome } => self.on_client_told(client, outcome, effects),
            Input::ClientLeft { client } => self.on_client_left(client),
            Input::ShutdownRequested { graceful, within, caller } => {
                self.on_shutdown_requested(now, graceful, within, caller, effects)
            }
            Input::SignalReceived { signal } => self.on_signal(now, signal, effects),
            Input::PhaseFinished { phase, outcome } => self.on_phase_finished(phase, outcome),
            Input::Woken => self.on_woken(now, effects),
        }
    }

    /// When it wants [`Input::Woken`] at the latest, if nothing else comes in before.
    #[must_use]
    #[inline]
    pub fn next_deadline(&self) -> Option<Moment> {
        if unlikely(self.exited) {
            return None;
        }
        let unit = self.timers.earliest().map_or(Moment::NEVER, |(at, _)| at);
        let next = unit.min(self.shutdown.until());
        if next.is_never() { None } else { Some(next) }
    }

    fn on_woken(&mut self, now: Moment, effects: &mut Effects) -> Disposition {
        let due = self.shutdown.wake(now);
        let fired = self.fire_due(now, effects);
        if due || fired { Disposition::Applied } else { Disposition::Ignored(Why::NothingDue) }
    }

    /// Lets every unit whose deadline has come go on. Says whether there was one.
    fn fire_due(&mut self, now: Moment, effects: &mut Effects) -> bool {
        let mut fired = false;
        while let Some((_, unit)) = self.timers.earliest().filter(|(at, _)| *at <= now) {
            self.timers.clear(unit);
            self.on_unit_due(now, unit, effects);
            fired = true;
        }
        fired
    }

    /// The unit's own policies.
    fn kind(&self, unit: UnitId) -> &Kind {
        &self.plan.kinds[usize::from(self.units[unit.index()].kind.0)]
    }

    fn knows(&self, unit: UnitId) -> bool {
        likely(self.units.get(unit.index()).is_some_and(|unit| !unit.vacant))
    }

    fn unit_ids(&self) -> impl Iterator<Item = UnitId> + use<> {
        let count = u32::try_from(self.units.len()).unwrap_or(u32::MAX);
        (0..count).map(UnitId)
    }
}

/// Answers a request that needs no waiting.
fn answer(caller: Caller, answer: Answer, effects: &mut Effects) {
    match caller {
        Caller::Nobody => {}
        Caller::Outside(ticket) | Caller::Body(ticket) => effects.reply(ticket, answer),
    }
}

/// Refuses a request, and tells whoever waits.
#[cold]
fn refuse(caller: Caller, why: Why, effects: &mut Effects) -> Disposition {
    answer(caller, Answer::Refused(why), effects);
    Disposition::Refused(why)
}

impl Clone for Engine {
    fn clone(&self) -> Self {
        Self {
            plan: Arc::clone(&self.plan),
            units: self.units.clone(),
            timers: self.timers.clone(),
            callers: self.callers.clone(),
            abandoned: self.abandoned.clone(),
            edges: self.edges.clone(),
            owners: self.owners.clone(),
            clients: self.clients.clone(),
            shutdown: self.shutdown,
            queue: self.queue.clone(),
            queue_head: self.queue_head,
            letting_through: self.letting_through,
            exited: self.exited,
        }
    }

    /// Keeps the room that is there: copying a state over another one allocates nothing once warm.
    fn clone_from(&mut self, source: &Self) {
        self.units.clone_from(&source.units);
        self.timers.copy_from(&source.timers);
        self.callers.copy_from(&source.callers);
        self.abandoned.copy_from(&source.abandoned);
        self.copy_host_from(source);
    }
}

impl Engine {
    /// Copies all but the units, and what belongs to each of them.
    fn copy_host_from(&mut self, source: &Self) {
        if !Arc::ptr_eq(&self.plan, &source.plan) {
            self.plan = Arc::clone(&source.plan);
        }
        self.edges.copy_from(&source.edges);
        self.owners.clone_from(&source.owners);
        self.clients.clone_from(&source.clients);
        self.shutdown = source.shutdown;
        self.queue.clone_from(&source.queue);
        self.queue_head = source.queue_head;
        self.letting_through = source.letting_through;
        self.exited = source.exited;
    }
}
