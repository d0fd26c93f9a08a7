//! What was asked, what was answered, what is durable: kept beside the engine, from its inputs and
//! effects alone, and compared with what it says.

use std::collections::{BTreeMap, BTreeSet};

use winddown_core::*;

#[derive(Default, Debug)]
pub(crate) struct Ledger {
    /// Requests that wait for an answer, and the unit that each is about.
    pub(crate) open: BTreeMap<u32, Option<UnitId>>,
    noticed: BTreeSet<(UnitId, Incarnation)>,
    started: BTreeMap<UnitId, Incarnation>,
    /// Steps that were asked for, and the row of those that are checkpoints.
    steps: BTreeMap<(UnitId, Step), Option<Row>>,
    last_step: BTreeMap<UnitId, Step>,
    rows: BTreeSet<(UnitId, Incarnation, Status)>,
    findings: BTreeMap<UnitId, u32>,
    recorded: BTreeMap<UnitId, u32>,
    /// The shortest time that was given to the stop of an incarnation.
    deadlines: BTreeMap<(UnitId, Incarnation), Moment>,
    phases: Vec<Phase>,
    pub(crate) exit: Option<(Moment, u8)>,
}

impl Ledger {
    /// An input that is about to be handled.
    pub(crate) fn before(&mut self, input: Input) {
        if let Some(Caller::Outside(Ticket(ticket)) | Caller::Body(Ticket(ticket))) = caller(&input) {
            self.open.insert(ticket, input.unit());
        }
        match input {
            Input::Persisted { unit, row, outcome: Outcome::Done } => self.keep(unit, row),
            Input::StepFinished { unit, step, outcome: Outcome::Done } => {
                if let Some(Some(row)) = self.steps.get(&(unit, step)).copied() {
                    self.keep(unit, row);
                }
            }
            _ => {}
        }
    }

    fn keep(&mut self, unit: UnitId, row: Row) {
        self.rows.insert((unit, row.incarnation, row.status));
        let findings = self.findings.entry(unit).or_default();
        *findings = row.findings.max(*findings);
    }

    /// The same input, and what became of it.
    pub(crate) fn after(&mut self, now: Moment, input: Input, engine: &Engine, effects: &[Effect]) {
        match input {
            Input::UnitDeclared { unit, .. } => {
                self.recorded.insert(unit, 0);
                self.findings.insert(unit, 0);
                self.deadlines.retain(|of, _| of.0 != unit);
            }
            Input::UnitRecovered { unit, row } => {
                self.recorded.insert(unit, row.findings);
                self.keep(unit, row);
            }
            Input::FindingRecorded { unit, .. } => *self.recorded.entry(unit).or_default() += 1,
            Input::StopRequested { unit, within: Within::For(span), .. } if engine.is_ending(unit) => {
                let incarnation = engine.unit(unit).unwrap().incarnation;
                let deadline = self.deadlines.entry((unit, incarnation)).or_insert(Moment::NEVER);
                *deadline = now.after(span).min(*deadline);
            }
            _ => {}
        }
        for effect in effects {
            self.note(now, engine, *effect);
        }
        self.compare(engine);
    }

    fn note(&mut self, now: Moment, engine: &Engine, effect: Effect) {
        assert_eq!(self.exit, None, "{effect:?} came after the exit");
        match effect {
            Effect::Reply { ticket, answer } => self.answered(engine, ticket, answer),
            Effect::Notify { unit, incarnation, notice } if notice.is_terminal() => {
                assert!(
                    self.noticed.insert((unit, incarnation)),
                    "a second {notice:?} for {unit} {incarnation}"
                );
            }
            Effect::Notify { unit, incarnation, notice } => {
                assert!(!self.noticed.contains(&(unit, incarnation)), "{notice:?} after the end of {unit}");
            }
            Effect::Start { unit, incarnation } => self.launched(engine, unit, incarnation),
            Effect::Perform { unit, step, until, .. } => self.stepped(engine, unit, step, until, None),
            Effect::Checkpoint { unit, step, row, until } => {
                assert_eq!(row.findings, self.recorded[&unit], "a checkpoint has all there is");
                self.stepped(engine, unit, step, until, Some(row));
            }
            Effect::Acknowledge { unit, findings } => {
                assert!(findings <= self.findings[&unit], "{findings} of {unit} are not durable");
            }
            Effect::Wind { phase, .. } => {
                assert!(self.phases.last().is_none_or(|last| last.name() != phase.name()));
                self.phases.push(phase);
            }
            Effect::Exit { code } => {
                self.exit = Some((now, code));
                assert_eq!(self.phases, [Phase::CloseListener, Phase::UnlinkSocket, Phase::RemovePidFile]);
                self.exited(engine, code);
            }
            _ => {}
        }
    }

    fn answered(&mut self, engine: &Engine, ticket: Ticket, answer: Answer) {
        let asked = self.open.remove(&ticket.0);
        let asked = asked.unwrap_or_else(|| panic!("{ticket} has its answer, or never asked: {answer:?}"));
        let durable = |unit: UnitId, status: Status| {
            let mut rows = self.rows.iter();
            rows.any(|row| row.0 == unit && row.2 == status)
        };
        match (answer, asked) {
            (Answer::Stopped { status, .. }, Some(unit)) => {
                assert!(status.is_terminal(), "{unit} is said to be stopped, and is {status}");
                assert!(durable(unit, status), "{unit} is said to be {status} before its row is durable");
            }
            (Answer::Cancelled(true), Some(unit)) => {
                assert!(durable(unit, Status::Cancelled), "{unit} is said to be cancelled too early");
            }
            (Answer::ShuttingDown { by }, None) => assert!(Some(by) <= engine.shutdown_deadline()),
            _ => {}
        }
    }

    fn launched(&mut self, engine: &Engine, unit: UnitId, incarnation: Incarnation) {
        assert!(!engine.is_draining(), "{unit} is started while the host drains");
        let before = self.started.insert(unit, incarnation);
        assert!(before < Some(incarnation), "{unit} is started as {incarnation} again");
        let view = engine.unit(unit).unwrap();
        assert_eq!(view.incarnation, incarnation);
        let kind = &engine.plan().kinds[self.kind_of(engine, unit)];
        let on_record = self.rows.contains(&(unit, incarnation, Status::Pending));
        assert!(kind.body == BodyClass::Task || on_record, "{unit} lives before it is on record");
    }

    /// The storm gives each unit number one kind, for good.
    fn kind_of(&self, engine: &Engine, unit: UnitId) -> usize {
        unit.index() % engine.plan().kinds.len()
    }

    fn stepped(&mut self, engine: &Engine, unit: UnitId, step: Step, until: Moment, row: Option<Row>) {
        assert!(self.steps.insert((unit, step), row).is_none(), "{unit} has {step:?} twice");
        let last = self.last_step.insert(unit, step);
        let order = |step: Step| (step.incarnation, step.rung, step.round);
        assert!(last.map(order) < Some(order(step)), "{unit} goes up its ladder: {step:?} after {last:?}");
        assert!(self.phases.is_empty(), "{unit} is still on its way when the listener is closed");
        let deadline = self.deadlines.get(&(unit, step.incarnation)).copied().unwrap_or(Moment::NEVER);
        assert!(until <= deadline, "{unit} has until {until} for {step:?}, and only {deadline} at all");
        if let Some(by) = engine.units_deadline() {
            assert!(until <= by, "{unit} has until {until} for {step:?}, and all have until {by}");
        }
    }

    /// What must be so between any two inputs.
    fn compare(&self, engine: &Engine) {
        for number in 0..u32::try_from(engine.unit_count()).unwrap() {
            let unit = UnitId(number);
            let Some(view) = engine.unit(unit) else { continue };
            assert_eq!(view.recorded, self.recorded[&unit], "{unit}");
            assert!(view.saved <= self.findings[&unit].min(view.recorded), "{unit}: {view:?}");
        }
        // An exit is the end for whoever waits, too.
        assert!(self.exit.is_none() || self.open.is_empty(), "nobody answers {:?}", self.open);
    }

    /// Nothing is due at `now` any more: whoever had time until then is through.
    pub(crate) fn nothing_due(&self, now: Moment, engine: &Engine) {
        for (&(unit, incarnation), &deadline) in &self.deadlines {
            let view = engine.unit(unit).filter(|view| view.incarnation == incarnation);
            if let Some(view) = view.filter(|_| deadline <= now) {
                assert!(view.status.is_terminal(), "{unit} had until {deadline}, and is {}", view.status);
            }
        }
    }

    /// The exit code, made up again from the report, and the report from what is durable.
    fn exited(&self, engine: &Engine, code: u8) {
        let report = engine.report();
        let mut clean = !report.overran && report.failed_phases.is_empty();
        for unit in &report.units {
            let kept = unit.unsaved() == 0 && unit.row_durable && !unit.leaked;
            clean &= kept && !unit.overran && unit.failed != Some(Action::Checkpoint);
            let never_written = unit.status == Status::Pending;
            assert!(never_written || unit.status.is_terminal(), "{unit:?} at the exit");
            let row = (unit.unit, unit.incarnation, unit.status);
            assert!(
                !unit.row_durable || never_written || self.rows.contains(&row),
                "{unit:?} is not durable"
            );
        }
        assert_eq!(code == 0, clean, "the exit code is not what the report says: {report:?}");
    }
}

pub(crate) fn caller(input: &Input) -> Option<Caller> {
    match *input {
        Input::StartRequested { caller, .. }
        | Input::PauseRequested { caller, .. }
        | Input::ResumeRequested { caller, .. }
        | Input::StopRequested { caller, .. }
        | Input::RestartRequested { caller, .. }
        | Input::CancelRequested { caller, .. }
        | Input::RemoveRequested { caller, .. }
        | Input::ShutdownRequested { caller, .. } => Some(caller),
        _ => None,
    }
}
