//! Bodies that hold still, keep their state, wait for the disk, or never yield.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
        mpsc,
    },
    time::Duration,
};

use tokio::time::{sleep, timeout};
use winddown_host::{
    BodyResult, Context, Notice, Shutdown, Span, Status, Stop, Unit, contracts,
    store::{Finding, Memory},
};

use crate::harness::{PATIENCE, described, idle, names, until};

/// A body that counts, holds still when it is asked to, and goes on from where it was.
fn counter(steps: &Arc<AtomicU32>) -> Unit {
    let steps = Arc::clone(steps);
    Unit::task("engagement", move |context: Context| {
        let steps = Arc::clone(&steps);
        async move {
            let kept = context.state().map(|state| String::from_utf8_lossy(&state).parse());
            let kept: u32 = kept.transpose()?.unwrap_or(0);
            steps.store(kept, Ordering::SeqCst);
            loop {
                context.paused().await;
                context.check_cancellation()?;
                let step = steps.fetch_add(1, Ordering::SeqCst) + 1;
                context.keep(step.to_string().into_bytes());
                context.record((format!("step {step}"), [])).await;
                sleep(Duration::from_millis(100)).await;
            }
        }
    })
}

#[tokio::test(start_paused = true)]
async fn a_paused_body_does_nothing_until_it_is_resumed() {
    let steps = Arc::new(AtomicU32::new(0));
    let host = described(&Memory::new()).unit("count", counter(&steps)).start().await.unwrap();
    let mut news = host.news();
    host.start("count").await.unwrap();
    sleep(Duration::from_millis(250)).await;
    host.pause("count").await.unwrap();
    until(&mut news, "count", Notice::Paused).await;
    assert_eq!(host.inspect("count").await.unwrap().status, Status::Paused);
    let before = steps.load(Ordering::SeqCst);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(steps.load(Ordering::SeqCst), before);

    host.resume("count").await.unwrap();
    until(&mut news, "count", Notice::Resumed).await;
    sleep(Duration::from_millis(250)).await;
    assert!(steps.load(Ordering::SeqCst) > before);
    // A pause that is taken back before the body has seen it leaves it as it was.
    host.pause("count").await.unwrap();
    host.resume("count").await.unwrap();
    let before = steps.load(Ordering::SeqCst);
    sleep(Duration::from_millis(250)).await;
    assert!(steps.load(Ordering::SeqCst) > before);
    assert_eq!(host.inspect("count").await.unwrap().status, Status::Running);
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_holds_what_the_body_goes_on_from() {
    let memory = Memory::new();
    let steps = Arc::new(AtomicU32::new(0));
    let host = described(&memory).unit("count", counter(&steps)).start().await.unwrap();
    host.start("count").await.unwrap();
    sleep(Duration::from_millis(250)).await;
    let report = host.shutdown(Shutdown::default()).await.unwrap();
    let unit = report.unit("count").unwrap();
    assert_eq!((report.code(), unit.recorded, unit.saved), (0, 3, 3), "{report}");

    let host = described(&memory).unit("count", counter(&steps)).start().await.unwrap();
    host.start("count").await.unwrap();
    sleep(Duration::from_millis(50)).await;
    assert_eq!(steps.load(Ordering::SeqCst), 4);
    let findings = host.findings("count", 0, 9).await.unwrap();
    assert_eq!(names(&findings), ["step 1", "step 2", "step 3", "step 4"]);
}

#[tokio::test(start_paused = true)]
async fn whatever_a_body_waits_for_can_be_made_to_hold_still() {
    let body = async |context: Context| -> BodyResult {
        context.wait(sleep(Duration::from_secs(369))).await?;
        Ok(())
    };
    let host = described(&Memory::new()).unit("nav", Unit::task("engagement", body)).start().await.unwrap();
    host.start("nav").await.unwrap();
    let asked = tokio::time::Instant::now();
    assert_eq!(host.stop("nav").await.unwrap().status, Status::Stopped);
    assert_eq!(asked.elapsed(), Duration::ZERO, "it held still at once, so nothing was waited for");
}

#[tokio::test(start_paused = true)]
async fn a_durable_finding_is_acknowledged_when_it_is_written_and_not_before() {
    let memory = Memory::new();
    let (told, mut outcomes) = tokio::sync::mpsc::unbounded_channel();
    let body = move |context: Context| {
        let told = told.clone();
        async move {
            loop {
                let outcome = context.record_durable(("the one", "finding")).await;
                told.send(outcome.is_ok())?;
                context.wait(sleep(Duration::from_secs(10))).await?;
            }
        }
    };
    let host = described(&memory).unit("one", Unit::task("task", body)).start().await.unwrap();
    memory.hang(true);
    host.start("one").await.unwrap();
    assert!(timeout(Duration::from_secs(60), outcomes.recv()).await.is_err(), "nothing is written");
    memory.fail(true);
    memory.hang(false);
    assert_eq!(outcomes.recv().await, Some(false), "the disk is full");
    memory.fail(false);
    assert_eq!(outcomes.recv().await, Some(true), "told again, it is written again");
    assert_eq!(outcomes.recv().await, Some(true), "told once more, it is known to be there");
    let report = host.shutdown(Shutdown::default()).await.unwrap();
    let unit = report.unit("one").unwrap();
    assert_eq!((report.code(), unit.recorded, unit.saved), (0, 1, 1), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_never_yields_lingers_and_holds_up_nobody() {
    let release = Arc::new(AtomicBool::new(false));
    let spins = Arc::clone(&release);
    let (tell, mut began) = tokio::sync::mpsc::unbounded_channel();
    let body = move |_: Context| {
        let (spins, tell) = (Arc::clone(&spins), tell.clone());
        async move {
            tell.send(())?;
            while !spins.load(Ordering::SeqCst) {
                std::hint::spin_loop();
            }
            Ok(())
        }
    };
    let own = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let host = described(&Memory::new()).unit("spins", Unit::task("container", body));
    let host = host.bodies_on(own.handle().clone()).start().await.unwrap();
    host.start("spins").await.unwrap();
    began.recv().await.unwrap();
    let stopped = timeout(PATIENCE, host.stop("spins")).await.unwrap().unwrap();
    assert_eq!(stopped.status, Status::Stopped);
    assert!(host.inspect("spins").await.unwrap().body_lives);
    let report = timeout(PATIENCE, host.shutdown(Shutdown::default())).await.unwrap().unwrap();
    assert!(report.unit("spins").unwrap().lingers, "{report}");
    // It dies with the process; nothing of it is lost, and nothing outlives the host.
    assert_eq!(report.code(), 0, "{report}");
    release.store(true, Ordering::SeqCst);
    own.shutdown_background();
}

#[tokio::test(start_paused = true)]
async fn a_late_word_of_an_earlier_start_is_no_word_of_this_one() {
    let (hand, mut contexts) = tokio::sync::mpsc::unbounded_channel();
    let body = move |context: Context| {
        let hand = hand.clone();
        async move {
            hand.send(context.clone())?;
            Err(context.cancelled().await.into())
        }
    };
    let host = described(&Memory::new()).unit("one", Unit::task("container", body)).start().await.unwrap();
    host.start("one").await.unwrap();
    let early = contexts.recv().await.unwrap();
    host.stop("one").await.unwrap();
    host.start("one").await.unwrap();
    let late = contexts.recv().await.unwrap();
    assert_eq!((early.incarnation(), late.incarnation()), (1, 2));
    early.progress("half of it");
    early.record(Finding::from(("late", "but true"))).await;
    let info = host.inspect("one").await.unwrap();
    assert_eq!((info.status, info.progress, info.recorded), (Status::Running, None, 1));
    assert!(early.is_cancelled() && !late.is_cancelled());

    host.stop("one").await.unwrap();
    host.remove("one").await.unwrap();
    host.declare("two", Unit::task("container", idle)).await.unwrap();
    host.start("two").await.unwrap();
    // The number is the same, the unit is not.
    late.record(("stray", "")).await;
    assert!(late.record_durable(("stray", "")).await.is_err());
    assert_eq!(host.inspect("two").await.unwrap().recorded, 0);
}

/// Ends badly when it is asked to end; `panic` says how.
async fn spills(context: Context, panic: bool) -> BodyResult {
    context.cancelled().await;
    assert!(!panic, "the pipe is closed");
    Err("cannot flush, 10 jobs lost".into())
}

#[tokio::test]
async fn what_goes_wrong_while_a_body_is_stopped_is_told() {
    let (tell, told) = mpsc::channel();
    let mut host = described(&Memory::new())
        .kind("polite", contracts::graceful(Span::from_secs(5)))
        .on_stopped(move |stop| tell.send((stop.name.to_owned(), stop.error.map(str::to_owned))).unwrap())
        .unit("idle", Unit::task("polite", idle));
    for (name, kind, panic) in [
        ("stopped", "polite", false),
        ("again", "polite", false),
        ("cancelled", "polite", false),
        ("promised", "task", false),
        ("down", "polite", true),
    ] {
        host = host.unit(name, Unit::task(kind, move |context| spills(context, panic)));
    }
    let host = host.start().await.unwrap();
    let mut news = host.news();
    for name in ["idle", "stopped", "again", "cancelled", "promised", "down"] {
        host.start(name).await.unwrap();
    }
    assert_eq!(host.stop("stopped").await.unwrap().status, Status::Stopped, "a stop is a stop");
    let lost = Some("cannot flush, 10 jobs lost");
    assert_eq!(until(&mut news, "stopped", Notice::Stopped).await.text.as_deref(), lost);
    host.restart("again").await.unwrap();
    assert_eq!(until(&mut news, "again", Notice::Stopped).await.text.as_deref(), lost);
    host.stop_as("again", Stop::forced()).await.unwrap();
    host.cancel("cancelled", "too slow").await.unwrap();
    let text = until(&mut news, "cancelled", Notice::Cancelled).await.text;
    assert_eq!(text.as_deref(), Some("too slow; its error: cannot flush, 10 jobs lost"));
    host.cancel("promised", "").await.unwrap();
    let text = until(&mut news, "promised", Notice::Cancelled).await.text;
    assert_eq!(text.as_deref(), Some("Cancelled by user"), "this kind promises it before the body has gone");

    let report = host.shutdown(Shutdown::default()).await.unwrap();
    assert_eq!(until(&mut news, "idle", Notice::Stopped).await.text, None, "to hear of it is no error");
    let lines = [
        "exit 0: 6 units, 0 of 0 findings saved",
        "  stopped stopped: its error: cannot flush, 10 jobs lost",
        "  cancelled cancelled: its error: cannot flush, 10 jobs lost",
        "  promised cancelled: its error: cannot flush, 10 jobs lost",
        "  down stopped: its error: panicked: the pipe is closed",
    ];
    assert_eq!(report.to_string().lines().collect::<Vec<_>>(), lines);
    let mut told: Vec<(String, Option<String>)> = told.try_iter().collect();
    told.sort();
    let expected = [
        ("again", None),
        ("again", lost),
        ("cancelled", lost),
        ("down", Some("panicked: the pipe is closed")),
        ("idle", None),
        ("promised", lost),
        ("stopped", lost),
    ];
    assert_eq!(told, expected.map(|(name, error)| (name.to_owned(), error.map(str::to_owned))));
}
