//! What systemd is told, where it runs the daemon: the protocol of sd_notify(3), which is a datagram a message.
//! Elsewhere there is no `$NOTIFY_SOCKET`, and nothing is said.

use std::{
    env,
    ffi::OsStr,
    io,
    os::{
        linux::net::SocketAddrExt as _,
        unix::{
            ffi::OsStrExt as _,
            net::{SocketAddr, UnixDatagram},
        },
    },
    time::Duration,
};

use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;

use crate::{Error, Host};

/// What systemd waits beyond the deadline before it kills: enough for a process to end.
const MARGIN: Duration = Duration::from_secs(2);
/// How long a message may wait for whoever does not read: nobody is to be held up by that.
const PATIENCE: Duration = Duration::from_millis(100);

fn notify(state: &str) {
    let Some(address) = env::var_os("NOTIFY_SOCKET") else { return };
    if let Err(error) = send(&address, state) {
        warn!(%error, "systemd could not be told");
    }
}

/// An address is a path, or begins with `@` and is a name in no file system.
fn send(address: &OsStr, state: &str) -> io::Result<()> {
    let address = match address.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(address)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.send_to_addr(state.as_bytes(), &address).map(drop)
}

/// The daemon takes work.
pub(super) fn ready() {
    notify("READY=1");
}

/// The daemon shuts down, and needs so long for it. `None`: nobody said how long.
pub(super) fn stopping(left: Option<Duration>) {
    match left {
        Some(left) => {
            notify(&format!("STOPPING=1\nEXTEND_TIMEOUT_USEC={}", (left + MARGIN).as_micros()));
        }
        None => notify("STOPPING=1"),
    }
}

/// How long systemd waits for a sign of life, where it does, and where that is about this process.
fn watched() -> Option<Duration> {
    let of = |name| env::var(name).ok()?.parse::<u64>().ok();
    let about_us =
        env::var_os("WATCHDOG_PID").is_none() || of("WATCHDOG_PID") == Some(std::process::id().into());
    of("WATCHDOG_USEC").filter(|micros| about_us && *micros > 0).map(Duration::from_micros)
}

/// Tells the watchdog, where there is one, that the driver answers. Ends with the host.
pub(super) async fn watchdog(host: Host) {
    let Some(patience) = watched() else { return };
    let mut ticks = interval(patience / 2);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // Whatever it says about a unit that cannot be there, it has answered.
        if matches!(host.inspect("").await, Err(Error::Gone)) {
            return;
        }
        notify("WATCHDOG=1");
    }
}
