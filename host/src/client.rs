//! Attached clients: who is told that the host shuts down, and is disconnected when the work is done.

use tokio::{sync::mpsc, time::Instant};
use winddown_core::{ClientId, Outcome};

use crate::driver::Message;

/// What a client has to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientOrder {
    /// Say to the other side that the host shuts down, and then call [`Client::told`].
    Tell {
        /// By when the host will be down. `None`: nobody said so.
        by: Option<Instant>,
    },
    /// Let go of the other side, and drop the [`Client`].
    Leave,
}

/// One connection as the host sees it. Whoever serves the connection holds it, and drops it when the
/// other side is gone.
#[derive(Debug)]
pub struct Client {
    pub(crate) id: ClientId,
    pub(crate) orders: mpsc::UnboundedReceiver<ClientOrder>,
    pub(crate) inbox: mpsc::UnboundedSender<Message>,
}

impl Client {
    /// The next thing to do. `Leave` when the host is gone.
    pub async fn order(&mut self) -> ClientOrder {
        self.orders.recv().await.unwrap_or(ClientOrder::Leave)
    }

    /// Says that the other side was told, or could not be: then it is disconnected.
    pub fn told(&self, outcome: Outcome) {
        drop(self.inbox.send(Message::ClientTold { client: self.id, outcome }));
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        drop(self.inbox.send(Message::ClientLeft { client: self.id }));
    }
}
