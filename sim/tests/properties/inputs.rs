//! Inputs of all sorts for an engine, whether they make sense or not.

use proptest::{prelude::*, sample::select};
use winddown_core::{
    Caller, ClientId, Exit, Incarnation, Input, KindId, Outcome, OwnerId, Phase, Reason, Row, Signal, Status,
    Step, Ticket, UnitId,
};

use crate::make::within;

const PHASES: [Phase; 8] = [
    Phase::Notify,
    Phase::PauseUnits,
    Phase::StopUnits,
    Phase::DisconnectClients,
    Phase::ReleaseLease,
    Phase::CloseListener,
    Phase::UnlinkSocket,
    Phase::RemovePidFile,
];

const REASONS: [Reason; 4] = [Reason::ByUser, Reason::Stated(7), Reason::Shutdown, Reason::Interrupted];

/// About one of so many units, or of one that there is not.
pub(crate) fn input(units: u32) -> BoxedStrategy<Input> {
    let unit = move || (0..=units).prop_map(UnitId);
    prop_oneof![8 => request(units), 8 => fact(units), 2 => of_the_host(), 1 => declared(units),
        1 => (unit(), row()).prop_map(|(unit, row)| Input::UnitRecovered { unit, row }),
        2 => Just(Input::Woken)]
    .boxed()
}

/// What somebody asks of a unit.
pub(crate) fn request(units: u32) -> impl Strategy<Value = Input> {
    let of = move || ((0..=units).prop_map(UnitId), caller());
    prop_oneof![
        of().prop_map(|(unit, caller)| Input::StartRequested { unit, caller }),
        (of(), any::<bool>(), within()).prop_map(|((unit, caller), force, within)| Input::StopRequested {
            unit,
            force,
            within,
            caller
        }),
        of().prop_map(|(unit, caller)| Input::PauseRequested { unit, caller }),
        of().prop_map(|(unit, caller)| Input::ResumeRequested { unit, caller }),
        of().prop_map(|(unit, caller)| Input::RestartRequested { unit, caller }),
        (of(), select(&REASONS[..])).prop_map(|((unit, caller), reason)| Input::CancelRequested {
            unit,
            reason,
            caller
        }),
        of().prop_map(|(unit, caller)| Input::RemoveRequested { unit, caller }),
    ]
}

/// What a unit's body, its store or its steps report, of this start or of another.
fn fact(units: u32) -> impl Strategy<Value = Input> {
    let unit = move || (0..=units).prop_map(UnitId);
    let of = move || (unit(), (0..=3_u32).prop_map(Incarnation));
    prop_oneof![
        of().prop_map(|(unit, incarnation)| Input::UnitStarted { unit, incarnation }),
        of().prop_map(|(unit, incarnation)| Input::StartFailed { unit, incarnation }),
        (of(), exit()).prop_map(|((unit, incarnation), exit)| Input::UnitExited { unit, incarnation, exit }),
        of().prop_map(|(unit, incarnation)| Input::Progressed { unit, incarnation }),
        (unit(), any::<bool>()).prop_map(|(unit, durable)| Input::FindingRecorded { unit, durable }),
        of().prop_map(|(unit, incarnation)| Input::UnitPaused { unit, incarnation }),
        (of(), 0..=4_u8, 0..=1_u16, outcome()).prop_map(|((unit, incarnation), rung, round, outcome)| {
            Input::StepFinished { unit, step: Step { incarnation, rung, round }, outcome }
        }),
        (unit(), row(), outcome()).prop_map(|(unit, row, outcome)| Input::Persisted { unit, row, outcome }),
        (unit(), outcome()).prop_map(|(unit, outcome)| Input::Reaped { unit, outcome }),
    ]
}

fn of_the_host() -> impl Strategy<Value = Input> {
    let client = || (0..=2_u16).prop_map(ClientId);
    prop_oneof![
        client().prop_map(|client| Input::ClientAttached { client }),
        (client(), outcome()).prop_map(|(client, outcome)| Input::ClientTold { client, outcome }),
        client().prop_map(|client| Input::ClientLeft { client }),
        (any::<bool>(), within(), caller()).prop_map(|(graceful, within, caller)| Input::ShutdownRequested {
            graceful,
            within,
            caller
        }),
        select(&[Signal::Hangup, Signal::Terminate, Signal::Interrupt][..])
            .prop_map(|signal| Input::SignalReceived { signal }),
        (select(&PHASES[..]), outcome()).prop_map(|(phase, outcome)| Input::PhaseFinished { phase, outcome }),
    ]
}

/// A number that is taken, or one that leaves a gap; a dependency that may be one in a circle.
fn declared(units: u32) -> impl Strategy<Value = Input> {
    let unit = move || (0..=units + 1).prop_map(UnitId);
    prop_oneof![
        (unit(), 0..=4_u16).prop_map(|(unit, kind)| Input::UnitDeclared {
            unit,
            kind: KindId(kind),
            owner: OwnerId(0)
        }),
        (unit(), unit()).prop_map(|(unit, on)| Input::DependencyDeclared { unit, on }),
    ]
}

fn caller() -> impl Strategy<Value = Caller> {
    // Numbers that no simulated operator has.
    let ticket = || (9_000..9_010_u32).prop_map(Ticket);
    prop_oneof![Just(Caller::Nobody), ticket().prop_map(Caller::Outside), ticket().prop_map(Caller::Body)]
}

pub(crate) fn exit() -> impl Strategy<Value = Exit> {
    select(&[Exit::Ended, Exit::Completed, Exit::Failed, Exit::Panicked][..])
}

fn outcome() -> impl Strategy<Value = Outcome> {
    select(&[Outcome::Done, Outcome::Failed][..])
}

fn row() -> impl Strategy<Value = Row> {
    let reason = select(&REASONS[..]);
    (0..=3_u32, select(&Status::ALL[..]), reason, 0..=3_u32, any::<bool>()).prop_map(
        |(incarnation, status, reason, findings, leaked)| Row {
            incarnation: Incarnation(incarnation),
            status,
            reason,
            findings,
            leaked,
        },
    )
}
