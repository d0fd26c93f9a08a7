//! Bodies that the daemon brings along, to try things with.

use std::time::Duration;

use tokio::time::sleep;

use crate::{BodyResult, Context};

use super::config::Demo;

/// How long a navigation takes, whoever wants it to end.
const NAVIGATION: Duration = Duration::from_secs(369);
/// How long one step of the others takes.
const STEP: Duration = Duration::from_millis(100);
/// How many steps a countdown has: a minute.
const COUNTDOWN: u32 = 600;

pub(super) async fn body(demo: Demo, context: Context) -> BodyResult {
    match demo {
        Demo::Navigation => sleep(NAVIGATION).await,
        Demo::Engagement => engage(&context).await?,
        Demo::Countdown => count(&context).await?,
        Demo::Spin => loop {
            std::hint::spin_loop();
        },
    }
    Ok(())
}

/// Goes on where its last checkpoint was. What it found after that is found again under the same names, so
/// that nothing is there twice.
async fn engage(context: &Context) -> BodyResult {
    let kept = context.state();
    let kept = kept.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok()?.parse().ok());
    for place in kept.unwrap_or(0_u32) + 1.. {
        context.wait(sleep(STEP)).await?;
        context.record((format!("place-{place}"), format!("surveyed place {place}"))).await;
        context.keep(place.to_string().into_bytes());
        if place % 10 == 0 {
            context.progress(format!("{place} places surveyed"));
        }
    }
    Ok(())
}

async fn count(context: &Context) -> BodyResult {
    for step in 0..COUNTDOWN {
        context.wait(sleep(STEP)).await?;
        if step % 10 == 0 {
            context.progress(format!("{} s left", (COUNTDOWN - step) / 10));
        }
    }
    Ok(())
}
