//! Signals of the process: caught before there is anything to stop, and kept until the host can hear them.

use std::io;

use tokio::signal::unix::{Signal as Listener, SignalKind, signal};
use tracing::info;
use winddown_core::Signal;

use crate::Host;

use super::shared::Why;

/// Signals that are caught from now on, and kept until somebody asks for them.
#[derive(Debug)]
pub struct Signals {
    terminate: Listener,
    interrupt: Listener,
    hangup: Listener,
}

impl Signals {
    /// Catches SIGTERM, SIGINT and SIGHUP from now on.
    ///
    /// # Errors
    /// The handlers could not be installed.
    pub fn catch() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            biased;
            Some(()) = self.terminate.recv() => Signal::Terminate,
            Some(()) = self.interrupt.recv() => Signal::Interrupt,
            Some(()) = self.hangup.recv() => Signal::Hangup,
        }
    }

    /// The next signal that asks for an end. For a process that has nothing to reload yet.
    pub(super) async fn stop(&mut self) -> Signal {
        loop {
            let signal = self.next().await;
            if signal != Signal::Hangup {
                return signal;
            }
        }
    }

    /// Hands every signal to the host, for as long as it is polled.
    pub(super) async fn forward(mut self, host: Host, why: Why) {
        loop {
            let signal = self.next().await;
            info!(signal = name(signal), "signal");
            if signal != Signal::Hangup {
                why.note(|| name(signal).to_owned());
            }
            host.signal(signal);
        }
    }
}

/// A signal as people write it.
pub(super) const fn name(signal: Signal) -> &'static str {
    match signal {
        Signal::Terminate => "SIGTERM",
        Signal::Interrupt => "SIGINT",
        Signal::Hangup => "SIGHUP",
    }
}
