//! Inputs, effects and notes in plain words.

use winddown_core::{
    Action, Answer, Caller, Effect, Exit, Input, Notice, Outcome, Reason, Row, Signal, UnitId, Within,
};

use crate::{setup::Setup, story::Note};

/// What came in, as a sentence.
pub(super) fn input(setup: &Setup, input: &Input) -> String {
    let name = |unit: UnitId| setup.unit_name(unit);
    match *input {
        Input::UnitDeclared { unit, .. } => format!("{} is declared", name(unit)),
        Input::DependencyDeclared { unit, on } => format!("{} depends on {}", name(unit), name(on)),
        Input::UnitRecovered { unit, row } => format!("found in the store: {}", self::row(&name(unit), row)),
        Input::StartRequested { unit, caller } => format!("{}start {}", asks(caller), name(unit)),
        Input::UnitStarted { unit, incarnation } => format!("{} is up (start {incarnation})", name(unit)),
        Input::StartFailed { unit, incarnation } => {
            format!("{} cannot be started (start {incarnation})", name(unit))
        }
        Input::UnitExited { unit, incarnation, exit } => {
            let how = match exit {
                Exit::Completed => "completes",
                Exit::Failed => "fails",
                Exit::Panicked => "panics",
                Exit::Ended => "ends",
            };
            format!("{} {how} (start {incarnation})", name(unit))
        }
        Input::Progressed { unit, .. } => format!("{} reports progress", name(unit)),
        Input::FindingRecorded { unit, durable: false } => format!("{} records a finding", name(unit)),
        Input::FindingRecorded { unit, durable: true } => {
            format!("{} records a finding, and waits until it is durable", name(unit))
        }
        Input::PauseRequested { unit, caller } => format!("{}pause {}", asks(caller), name(unit)),
        Input::UnitPaused { unit, .. } => format!("{} holds still", name(unit)),
        Input::ResumeRequested { unit, caller } => format!("{}resume {}", asks(caller), name(unit)),
        Input::StopRequested { unit, force, within, caller } => {
            let force = if force { ", by force" } else { "" };
            format!("{}stop {}{}{force}", asks(caller), name(unit), self::within(within))
        }
        Input::RestartRequested { unit, caller } => format!("{}restart {}", asks(caller), name(unit)),
        Input::CancelRequested { unit, reason, caller } => {
            format!("{}cancel {}{}", asks(caller), name(unit), self::reason(reason))
        }
        Input::RemoveRequested { unit, caller } => format!("{}remove {}", asks(caller), name(unit)),
        Input::StepFinished { unit, step, outcome } => {
            let action = action_of(setup, unit, step.rung).map_or("a step", Action::name);
            format!("{action} of {}: {}", name(unit), self::outcome(outcome))
        }
        Input::Persisted { unit, row, outcome: Outcome::Done } => {
            format!("on disk: {}", self::row(&name(unit), row))
        }
        Input::Persisted { unit, row, outcome: Outcome::Failed } => {
            format!("not on disk, the write failed: {}", self::row(&name(unit), row))
        }
        Input::Reaped { unit, outcome } => {
            format!("what an earlier host left of {}: {}", name(unit), self::outcome(outcome))
        }
        Input::ClientAttached { client } => format!("client {client} connects"),
        Input::ClientTold { client, outcome: Outcome::Done } => {
            format!("client {client} has read the notice")
        }
        Input::ClientTold { client, outcome: Outcome::Failed } => format!("client {client} is broken"),
        Input::ClientLeft { client } => format!("client {client} is gone"),
        Input::ShutdownRequested { graceful, within, caller } => {
            let force = if graceful { "" } else { ", not gracefully" };
            format!("{}shut down{}{force}", asks(caller), self::within(within))
        }
        Input::SignalReceived { signal } => match signal {
            Signal::Terminate => "SIGTERM".to_owned(),
            Signal::Interrupt => "SIGINT".to_owned(),
            Signal::Hangup => "SIGHUP".to_owned(),
        },
        Input::PhaseFinished { phase, outcome } => format!("{}: {}", phase.name(), self::outcome(outcome)),
        Input::Woken => "a deadline has come".to_owned(),
    }
}

/// What is asked for, as an order; `None` for what only programs want to know.
pub(super) fn effect(setup: &Setup, effect: &Effect) -> String {
    let name = |unit: UnitId| setup.unit_name(unit);
    match *effect {
        Effect::Start { unit, incarnation } => format!("start {} (start {incarnation})", name(unit)),
        Effect::Pause { unit, .. } => format!("pause {}", name(unit)),
        Effect::Resume { unit, .. } => format!("resume {}", name(unit)),
        Effect::Perform { unit, action, until, .. } => {
            let grace = match action {
                Action::Terminate { grace } if !grace.is_zero() => format!(" (grace {grace})"),
                Action::Terminate { .. }
                | Action::Probe
                | Action::Pause
                | Action::Checkpoint
                | Action::Disconnect
                | Action::RequestCancel
                | Action::Kill
                | Action::Abort
                | Action::Remove
                | Action::Forget => String::new(),
            };
            format!("{} {}{grace}, until {until}", action.name(), name(unit))
        }
        Effect::Checkpoint { unit, row, until, .. } => {
            format!("checkpoint {} with {}, until {until}", name(unit), findings(row.findings))
        }
        Effect::Persist { unit, row, confirm } => {
            let confirm = if confirm { "" } else { " (nobody waits)" };
            format!("write {}{confirm}", self::row(&name(unit), row))
        }
        Effect::Acknowledge { unit, findings } => {
            format!("tell {} that {} are durable", name(unit), self::findings(findings))
        }
        Effect::Reap { unit, .. } => format!("end what an earlier host left of {}", name(unit)),
        Effect::Notify { unit, notice, .. } => {
            format!("tell subscribers: {} {}", name(unit), self::notice(notice))
        }
        Effect::Tell { client, by } => format!("tell client {client}: shutting down by {by}"),
        Effect::Disconnect { client } => format!("disconnect client {client}"),
        Effect::Wind { phase, until } => format!("{}, until {until}", phase.name()),
        Effect::Reply { ticket, answer } => format!("answer request {ticket}: {}", self::answer(answer)),
        Effect::Reload => "read the configuration again".to_owned(),
        Effect::Report => "write the report".to_owned(),
        Effect::Exit { code } => format!("exit {code}"),
    }
}

/// What happened beside the engine.
pub(super) fn note(setup: &Setup, note: &Note) -> String {
    match *note {
        Note::Struck(fault, Some(unit)) => format!("fault: {fault}, at {}", setup.unit_name(unit)),
        Note::Struck(fault, None) => format!("fault: {fault}"),
        Note::Deaf(unit) => format!("{} does not react", setup.unit_name(unit)),
        Note::OuterStop(outer) => format!("{} begins to stop the host", outer.name()),
        Note::OuterKill => "the outer grace is over: SIGKILL (exit code 137)".to_owned(),
        Note::Crashed => "the host's process dies".to_owned(),
        Note::Booted => "a new process comes up".to_owned(),
        Note::Calm => "the storm is over: no more faults, and a host that runs is stopped".to_owned(),
        Note::Broken(claim) => format!("BROKEN: {} ({})", claim.name(), claim.id()),
    }
}

pub(super) fn action_of(setup: &Setup, unit: UnitId, rung: u8) -> Option<Action> {
    let plan = setup.units.get(unit.index())?.plan;
    setup.plan.kinds[plan].ladder.rung(rung).map(|rung| rung.action)
}

fn asks(caller: Caller) -> String {
    match caller {
        Caller::Nobody => String::new(),
        Caller::Outside(ticket) => format!("request {ticket}: "),
        Caller::Body(ticket) => format!("request {ticket}, by the body itself: "),
    }
}

fn within(within: Within) -> String {
    match within {
        Within::Unset => String::new(),
        Within::For(span) => format!(" within {span}"),
        Within::Unlimited => " however long it takes".to_owned(),
    }
}

pub(super) fn reason(reason: Reason) -> String {
    match reason {
        Reason::None => String::new(),
        Reason::ByUser => ", cancelled by user".to_owned(),
        Reason::Stated(number) => format!(", reason {number}"),
        Reason::RunBudgetOver => ", its run budget is over".to_owned(),
        Reason::StartOverdue => ", its start is overdue".to_owned(),
        Reason::Shutdown => ", the host shuts down".to_owned(),
        Reason::Interrupted => ", its host was gone".to_owned(),
    }
}

fn row(name: &str, row: Row) -> String {
    let leaked = if row.leaked { ", leaked" } else { "" };
    let found = if row.findings == 0 { String::new() } else { format!(", {}", findings(row.findings)) };
    format!("{name} {}{}{found}{leaked}", row.status, reason(row.reason))
}

fn findings(count: u32) -> String {
    if count == 1 { "1 finding".to_owned() } else { format!("{count} findings") }
}

const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Failed => "failed",
    }
}

const fn notice(notice: Notice) -> &'static str {
    match notice {
        Notice::Started => "started",
        Notice::Progress => "makes progress",
        Notice::Paused => "paused",
        Notice::Resumed => "goes on",
        Notice::CancellationRequested => "was asked to cancel",
        Notice::Completed => "completed",
        Notice::Failed => "failed",
        Notice::Cancelled => "was cancelled",
        Notice::TimedOut => "ran out of its budget",
        Notice::Stopped => "stopped",
    }
}

fn answer(answer: Answer) -> String {
    match answer {
        Answer::Accepted => "accepted".to_owned(),
        Answer::Stopped { status, leaked: false } => format!("{status}, on record"),
        Answer::Stopped { status, leaked: true } => {
            format!("{status}, on record, but something is left of it")
        }
        Answer::Cancelled(true) => "true, it was running and is cancelled".to_owned(),
        Answer::Cancelled(false) => "false, it was not running".to_owned(),
        Answer::Restarted => "restarted".to_owned(),
        Answer::NotRecorded => "over, but not on record".to_owned(),
        Answer::ShuttingDown { by } => format!("shutting down by {by}"),
        Answer::Refused(why) => format!("refused, {why}"),
    }
}
