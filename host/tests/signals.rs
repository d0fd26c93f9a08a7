//! Real signals, in a process of its own: every host of a process hears all of them.

use std::{future::pending, time::Duration};

use rustix::process::{Signal, getpid, kill_process};
use winddown_host::{Builder, Context, Host, Shutdown, Unit, contracts, store::Memory};

fn described() -> Builder {
    Host::builder().memory(&Memory::new()).kind("task", contracts::task(winddown_host::Span::from_secs(20)))
}

/// A body that shows that it was asked to go, and does not.
async fn stubborn(context: Context) -> winddown_host::BodyResult {
    context.cancelled().await;
    context.progress("asked to go");
    pending().await
}

#[tokio::test]
async fn the_first_signal_is_graceful_and_the_second_one_forces() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let host = described().unit("stubborn", Unit::task("task", stubborn)).signals();
    let host = host.on_reload(move || tell.send("reload").unwrap()).start().await.unwrap();
    let mut news = host.news();
    host.start("stubborn").await.unwrap();
    let own = getpid();
    kill_process(own, Signal::HUP).unwrap();
    assert_eq!(told.recv().await, Some("reload"));

    kill_process(own, Signal::TERM).unwrap();
    let asked = async { while news.recv().await.unwrap().text.as_deref() != Some("asked to go") {} };
    // A unit that has its final status says nothing more; so its body is looked at instead.
    drop(tokio::time::timeout(Duration::from_millis(200), asked).await);
    assert!(host.inspect("stubborn").await.unwrap().body_lives, "it has its grace of 20 s");
    kill_process(own, Signal::INT).unwrap();
    let report = tokio::time::timeout(Duration::from_secs(10), host.wait()).await.unwrap().unwrap();
    assert!(report.whole.forced, "{report}");
    assert_eq!(host.shutdown(Shutdown::default()).await.unwrap(), report);
}
