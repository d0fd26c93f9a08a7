//! Signals of the process, as inputs.

use std::io;

use tokio::{
    signal::unix::{Signal as Listener, SignalKind, signal},
    sync::mpsc,
};
use winddown_core::Signal;

use crate::driver::Message;

/// Signals that are caught from now on, and kept until they are forwarded.
pub(crate) struct Signals {
    terminate: Listener,
    interrupt: Listener,
    hangup: Listener,
}

pub(crate) fn listen() -> io::Result<Signals> {
    Ok(Signals {
        terminate: signal(SignalKind::terminate())?,
        interrupt: signal(SignalKind::interrupt())?,
        hangup: signal(SignalKind::hangup())?,
    })
}

impl Signals {
    /// Hands every signal to the driver until that is gone.
    pub(crate) async fn forward(mut self, inbox: mpsc::UnboundedSender<Message>) {
        loop {
            let signal = tokio::select! {
                Some(()) = self.terminate.recv() => Signal::Terminate,
                Some(()) = self.interrupt.recv() => Signal::Interrupt,
                Some(()) = self.hangup.recv() => Signal::Hangup,
                () = inbox.closed() => return,
            };
            if inbox.send(Message::Signal(signal)).is_err() {
                return;
            }
        }
    }
}
