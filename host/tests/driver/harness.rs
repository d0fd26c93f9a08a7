//! Short words for hosts and bodies.

use std::{future::pending, time::Duration};

use tokio::sync::broadcast::{Receiver, error::RecvError};
use winddown_host::{
    BodyResult, Builder, Context, Host, News, Notice, contracts,
    store::{Finding, Memory},
};

/// Long enough for any machine, and short enough for whoever waits for a test that fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A host with the contracts' kinds, in memory.
pub(crate) fn described(memory: &Memory) -> Builder {
    kinds(Host::builder()).memory(memory)
}

/// The contracts' kinds by name.
pub(crate) fn kinds(builder: Builder) -> Builder {
    builder
        .kind("container", contracts::container())
        .kind("engagement", contracts::engagement())
        .kind("task", contracts::task(winddown_host::Span::from_secs(5)))
}

/// A body that does nothing, and goes when it is asked to.
pub(crate) async fn idle(context: Context) -> BodyResult {
    Err(context.cancelled().await.into())
}

/// A body that never listens. It can be dropped, since it waits.
pub(crate) async fn deaf(_: Context) -> BodyResult {
    pending().await
}

/// Waits for a notice, and says what came with it.
pub(crate) async fn until(news: &mut Receiver<News>, unit: &str, notice: Notice) -> News {
    let found = async {
        loop {
            match news.recv().await {
                Ok(told) if &*told.unit == unit && told.notice == notice => return told,
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => panic!("the host is gone, and {notice:?} of {unit} never came"),
            }
        }
    };
    let late = format!("{notice:?} of {unit} never came");
    tokio::time::timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("{late}"))
}

pub(crate) fn names(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| &*finding.id).collect()
}

/// Runs `play` on a host that is gone the next moment, without a stop, as after a crash.
pub(crate) fn and_then_crash<F: Future<Output = ()>>(play: impl FnOnce() -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(play());
    runtime.shutdown_background();
}
