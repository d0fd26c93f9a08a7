//! What happens to units, as log lines. One that reads too slowly leaves some out, and says so.

use std::time::Duration;

use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::sleep,
};
use tracing::{debug, info, warn};
use winddown_core::Notice;

use crate::{Host, News};

/// How late a line may be. To write one at once would be to take the time from whoever waits for an answer, and
/// from the row that it waits for.
const LATE: Duration = Duration::from_millis(1);

/// Follows everything that happens until the host is gone.
pub(super) async fn follow(mut news: Receiver<News>, host: Host) {
    loop {
        let has_rested = news.is_empty();
        let next = tokio::select! {
            biased;
            next = news.recv() => next,
            _ = host.wait() => return,
        };
        if has_rested {
            sleep(LATE).await;
        }
        match next {
            Ok(news) => log(&news),
            Err(RecvError::Lagged(missed)) => warn!(missed, "notices went by unseen"),
            Err(RecvError::Closed) => return,
        }
    }
}

fn log(news: &News) {
    let News { unit, incarnation, notice, text } = news;
    let (unit, text) = (&**unit, text.as_deref());
    match notice {
        Notice::Progress => debug!(unit, start = incarnation, text, "progress"),
        Notice::Started => info!(unit, start = incarnation, "started"),
        Notice::Paused => info!(unit, start = incarnation, "paused"),
        Notice::Resumed => info!(unit, start = incarnation, "resumed"),
        Notice::CancellationRequested => info!(unit, start = incarnation, text, "asked to cancel"),
        Notice::Completed => info!(unit, start = incarnation, "completed"),
        Notice::Failed => warn!(unit, start = incarnation, text, "failed"),
        Notice::Cancelled => info!(unit, start = incarnation, text, "cancelled"),
        Notice::TimedOut => warn!(unit, start = incarnation, text, "timed out"),
        Notice::Stopped if text.is_some() => warn!(unit, start = incarnation, text, "stopped, with an error"),
        Notice::Stopped => info!(unit, start = incarnation, text, "stopped"),
    }
}
