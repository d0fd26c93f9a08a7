//! Children that nobody has started here: where this process is the first one of a container, or asked the kernel for
//! them, it gets whoever outlives its parent. Nobody else waits for those, so that they would stay as zombies.

use std::{io, time::Duration};

use rustix::{
    io::Errno,
    process::{Pid, WaitId, WaitIdOptions, child_subreaper, getpid, waitid},
};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::sleep,
};
use tracing::{debug, warn};

use crate::body::{census, own};

/// What ends at about the same time is looked for once.
const BREATH: Duration = Duration::from_millis(50);

/// Whether the kernel gives orphans to this process.
fn adopts() -> bool {
    getpid().is_init() || matches!(child_subreaper(), Ok(Some(_)))
}

/// Reaps for as long as it is polled, where there is anything to reap.
pub(super) async fn reap() {
    if !adopts() {
        return;
    }
    let mut ended = match signal(SignalKind::child()) {
        Ok(ended) => ended,
        Err(error) => return warn!(%error, "orphans are not reaped"),
    };
    debug!("orphans are reaped");
    loop {
        let is_done = match tokio::task::spawn_blocking(round).await {
            Ok(Ok(is_done)) => is_done,
            Ok(Err(error)) => {
                debug!(%error, "orphans could not be looked for");
                false
            }
            Err(_) => false,
        };
        if is_done && ended.recv().await.is_none() {
            return;
        }
        sleep(BREATH).await;
    }
}

/// Reaps all that are there. `false`: some may be left.
fn round() -> io::Result<bool> {
    // Whoever is there stays there for whoever waits for it.
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    match waitid(WaitId::All, look) {
        Ok(None) | Err(Errno::CHILD) => return Ok(true),
        Ok(Some(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let dead = census::dead_children()?;
    Ok(own::with_others(&dead, |number| {
        let Some(pid) = i32::try_from(number).ok().and_then(Pid::from_raw) else { return };
        // One that is gone was waited for by whoever started it.
        let reaped = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
        debug!(pid = number, is_reaped = matches!(reaped, Ok(Some(_))), "an orphan has ended");
    }))
}
