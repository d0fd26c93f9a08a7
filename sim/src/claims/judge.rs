//! The judge: sees every step, keeps a ledger, and says which claim is broken first.

use winddown_core::{
    Answer, Caller, ClientId, Disposition, Effect, Engine, Input, Kind, Moment, Notice, Promise, Row, Span,
    Status, Ticket, UnitId, Why,
    hint::{likely, unlikely},
};

use super::{
    Breach, Claim, Sight,
    artifacts::Artifacts,
    ledger::{Ledger, NO_RUNG, Request},
};
use crate::{
    setup::Setup,
    world::{Body, Store},
};

/// What somebody asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wish {
    /// That it starts.
    Start,
    /// That it stops.
    Stop,
    /// That it is cancelled.
    Cancel,
    /// That it stops and starts.
    Restart,
    /// Anything else.
    Other,
}

/// What the judge may look at.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// What is run.
    pub setup: &'a Setup,
    /// The engine after the step.
    pub engine: &'a Engine,
    /// What is durable.
    pub store: &'a Store,
    /// What is alive.
    pub bodies: &'a [Body],
    /// When.
    pub now: Moment,
    /// Which step.
    pub step: u64,
    /// Whether the host was killed from outside.
    pub was_killed: bool,
}

impl Scene<'_> {
    /// What is said is put into words out of line: the way on which all is well stays short. For the same
    /// reason messages copy what they speak of (`move`): what they borrow would have to be in memory always.
    #[cold]
    #[inline(never)]
    pub(super) fn broken<T>(
        &self,
        claim: Claim,
        unit: Option<UnitId>,
        message: impl FnOnce() -> String,
    ) -> Result<T, Box<Breach>> {
        Err(Breach::new(claim, self.now, self.step, unit, message()))
    }

    /// The unit's own policies.
    pub(super) fn kind(&self, unit: UnitId) -> &Kind {
        &self.setup.plan.kinds[self.setup.units[unit.index()].plan]
    }

    pub(super) fn name(&self, unit: UnitId) -> String {
        self.setup.unit_name(unit)
    }
}

pub(super) type Verdict = Result<(), Box<Breach>>;

/// Sees every step of a run.
#[derive(Clone, Debug, Default)]
pub struct Judge {
    pub(super) units: Vec<Ledger>,
    pub(super) requests: Vec<Request>,
    /// Requests before this one are of an earlier life of the host.
    pub(super) first_request: usize,
    /// The shutdown's deadline, the shortest so far, and what of it is left to units.
    pub(super) shutdown_ends: Moment,
    pub(super) units_end: Moment,
    pub(super) draining: bool,
    pub(super) forced: bool,
    /// How many stop signals there were.
    pub(super) signals: u8,
    /// When the shutdown began, or was last made shorter or harder.
    pub(super) shutdown_seen: Moment,
    /// The present step is a wake-up: what starts now starts by policy.
    pub(super) woken: bool,
    /// The engine has said that units were left at their deadline.
    pub(super) overran: bool,
    pub(super) reported: bool,
    pub(super) exited: bool,
    /// The host's own artifacts.
    pub(super) artifacts: Artifacts,
    /// Clients that are connected and were not told to go, each with whether it was told of the shutdown;
    /// those that could not be told.
    pub(super) clients: Vec<(ClientId, bool)>,
    pub(super) broken_clients: Vec<ClientId>,
    /// In this shutdown, nothing works any more and nothing is on its way down; it stays so.
    pub(super) quiet: bool,
    /// The last step in which all units were seen to hold still, or to have had their time to.
    pub(super) still_at: u64,
    pub(super) sights: u64,
}

impl Judge {
    pub(crate) fn reset(&mut self, setup: &Setup) {
        self.units.clear();
        self.units.resize(setup.unit_count(), Ledger::NEW);
        self.requests.clear();
        self.sights = 0;
        self.new_host();
    }

    fn new_host(&mut self) {
        self.first_request = self.requests.len();
        self.shutdown_ends = Moment::NEVER;
        self.units_end = Moment::NEVER;
        self.shutdown_seen = Moment::START;
        self.draining = false;
        self.forced = false;
        self.signals = 0;
        self.overran = false;
        self.reported = false;
        self.exited = false;
        self.artifacts = Artifacts::default();
        self.quiet = false;
        self.still_at = 0;
        self.clients.clear();
        self.broken_clients.clear();
    }

    pub(crate) fn asked(&mut self, unit: Option<UnitId>, wish: Wish) {
        self.requests.push(Request { unit, wish, by_body: false, answered: false, void: false });
    }

    /// The unit whose own body asked with this ticket.
    pub(crate) fn asked_by_body(&self, ticket: Ticket) -> Option<UnitId> {
        self.requests
            .get(ticket.0 as usize)
            .filter(|request| request.by_body)
            .and_then(|request| request.unit)
    }

    pub(crate) fn recorded(&self, unit: UnitId) -> u32 {
        self.units[unit.index()].recorded
    }

    pub(crate) const fn sights(&self) -> u64 {
        self.sights
    }

    pub(super) const fn saw(&mut self, sight: Sight) {
        self.sights |= sight.bit();
    }

    pub(crate) fn killed(&mut self) {
        self.saw(Sight::OuterKill);
        self.crashed();
    }

    /// The host is gone, and with it everybody's connection and all that was only remembered.
    pub(crate) fn crashed(&mut self) {
        if self.units.iter().any(|ledger| ledger.on_way) {
            self.saw(Sight::CrashWhileStopping);
        }
        for request in &mut self.requests {
            request.void |= !request.answered;
        }
        for ledger in &mut self.units {
            // A body that outlives its host is nobody's until it is reaped.
            *ledger = Ledger { acknowledged: ledger.acknowledged, ..Ledger::NEW };
        }
        self.new_host();
    }

    /// A row that a new host found.
    pub(crate) fn recovered(&mut self, unit: UnitId, row: Row) {
        let ledger = &mut self.units[unit.index()];
        ledger.incarnation = row.incarnation;
        ledger.recorded = row.findings;
        ledger.stopped = row.status == Status::Stopping || row.status == Status::Stopped;
        ledger.noticed = true;
        if row.status.is_terminal() {
            ledger.terminal = Some((row.incarnation, row.status));
        }
        if row.findings > 0 {
            self.saw(Sight::FindingsComeBack);
        }
    }

    /// Before the engine takes an input that is about this unit.
    #[inline(always)]
    pub(crate) fn before(&mut self, engine: &Engine, unit: Option<UnitId>) {
        self.draining = engine.is_draining();
        let Some(unit) = unit else { return self.refresh(engine) };
        let ledger = &mut self.units[unit.index()];
        if !ledger.on_way && !self.draining {
            return;
        }
        let ending = engine.is_ending(unit);
        ledger.on_way &= ending;
        let unseen = ledger.lives && !ledger.told && ledger.rung == NO_RUNG;
        // Stopped by the shutdown, waiting for others, and nothing was seen of it so far.
        if unlikely(self.draining && ending && unseen && !ledger.on_way) {
            ledger.begin(self.shutdown_seen, Moment::NEVER);
        }
    }

    /// One step.
    pub(crate) fn observe(
        &mut self,
        scene: &Scene<'_>,
        input: &Input,
        disposition: Disposition,
        effects: &[Effect],
    ) -> Verdict {
        if unlikely(self.exited) {
            let quiet = effects.is_empty() && disposition == Disposition::Ignored(Why::Exited);
            return if quiet {
                Ok(())
            } else {
                scene.broken(Claim::ExitInTime, None, || "something came after the exit".into())
            };
        }
        if scene.engine.is_draining() {
            self.see_deadlines(scene)?;
        }
        self.woken = matches!(input, Input::Woken);
        self.note_input(scene, input, disposition, effects)?;
        for effect in effects {
            self.note_effect(scene, effect)?;
        }
        self.after(scene, input, disposition, effects)
    }

    /// The deadlines of a shutdown only come nearer, and units have half of the time at least.
    fn see_deadlines(&mut self, scene: &Scene<'_>) -> Verdict {
        let (Some(by), Some(units)) = (scene.engine.shutdown_deadline(), scene.engine.units_deadline())
        else {
            return Ok(());
        };
        if likely((by, units) == (self.shutdown_ends, self.units_end)) {
            return Ok(());
        }
        if by > self.shutdown_ends || units > self.units_end || units > by {
            let text = move || {
                format!(
                    "the shutdown's deadline moved from {} to {by}, that of its units from {} to {units}",
                    self.shutdown_ends, self.units_end
                )
            };
            return scene.broken(Claim::LaterOnlyShortens, None, text);
        }
        if self.shutdown_ends.is_never()
            && let Some(outer) = scene.setup.plan.outer_grace.map(|grace| scene.now.after(grace))
            && by > outer
        {
            let text = move || format!("the host takes until {by}, and will be killed at {outer}");
            return scene.broken(Claim::StepInBudget, None, text);
        }
        if self.shutdown_ends.is_never() && scene.now.until(units) < scene.now.until(by).half() {
            let text = move || format!("the shutdown has until {by}, and its units only until {units}");
            return scene.broken(Claim::StepInBudget, None, text);
        }
        if by < self.shutdown_ends || units < self.units_end {
            for place in 0..self.units.len() {
                if self.units[place].on_way {
                    let unit = UnitId(u32::try_from(place).unwrap_or(u32::MAX));
                    self.units[place].waits_until = self.waits_until(scene, unit);
                    self.units[place].now_ends(units);
                }
            }
            (self.shutdown_ends, self.units_end, self.shutdown_seen) = (by, units, scene.now);
            self.artifacts.hurry(scene.now);
        }
        Ok(())
    }

    /// A stop that was promised upfront is over when the engine says so; it must have been in time.
    pub(super) fn way_over(&mut self, scene: &Scene<'_>, unit: UnitId) -> Verdict {
        if likely(!self.units[unit.index()].on_way || scene.engine.is_ending(unit)) {
            return Ok(());
        }
        self.units[unit.index()].on_way = false;
        let ledger = &self.units[unit.index()];
        let ends = ledger.ends.min(self.units_end).max(ledger.began);
        let patience = scene.setup.plan.record_patience;
        // What could not be written before a shutdown is tried again in it.
        let again = if self.draining && ledger.began <= self.shutdown_seen { patience } else { Span::ZERO };
        if scene.now > ends.after(patience).after(again) {
            return self.too_late(scene, unit, ends);
        }
        if self.rung_is_left(scene, unit) {
            // It may have been over for a while.
            let took = scene.engine.unit_report(unit).map_or(Span::ZERO, |report| report.took);
            let left = self.units[unit.index()].began.after(took).min(scene.now);
            self.cut_off_is_told(scene, unit, (self.ends(unit), left))
        } else {
            Ok(())
        }
    }

    /// Forgets stops that were over in steps that were not about their own unit.
    pub(super) fn refresh(&mut self, engine: &Engine) {
        if self.quiet {
            return;
        }
        let mut unit = UnitId(0);
        for ledger in &mut self.units {
            if ledger.on_way {
                ledger.on_way = engine.is_ending(unit);
            }
            unit.0 += 1;
        }
    }

    /// Units that a shutdown has begun to stop, and that wait for others.
    pub(super) fn adopt(&mut self, scene: &Scene<'_>) {
        for place in 0..self.units.len() {
            let unit = UnitId(u32::try_from(place).unwrap_or(u32::MAX));
            let ledger = &self.units[place];
            let upfront = scene.kind(unit).promise == Promise::Upfront;
            let begun = ledger.active || (upfront && ledger.lives && !ledger.told);
            if begun && !ledger.on_way && scene.engine.is_ending(unit) {
                let ends = self.own_ends(scene, unit);
                self.units[place].begin(scene.now, ends);
            }
        }
    }

    /// A unit that works, or is on its way down.
    pub(super) fn busy(&mut self, scene: &Scene<'_>) -> Option<UnitId> {
        if self.quiet {
            return None;
        }
        self.refresh(scene.engine);
        self.quiet =
            scene.engine.is_draining() && !self.units.iter().any(|ledger| ledger.on_way || ledger.active);
        let place = self.units.iter().position(|ledger| ledger.on_way || ledger.active)?;
        u32::try_from(place).ok().map(UnitId)
    }

    pub(super) fn heard(&mut self, caller: Caller) {
        if let Caller::Body(ticket) = caller {
            self.saw(Sight::SelfStop);
            if let Some(request) = self.requests.get_mut(ticket.0 as usize) {
                request.by_body = true;
            }
        }
    }

    pub(super) fn replied(&mut self, scene: &Scene<'_>, ticket: Ticket, answer: Answer) -> Verdict {
        let Some(request) = self.requests.get_mut(ticket.0 as usize) else {
            return scene
                .broken(Claim::AnsweredOnce, None, move || format!("ticket {ticket} was never given out"));
        };
        if request.answered {
            let text =
                move || format!("request {ticket} was answered twice, the second time with {answer:?}");
            return scene.broken(Claim::AnsweredOnce, request.unit, text);
        }
        request.answered = true;
        let Some(unit) = request.unit else { return Ok(()) };
        let wish = request.wish;
        self.check_answer(scene, unit, wish, answer)
    }

    pub(super) fn noticed(
        &mut self,
        scene: &Scene<'_>,
        unit: UnitId,
        incarnation: winddown_core::Incarnation,
        notice: Notice,
    ) -> Verdict {
        let ledger = &mut self.units[unit.index()];
        if ledger.noticed && incarnation == ledger.incarnation {
            let text = move || format!("{} was told {notice:?} after its terminal notice", scene.name(unit));
            return scene.broken(Claim::OneTerminalNotice, Some(unit), text);
        }
        if notice == Notice::CancellationRequested {
            ledger.cancel_noticed = true;
        }
        if notice.is_terminal() { self.ended(scene, unit, notice) } else { Ok(()) }
    }
}
