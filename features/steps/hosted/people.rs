//! Who asks the real host for something, and who is attached to it.

use std::{future::Future, time::Duration};

use tokio::time::{Instant, sleep, sleep_until};
use winddown_core::{Outcome, Signal};
use winddown_host::{Client, ClientOrder, Host, Shutdown, Stop, store::Memory};
use winddown_sim::scenario::{Ask, Target};

/// A client that does as it is told.
pub(super) async fn attend(mut client: Client, takes: Duration, broken: bool) {
    loop {
        match client.order().await {
            ClientOrder::Tell { .. } => {
                sleep(takes).await;
                client.told(if broken { Outcome::Failed } else { Outcome::Done });
            }
            ClientOrder::Leave => return sleep(takes).await,
        }
    }
}

/// What an operator asks for, once for each unit that is meant. Nobody waits for the answers here: the
/// host's own steps have them.
pub(super) async fn operate(host: Host, memory: Memory, names: Vec<String>, at: Instant, ask: Ask) {
    sleep_until(at).await;
    let meant = |target: Target| {
        let Target::Named(wanted) = target else { panic!("a feature names its units") };
        names.into_iter().filter(move |name| is(name, &wanted))
    };
    match ask {
        Ask::Start(unit) => ask_each(meant(unit), |name| host.start(name)).await,
        Ask::Stop { unit, force, within } => {
            ask_each(meant(unit), |name| host.stop_as(name, Stop { force, within })).await;
        }
        Ask::Restart(unit) => ask_each(meant(unit), |name| host.restart(name)).await,
        Ask::Cancel(unit) => ask_each(meant(unit), |name| host.cancel(name, "")).await,
        Ask::Pause(unit) => ask_each(meant(unit), |name| host.pause(name)).await,
        Ask::Resume(unit) => ask_each(meant(unit), |name| host.resume(name)).await,
        Ask::Remove(unit) => ask_each(meant(unit), |name| host.remove(name)).await,
        Ask::Shutdown { graceful, within } => drop(host.shutdown(Shutdown { graceful, within }).await),
        Ask::Terminate => host.signal(Signal::Terminate),
        Ask::Interrupt => host.signal(Signal::Interrupt),
        Ask::Hangup => host.signal(Signal::Hangup),
        Ask::FillDisk => memory.fail(true),
        Ask::HangDisk => memory.hang(true),
        Ask::OuterStop | Ask::Crash => panic!("what is around the host is not played here"),
    }
}

async fn ask_each<T, F: Future<Output = T>>(names: impl Iterator<Item = String>, ask: impl Fn(String) -> F) {
    futures::future::join_all(names.map(ask)).await;
}

/// Whether a unit is meant by a name: its own, or that of all of its plan.
pub(super) fn is(name: &str, wanted: &str) -> bool {
    let rest = name.strip_prefix(wanted);
    rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix('-').is_some_and(is_number))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
