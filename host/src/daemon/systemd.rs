//! What systemd is told, where it runs the daemon. Elsewhere there is no `$NOTIFY_SOCKET`, and nothing is
//! said.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;

use crate::{Error, Host};

/// What systemd waits beyond the deadline before it kills: enough for a process to end.
const MARGIN: Duration = Duration::from_secs(2);

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        warn!(%error, "systemd could not be told");
    }
}

/// The daemon takes work.
pub(super) fn ready() {
    notify(&[NotifyState::Ready]);
}

/// The daemon shuts down, and needs so long for it. `None`: nobody said how long.
pub(super) fn stopping(left: Option<Duration>) {
    match left.and_then(|left| u32::try_from((left + MARGIN).as_micros()).ok()) {
        Some(micros) => notify(&[NotifyState::Stopping, NotifyState::ExtendTimeoutUsec(micros)]),
        None => notify(&[NotifyState::Stopping]),
    }
}

/// Tells the watchdog, where there is one, that the driver answers. Ends with the host.
pub(super) async fn watchdog(host: Host) {
    let Some(patience) = sd_notify::watchdog_enabled() else { return };
    let mut ticks = interval(patience / 2);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // Whatever it says about a unit that cannot be there, it has answered.
        if matches!(host.inspect("").await, Err(Error::Gone)) {
            return;
        }
        notify(&[NotifyState::Watchdog]);
    }
}
