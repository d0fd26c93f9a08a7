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
/// What systemd waits at a time while nobody has said how long the shutdown may take. It is told again well
/// before that is over.
const AT_A_TIME: Duration = Duration::from_secs(60);
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

/// The daemon shuts down, and needs so long for it. `None`: nobody said how long, so systemd is asked for more
/// time for as long as the driver answers.
pub(super) fn stopping(left: Option<Duration>, host: &Host) {
    let time = left.map_or(AT_A_TIME, |left| left + MARGIN);
    notify(&format!("STOPPING=1\n{}", extension(time)));
    if left.is_none() {
        drop(tokio::spawn(extend(host.clone(), notify)));
    }
}

fn extension(time: Duration) -> String {
    format!("EXTEND_TIMEOUT_USEC={}", time.as_micros())
}

/// Asks for more time again and again. Ends with the host.
async fn extend(host: Host, tell: impl Fn(&str)) {
    let mut ticks = interval(AT_A_TIME / 3);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick is at once, and for now it has been asked.
    ticks.tick().await;
    loop {
        ticks.tick().await;
        if is_gone(&host).await {
            return;
        }
        tell(&extension(AT_A_TIME));
    }
}

/// Whether there is no host any more. Whatever it says about a unit that cannot be there, it has answered.
async fn is_gone(host: &Host) -> bool {
    matches!(host.inspect("").await, Err(Error::Gone))
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
        if is_gone(&host).await {
            return;
        }
        notify("WATCHDOG=1");
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        sync::mpsc,
        time::{Instant, sleep, timeout},
    };

    use super::*;
    use crate::{Shutdown, store::Memory};

    #[tokio::test(start_paused = true)]
    async fn more_time_is_asked_for_until_the_host_is_gone() {
        let host = Host::builder().memory(&Memory::new()).start().await.expect("it comes up");
        let (asked, mut told) = mpsc::unbounded_channel();
        let began = Instant::now();
        let extended = tokio::spawn(extend(host.clone(), move |text| {
            drop(asked.send((began.elapsed(), text.to_owned())));
        }));
        sleep(Duration::from_secs(600)).await;
        let mut until = AT_A_TIME;
        while let Ok((at, text)) = told.try_recv() {
            assert!(at < until, "systemd would have killed it: {at:?}");
            assert_eq!(text, "EXTEND_TIMEOUT_USEC=60000000");
            until = at + AT_A_TIME;
        }
        assert!(until > Duration::from_secs(600), "{until:?}");
        host.shutdown(Shutdown::default()).await.expect("it goes down");
        timeout(AT_A_TIME, extended).await.expect("it ends as well").expect("without a panic");
    }
}
