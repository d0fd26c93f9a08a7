//! Inputs, effects and notes in plain words.

use winddown_core::{
    Action, Answer, Caller, Effect, Exit, Incarnation, Input, Moment, Notice, Outcome, Phase, Reason, Row,
    Signal, UnitId,
};

use super::{cast::Scene, heading::within_words, moment, short};
use crate::{scenario::Outer, story::Note};

/// What came in, as a sentence. `idle`: it changed nothing, so that it matters which start it was about.
pub(super) fn input(scene: Scene<'_>, input: &Input, idle: bool) -> String {
    let name = |unit: UnitId| scene.name(unit);
    let asked = |unit: UnitId, caller: Caller, what: &str| asks(&name(unit), caller, what);
    match *input {
        Input::UnitDeclared { unit, .. } => format!("{} is declared", name(unit)),
        Input::DependencyDeclared { unit, on } => format!("{} depends on {}", name(unit), name(on)),
        Input::UnitRecovered { unit, row } => format!("found in the store: {}", self::row(&name(unit), row)),
        Input::StartRequested { unit, caller } => asked(unit, caller, "start"),
        Input::UnitStarted { unit, incarnation } => format!("{} is up{}", name(unit), nth(incarnation, idle)),
        Input::StartFailed { unit, incarnation } => {
            format!("{} cannot be started{}", name(unit), nth(incarnation, idle))
        }
        Input::UnitExited { unit, incarnation, exit } => {
            format!("{} {}{}", name(unit), self::exit(exit), nth(incarnation, idle))
        }
        Input::Progressed { unit, .. } => format!("{} reports progress", name(unit)),
        Input::FindingRecorded { unit, durable: false } => format!("{} records a finding", name(unit)),
        Input::FindingRecorded { unit, durable: true } => {
            format!("{} records a finding, and waits until it is durable", name(unit))
        }
        Input::PauseRequested { unit, caller } => asked(unit, caller, "hold still"),
        Input::UnitPaused { unit, incarnation } => {
            format!("{} holds still{}", name(unit), nth(incarnation, idle))
        }
        Input::ResumeRequested { unit, caller } => asked(unit, caller, "go on"),
        Input::StopRequested { unit, force, within, caller } => {
            let force = if force { " by force" } else { "" };
            asked(unit, caller, &format!("stop{force}{}", within_words(within)))
        }
        Input::RestartRequested { unit, caller } => asked(unit, caller, "stop and start again"),
        Input::CancelRequested { unit, reason, caller } => {
            let why = self::reason(reason);
            asked(unit, caller, &format!("cancel ({})", why.trim_start_matches(", ")))
        }
        Input::RemoveRequested { unit, caller } => asked(unit, caller, "be forgotten"),
        Input::StepFinished { unit, step, outcome } => {
            let action = scene.action(unit, step.rung).map_or("a step", Action::name);
            let nth = nth(step.incarnation, idle);
            format!("{action} of {}{nth} {}", name(unit), went(outcome))
        }
        Input::Persisted { unit, row, outcome } => {
            let written = if outcome == Outcome::Done { "written" } else { "could NOT be written" };
            format!("disk: row {written}: {}", self::row(&name(unit), row))
        }
        Input::Reaped { unit, outcome: Outcome::Done } => {
            format!("what an earlier host left of {} is gone", name(unit))
        }
        Input::Reaped { unit, outcome: Outcome::Failed } => {
            format!("what an earlier host left of {} cannot be ended", name(unit))
        }
        Input::ClientAttached { client } => format!("client {client} connects"),
        Input::ClientTold { client, outcome: Outcome::Done } => {
            format!("client {client} has read the notice")
        }
        Input::ClientTold { client, outcome: Outcome::Failed } => format!("client {client} cannot be told"),
        Input::ClientLeft { client } => format!("client {client} is gone"),
        Input::ShutdownRequested { graceful, within, caller } => {
            let force = if graceful { "" } else { ", not gracefully" };
            asks("the host", caller, &format!("shut down{}{force}", within_words(within)))
        }
        Input::SignalReceived { signal } => match signal {
            Signal::Terminate => "SIGTERM".to_owned(),
            Signal::Interrupt => "SIGINT".to_owned(),
            Signal::Hangup => "SIGHUP".to_owned(),
        },
        Input::PhaseFinished { phase, outcome } => {
            let went = if outcome == Outcome::Done { "done" } else { "FAILED" };
            format!("{}: {went}", self::phase(phase))
        }
        Input::Woken => "woken: the engine's deadline".to_owned(),
    }
}

/// What is asked for, as an order.
pub(super) fn effect(scene: Scene<'_>, effect: &Effect, now: Moment) -> String {
    let name = |unit: UnitId| scene.name(unit);
    match *effect {
        Effect::Start { unit, incarnation } => format!("start {}{}", name(unit), nth(incarnation, false)),
        Effect::Pause { unit, .. } => format!("pause {}", name(unit)),
        Effect::Resume { unit, .. } => format!("let {} go on", name(unit)),
        Effect::Perform { unit, action, until, .. } => {
            let grace = match action {
                Action::Terminate { grace } if !grace.is_zero() => {
                    format!(" with a grace of {}", short(grace))
                }
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
            format!("{} {}{grace}{}", action.name(), name(unit), wait(now, until))
        }
        Effect::Checkpoint { unit, row, until, .. } => {
            format!("checkpoint {}{}", self::row(&name(unit), row), wait(now, until))
        }
        Effect::Persist { unit, row, confirm } => {
            let confirm = if confirm { "" } else { " (nobody waits)" };
            format!("write row: {}{confirm}", self::row(&name(unit), row))
        }
        Effect::Acknowledge { unit, findings } => {
            let are = if findings == 1 { "is" } else { "are" };
            format!("tell {} that {} {are} durable", name(unit), self::findings(findings))
        }
        Effect::Reap { unit, .. } => format!("end what an earlier host left of {}", name(unit)),
        Effect::Notify { unit, notice, .. } => {
            format!("tell subscribers: {} {}", name(unit), self::notice(notice))
        }
        Effect::Tell { client, by } => format!("tell client {client}: shutting down by {}", moment(by)),
        Effect::Disconnect { client } => format!("disconnect client {client}"),
        Effect::Wind { phase, until } => format!("{}{}", self::phase(phase), wait(now, until)),
        Effect::Reply { ticket, answer } => format!("answer #{ticket}: {}", self::answer(answer)),
        Effect::Reload => "read the configuration again".to_owned(),
        Effect::Report => "write the report".to_owned(),
        Effect::Exit { code } => format!("exit {code}"),
    }
}

/// What happened beside the engine.
pub(super) fn note(scene: Scene<'_>, note: &Note) -> String {
    match *note {
        Note::Struck(fault, Some(unit)) => format!("fault: {fault}, at {}", scene.name(unit)),
        Note::Struck(fault, None) => format!("fault: {fault}"),
        Note::Deaf(unit) => format!("{} does not react", scene.name(unit)),
        Note::OuterStop(Outer::None) => "somebody outside begins to stop the host".to_owned(),
        Note::OuterStop(outer) => format!("{} begins to stop the host", outer.name()),
        Note::OuterKill => "the outer grace is over: SIGKILL (exit code 137)".to_owned(),
        Note::Crashed => "the host's process dies".to_owned(),
        Note::Booted => "a new process comes up".to_owned(),
        Note::Calm => "the storm is over: no more faults, and a host that runs is stopped".to_owned(),
        Note::Broken(claim) => format!("BROKEN: {} ({})", claim.name(), claim.id()),
    }
}

/// Which start it is about, where that is not plain.
fn nth(incarnation: Incarnation, idle: bool) -> String {
    if incarnation.0 > 1 || idle { format!(" (start {incarnation})") } else { String::new() }
}

/// How long it is waited for.
fn wait(now: Moment, until: Moment) -> String {
    if until <= now {
        ", and do not wait".to_owned()
    } else if until.is_never() {
        ", and wait for it".to_owned()
    } else {
        format!(", and wait until {}", moment(until))
    }
}

fn asks(who: &str, caller: Caller, what: &str) -> String {
    match caller {
        Caller::Nobody => format!("{who} is asked to {what}"),
        Caller::Outside(ticket) => format!("#{ticket}: {who} is asked to {what}"),
        Caller::Body(ticket) => format!("#{ticket}: {who} asks itself to {what}"),
    }
}

const fn exit(exit: Exit) -> &'static str {
    match exit {
        Exit::Completed => "exits: completed",
        Exit::Failed => "exits: failed",
        Exit::Panicked => "exits: panicked",
        Exit::Ended => "exits, as it was told to",
    }
}

fn reason(reason: Reason) -> String {
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

pub(super) fn findings(count: u32) -> String {
    if count == 1 { "1 finding".to_owned() } else { format!("{count} findings") }
}

const fn went(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "is done",
        Outcome::Failed => "has FAILED",
    }
}

const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Notify => "notify clients",
        Phase::PauseUnits => "pause all units",
        Phase::StopUnits => "stop all units",
        Phase::DisconnectClients => "disconnect all clients",
        Phase::ReleaseLease => "release the lease",
        Phase::CloseListener => "close the listener",
        Phase::UnlinkSocket => "unlink the socket",
        Phase::RemovePidFile => "remove the PID file",
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
        Answer::ShuttingDown { by } => format!("shutting down by {}", moment(by)),
        Answer::Refused(why) => format!("refused, {why}"),
    }
}
