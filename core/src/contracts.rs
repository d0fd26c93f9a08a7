//! The five systems that winddown replaces, as five values of one type, a usual one beside them, and the whole host's
//! ladder.
//!
//! Every number is the contract's own. Where two contracts disagree, that is the point: they are
//! different stop policies of one engine, and a policy is data.

use alloc::{vec, vec::Vec};

use crate::{
    ladder::{Action, Ladder, Phase, Rung},
    plan::{BodyClass, Kind, Plan, Promise, Restart},
    time::Span,
};

const fn seconds(secs: u64) -> Span {
    Span::from_secs(secs)
}

fn kind(rungs: Vec<Rung<Action>>, promise: Promise, body: BodyClass) -> Kind {
    Kind {
        ladder: Ladder::of_unit(rungs, None),
        promise,
        body,
        restart: Restart::Never,
        run_budget: None,
        start_patience: None,
    }
}

/// A task as most services want it: asked to cancel, it has `grace` to end what it is at; then it is dropped. Its
/// final status is written when it is over, so what is on record is what is proven.
#[must_use]
pub fn graceful(grace: Span) -> Kind {
    kind(cancel_then_abort(grace), Promise::Proven, BodyClass::Task)
}

/// A daemon's container manager: the stop is answered at once, whatever the body does. The body is dropped where it
/// waits next, and never asked to cancel.
#[must_use]
pub fn container() -> Kind {
    kind(vec![Rung::new(Action::Abort, Span::ZERO)], Promise::Upfront, BodyClass::Task)
}

/// Cleanup of one Docker container: `docker stop` with a grace of 5 s and a client patience of 15 s,
/// then kill (5 s), then always remove (10 s).
#[must_use]
pub fn provider() -> Kind {
    let rungs = vec![
        Rung::new(Action::Terminate { grace: seconds(5) }, seconds(15)),
        Rung::new(Action::Kill, seconds(5)),
        Rung::new(Action::Remove, seconds(10)).always(),
    ];
    kind(rungs, Promise::Proven, BodyClass::Process)
}

/// The same with a health check of 2 s first: a container that does not respond goes straight to the kill.
#[must_use]
pub fn provider_probed() -> Kind {
    let mut rungs = vec![Rung::new(Action::Probe, seconds(2)).or_force()];
    rungs.extend_from_slice(provider().ladder.rungs());
    kind(rungs, Promise::Proven, BodyClass::Process)
}

/// A daemon's engagement: hold still (1 s), then checkpoint in what is left, then drop the body.
/// Stopped alone it takes at most the 30 s that the whole daemon has. The body is asked to hold still, and
/// never to cancel.
#[must_use]
pub fn engagement() -> Kind {
    let rungs = vec![
        Rung::new(Action::Pause, seconds(1)),
        Rung::new(Action::Checkpoint, Span::ZERO).rest(),
        Rung::new(Action::Abort, Span::ZERO).always(),
    ];
    Kind {
        ladder: Ladder::of_unit(rungs, Some(seconds(30))),
        ..kind(Vec::new(), Promise::Proven, BodyClass::Task)
    }
}

/// A client session with child processes: disconnect (2 s), terminate the children (2 s), kill (1 s),
/// and forget the session in any case.
#[must_use]
pub fn session() -> Kind {
    let rungs = vec![
        Rung::new(Action::Disconnect, seconds(2)),
        Rung::new(Action::Terminate { grace: Span::ZERO }, seconds(2)),
        Rung::new(Action::Kill, seconds(1)),
        Rung::new(Action::Forget, Span::ZERO).always(),
    ];
    kind(rungs, Promise::Proven, BodyClass::Process)
}

/// A streaming task: the flag is raised and the body has `grace` to go; then it is dropped. The status
/// *cancelled* is written as the cancel is asked for, so that no late finish overwrites it.
#[must_use]
pub fn task(grace: Span) -> Kind {
    kind(cancel_then_abort(grace), Promise::Upfront, BodyClass::Task)
}

fn cancel_then_abort(grace: Span) -> Vec<Rung<Action>> {
    vec![Rung::new(Action::RequestCancel, grace), Rung::new(Action::Abort, Span::ZERO)]
}

/// The whole daemon: notify (1 s), stop all units by their own ladders, pausing all before
/// checkpointing any, disconnect clients, and on every path close the listener, unlink the socket and
/// remove the PID file. 30 s unless a request says otherwise.
#[must_use]
pub fn daemon_shutdown() -> Ladder<Phase> {
    daemon_shutdown_within(seconds(30))
}

/// The same within another deadline.
#[must_use]
pub fn daemon_shutdown_within(deadline: Span) -> Ladder<Phase> {
    Ladder::of_host(daemon_phases(), deadline)
}

/// The same within another deadline, with a lease that is given back once no unit works any more.
#[must_use]
pub fn leased_shutdown(deadline: Span) -> Ladder<Phase> {
    let mut phases = daemon_phases();
    let lease = Rung::new(Phase::ReleaseLease, Span::from_millis(500)).always();
    phases.insert(4, lease);
    Ladder::of_host(phases, deadline)
}

fn daemon_phases() -> Vec<Rung<Phase>> {
    let half_a_second = Span::from_millis(500);
    vec![
        Rung::new(Phase::Notify, seconds(1)),
        Rung::new(Phase::PauseUnits, seconds(1)),
        Rung::new(Phase::StopUnits, Span::ZERO).rest().always(),
        Rung::new(Phase::DisconnectClients, seconds(1)).always(),
        Rung::new(Phase::CloseListener, half_a_second).always(),
        Rung::new(Phase::UnlinkSocket, half_a_second).always(),
        Rung::new(Phase::RemovePidFile, half_a_second).always(),
    ]
}

/// A host for these kinds of units, with the daemon's ladder and the reserves that go with it.
#[must_use]
pub fn host(kinds: Vec<Kind>) -> Plan {
    Plan {
        kinds,
        shutdown: daemon_shutdown(),
        // Long enough for a kill (5 s) to be seen, short enough for a person who asked twice.
        force_within: seconds(5),
        // Three orders of magnitude above a committed row on a slow disk.
        record_patience: seconds(1),
        at_once: None,
        owner_cap: None,
        outer_grace: None,
    }
}
