//! Under tokio's paused clock: what takes minutes for a body takes no time to test, and every moment is
//! exact.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use winddown_host::{
    BodyResult, ClientOrder, Context, Error, Kind, Notice, Outcome, Shutdown, Signal, Span, Status, Stop,
    Unit, Why, contracts, store::Memory,
};

use crate::harness::{deaf, described, idle, names};

const NAVIGATION: Duration = Duration::from_secs(369);

/// A navigation that looks at nothing before it has its page.
async fn navigation(context: Context) -> BodyResult {
    context.record(("began", "the page loads")).await;
    sleep(NAVIGATION).await;
    context.record(("page", "loaded")).await;
    Ok(())
}

/// Whole milliseconds since `since`: tokio's clock has no finer ones.
fn millis(since: Instant) -> u128 {
    since.elapsed().as_millis()
}

#[tokio::test(start_paused = true)]
async fn a_navigation_of_369_seconds_is_stopped_at_once() {
    let memory = Memory::new();
    let host = described(&memory).unit("nav", Unit::task("container", navigation)).start().await.unwrap();
    host.start("nav").await.unwrap();
    sleep(Duration::from_secs(10)).await;
    let asked = Instant::now();
    assert_eq!(host.stop("nav").await.unwrap().status, Status::Stopped);
    assert_eq!(asked.elapsed(), Duration::ZERO);

    let report = host.shutdown(Shutdown::default()).await.unwrap();
    assert_eq!(asked.elapsed(), Duration::ZERO);
    let unit = report.unit("nav").unwrap();
    assert_eq!((report.code(), unit.recorded, unit.saved, unit.lingers), (0, 1, 1, false), "{report}");
    sleep(NAVIGATION).await;
    let host = described(&memory).start().await.unwrap();
    assert_eq!(
        names(&host.findings("nav", 0, 9).await.unwrap()),
        ["began"],
        "it was dropped where it waited"
    );
}

#[tokio::test(start_paused = true)]
async fn a_navigation_that_is_left_alone_takes_its_369_seconds() {
    let host = described(&Memory::new()).unit("nav", Unit::task("container", navigation));
    let host = host.start().await.unwrap();
    let mut news = host.news();
    let began = Instant::now();
    host.start("nav").await.unwrap();
    // The driver has no deadline of its own meanwhile, so nothing but the body moves the clock.
    let told = loop {
        let told = news.recv().await.unwrap();
        if told.notice.is_terminal() {
            break told;
        }
    };
    assert_eq!((told.notice, began.elapsed()), (Notice::Completed, NAVIGATION));
}

#[tokio::test(start_paused = true)]
async fn an_engagement_has_a_second_to_hold_still_and_loses_nothing_if_it_does_not() {
    let memory = Memory::new();
    let host = described(&memory).unit("nav", Unit::task("engagement", navigation)).start().await.unwrap();
    host.start("nav").await.unwrap();
    sleep(Duration::from_secs(5)).await;
    let asked = Instant::now();
    host.stop("nav").await.unwrap();
    assert_eq!(millis(asked), 1_000);
    let info = host.inspect("nav").await.unwrap();
    assert_eq!((info.status, info.recorded, info.saved), (Status::Stopped, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_task_has_its_grace_and_then_it_is_dropped() {
    let host = described(&Memory::new()).unit("deaf", Unit::task("task", deaf)).start().await.unwrap();
    host.start("deaf").await.unwrap();
    let asked = Instant::now();
    assert_eq!(host.cancel("deaf", "enough").await, Ok(true));
    let report = host.shutdown(Shutdown::default()).await.unwrap();
    let unit = report.unit("deaf").unwrap();
    // What was promised is so at once; who waits for it waits for the ladder.
    assert_eq!((unit.status, millis(asked)), (Status::Cancelled, 5_000));
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_hangs_does_not_make_the_shutdown_longer_than_its_30_seconds() {
    let memory = Memory::new();
    let host = described(&memory).unit("nav", Unit::task("engagement", navigation)).start().await.unwrap();
    host.start("nav").await.unwrap();
    sleep(Duration::from_secs(3)).await;
    memory.hang(true);
    let asked = Instant::now();
    let report = host.shutdown(Shutdown::default()).await.unwrap();
    assert_eq!(millis(asked), 30_000);
    let unit = report.unit("nav").unwrap();
    assert_eq!((report.code(), unit.overran, unit.row_durable), (1, true, false), "{report}");
    assert_eq!(unit.unsaved(), 1, "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_second_signal_forces_and_hangup_does_not_stop() {
    let memory = Memory::new();
    let host = described(&memory).unit("deaf", Unit::task("task", deaf)).start().await.unwrap();
    host.start("deaf").await.unwrap();
    host.signal(Signal::Hangup);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(host.inspect("deaf").await.unwrap().status, Status::Running);
    let asked = Instant::now();
    host.signal(Signal::Terminate);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(host.start("deaf").await, Err(Error::Refused(Why::Draining)));
    host.signal(Signal::Interrupt);
    let report = host.wait().await.unwrap();
    assert_eq!((report.whole.forced, millis(asked)), (true, 2_000), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_becomes_shorter_answers_both_who_asked() {
    let host = described(&Memory::new()).unit("deaf", Unit::task("task", deaf)).start().await.unwrap();
    host.start("deaf").await.unwrap();
    let asked = Instant::now();
    let (long, short) = tokio::join!(host.stop("deaf"), async {
        sleep(Duration::from_secs(1)).await;
        host.stop_as("deaf", Stop::within(Duration::from_secs(1))).await
    });
    assert_eq!((long.unwrap().status, short.unwrap().status), (Status::Stopped, Status::Stopped));
    assert_eq!(millis(asked), 2_000);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_outlasts_its_budget_is_cancelled_and_says_so() {
    let kind = Kind { run_budget: Some(Span::from_secs(90)), ..contracts::task(Span::from_secs(5)) };
    let host = described(&Memory::new()).kind("timed", kind).unit("long", Unit::task("timed", idle));
    let host = host.start().await.unwrap();
    let mut news = host.subscribe("long").await.unwrap();
    let began = Instant::now();
    host.start("long").await.unwrap();
    let told = loop {
        let told = news.recv().await.unwrap();
        if told.notice.is_terminal() {
            break told;
        }
    };
    assert_eq!((told.notice, told.text.as_deref()), (Notice::TimedOut, Some("Timeout after 90s")));
    assert_eq!(millis(began), 90_000);
}

#[tokio::test(start_paused = true)]
async fn clients_are_told_and_let_go_and_one_that_hangs_holds_up_nobody_for_long() {
    let host = described(&Memory::new()).start().await.unwrap();
    let mut good = host.attach().await.unwrap();
    let _hangs = host.attach().await.unwrap();
    let serve = tokio::spawn(async move {
        let mut orders = Vec::new();
        loop {
            let order = good.order().await;
            orders.push(order);
            match order {
                ClientOrder::Tell { .. } => good.told(Outcome::Done),
                ClientOrder::Leave => return orders,
            }
        }
    });
    let asked = Instant::now();
    let report = host.shutdown(Shutdown::default()).await.unwrap();
    // A second to hear it, and a second to go.
    assert_eq!((report.code(), millis(asked)), (0, 2_000), "{report}");
    let orders = serve.await.unwrap();
    assert!(
        matches!(
            orders[..],
            [ClientOrder::Tell { by: Some(by) }, ClientOrder::Leave]
            if by == asked + Duration::from_secs(30)
        ),
        "{orders:?}"
    );
}
