//! The socket's listener: who is let in, and how many.

use std::{sync::Arc, time::Duration};

use tokio::{
    net::{UnixListener, UnixStream},
    sync::{Semaphore, oneshot},
    time::sleep,
};
use tracing::{debug, warn};

use crate::ipc::{Problem, ProblemCode, Reply, Said, write_line};

use super::{connection, shared::Shared, socket};

/// How long to wait where the kernel cannot give out another connection, for want of descriptors or
/// memory: short enough for a person, long enough not to spin.
const BREATH: Duration = Duration::from_millis(100);

/// Lets clients in until `close` says so, and says with `closed` that nobody listens any more.
pub(super) async fn serve(
    listener: UnixListener,
    limit: u16,
    shared: Shared,
    mut close: oneshot::Receiver<()>,
    closed: oneshot::Sender<()>,
) {
    let places = Arc::new(Semaphore::new(usize::from(limit)));
    loop {
        let stream = tokio::select! {
            biased;
            _ = &mut close => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    warn!(%error, "a connection could not be accepted");
                    sleep(BREATH).await;
                    continue;
                }
            },
        };
        match socket::is_allowed(&stream) {
            Ok(true) => {}
            Ok(false) => {
                warn!("a process of another user was turned away from the socket");
                continue;
            }
            Err(error) => {
                debug!(%error, "a client was gone before it was known who it is");
                continue;
            }
        }
        match Arc::clone(&places).try_acquire_owned() {
            Ok(place) => {
                let shared = shared.clone();
                drop(tokio::spawn(async move {
                    connection::serve(stream, shared).await;
                    drop(place);
                }));
            }
            Err(_) => {
                warn!(limit, "a client was turned away: there are as many connections as there may be");
                let why = format!(
                    "there are {limit} connections already; close one, or raise `clients` in the configuration"
                );
                turn_away(&stream, &Said::Error(Problem { code: ProblemCode::Busy, why }));
            }
        }
    }
    drop(listener);
    // Whoever does not wait for it needs not know.
    let _ = closed.send(());
}

/// One line, if it fits into the socket's buffer; a client that does not read is not waited for.
pub(super) fn turn_away(stream: &UnixStream, why: &Said) {
    if let Ok(line) = write_line(&Reply::new(0, why.clone())) {
        drop(stream.try_write(format!("{line}\n").as_bytes()));
    }
}
