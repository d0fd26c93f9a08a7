//! What runs for a unit on the real host: the body that a scenario describes.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep, sleep_until};
use winddown_core::Span;
use winddown_host::{BodyResult, Context};
use winddown_sim::scenario::{BodyPlan, Reaction};

/// Counts a body for as long as it is there.
pub(super) struct Alive(Arc<AtomicU32>);

impl Alive {
    pub(super) fn one_more(count: &Arc<AtomicU32>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The body that a scenario describes.
pub(super) async fn live(context: Context, plan: BodyPlan, takes: impl Fn(Span) -> Duration) -> BodyResult {
    let begin = Instant::now();
    if !plan.up_after.max.is_zero() {
        let up = context.clone();
        sleep(takes(plan.up_after.min)).await;
        up.started();
    }
    let end = async {
        match plan.lasts {
            Some(lasts) => sleep_until(begin + takes(lasts.min)).await,
            None => pending().await,
        }
    };
    let work = async {
        let stopped = find(&context, &plan, &takes).await;
        match plan.on_cancel {
            Reaction::Obeys(after) => {
                sleep(takes(after.min)).await;
                stopped
            }
            Reaction::Ignores | Reaction::Fails => pending().await,
        }
    };
    let own = async {
        if let Some(after) = plan.cancels_itself_after {
            sleep(takes(after.min)).await;
            drop(context.cancel("because it wants to").await);
        }
        pending::<()>().await;
    };
    tokio::select! {
        biased;
        () = end => if plan.fails { Err("it fails".into()) } else { Ok(()) },
        stopped = work => stopped,
        () = own => Ok(()),
    }
}

/// Finds things until it is asked to stop.
async fn find(context: &Context, plan: &BodyPlan, takes: impl Fn(Span) -> Duration) -> BodyResult {
    let mut found = 0;
    loop {
        let Some(every) = plan.finds_every else {
            context.wait(pending::<()>()).await?;
            continue;
        };
        context.wait(sleep(takes(every.min))).await?;
        found += 1;
        let finding = (format!("{}.{found}", context.incarnation()), "found");
        if plan.durable {
            // What could not be saved is recorded all the same.
            let _durable = context.record_durable(finding).await;
        } else {
            context.record(finding).await;
        }
    }
}
