//! A body that finds faster than the disk writes: it waits, so that memory is bounded, and loses nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};
use winddown_host::{BodyResult, Context, Host, Shutdown, Span, Status, Unit, contracts, store::Memory};

use crate::harness::{PATIENCE, described, kinds};

/// 12 MiB of findings, of which a body may owe 1 MiB.
const FINDINGS: u32 = 3_000;
const SIZE: usize = 4096;
/// So many of them may be on their way, with what is counted beside their bytes; and one more, which waits.
const ON_THE_WAY: u32 = (1 << 20) / (4096 + 64 + 5) + 1;

/// A body that finds as fast as it may, and counts what it was let go on from. `durable`: it waits for each to be
/// so, and goes on with the next one whatever it hears.
fn hasty(found: &Arc<AtomicU32>, durable: bool) -> Unit {
    let found = Arc::clone(found);
    Unit::task("task", move |context: Context| {
        let found = Arc::clone(&found);
        async move {
            for number in 0..FINDINGS {
                let finding = (format!("{number:05}"), [0; SIZE]);
                if durable {
                    let _not_saved = context.record_durable(finding).await;
                } else {
                    context.record(finding).await;
                }
                found.fetch_add(1, Ordering::SeqCst);
            }
            Ok(())
        }
    })
}

async fn has_status(host: &Host, status: Status) {
    let is_so = async {
        while host.inspect("hasty").await.unwrap().status != status {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, is_so).await.unwrap_or_else(|_| panic!("it never is {status}"));
}

async fn all_are_there(host: &Host) {
    let there = host.findings("hasty", 0, u32::MAX).await.unwrap();
    let ids: Vec<String> = there.iter().map(|finding| finding.id.to_string()).collect();
    let told: Vec<String> = (0..FINDINGS).map(|number| format!("{number:05}")).collect();
    assert_eq!(ids, told, "each once, in order");
}

#[tokio::test(start_paused = true)]
async fn a_body_does_not_run_ahead_of_a_disk_that_hangs_or_fails() {
    type Trouble = fn(&Memory, bool);
    let (hang, fail) = (Memory::hang as Trouble, Memory::fail as Trouble);
    for (durable, trouble) in [(false, hang), (false, fail), (true, fail)] {
        let (memory, found) = (Memory::new(), Arc::new(AtomicU32::new(0)));
        let host = described(&memory).unit("hasty", hasty(&found, durable)).start().await.unwrap();
        trouble(&memory, true);
        host.start("hasty").await.unwrap();
        for _look in 0..10 {
            sleep(Duration::from_secs(1)).await;
            let recorded = host.inspect("hasty").await.unwrap().recorded;
            assert_eq!((found.load(Ordering::SeqCst), recorded), (ON_THE_WAY - 1, ON_THE_WAY));
        }
        trouble(&memory, false);
        has_status(&host, Status::Completed).await;
        all_are_there(&host).await;
        let report = host.shutdown(Shutdown::default()).await.unwrap();
        let unit = report.unit("hasty").unwrap();
        assert_eq!((report.code(), unit.recorded, unit.saved), (0, FINDINGS, FINDINGS));
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_waits_for_the_disk_can_be_stopped_and_keeps_what_it_recorded() {
    let (memory, found) = (Memory::new(), Arc::new(AtomicU32::new(0)));
    let host = described(&memory).unit("hasty", hasty(&found, false)).start().await.unwrap();
    memory.hang(true);
    host.start("hasty").await.unwrap();
    sleep(Duration::from_secs(1)).await;
    let stopped = tokio::spawn({
        let host = host.clone();
        async move { host.stop("hasty").await }
    });
    // The grace of its kind is 5 s, and rows are waited for during one.
    sleep(Duration::from_millis(5_500)).await;
    assert!(!host.inspect("hasty").await.unwrap().body_lives, "it is dropped where it waits");
    memory.hang(false);
    stopped.await.unwrap().unwrap();
    let there = host.findings("hasty", 0, u32::MAX).await.unwrap().len();
    assert_eq!(
        there,
        ON_THE_WAY as usize + 1,
        "with the one that waited, and the next one, which waited again"
    );
}

/// Finds something whenever it is told to, and looks after that whether it is asked to cancel.
fn thoughtful(size: usize, turns: &Arc<Notify>, found: &Arc<AtomicU32>) -> Unit {
    let (turns, found) = (Arc::clone(turns), Arc::clone(found));
    Unit::task("task", move |context: Context| {
        let (turns, found) = (Arc::clone(&turns), Arc::clone(&found));
        async move {
            for number in 0_u32.. {
                turns.notified().await;
                context.record((number.to_string(), vec![0; size])).await;
                found.fetch_add(1, Ordering::SeqCst);
                context.check_cancellation()?;
            }
            Ok(())
        }
    })
}

#[tokio::test(start_paused = true)]
async fn what_is_written_is_owed_no_longer_whoever_had_it_written() {
    const SIZE: usize = 100 << 10;
    let (memory, turns, found) = (Memory::new(), Arc::new(Notify::new()), Arc::new(AtomicU32::new(0)));
    let host = described(&memory).unit("slow", thoughtful(SIZE, &turns, &found)).start().await.unwrap();
    let turn = async || {
        turns.notify_one();
        sleep(Duration::from_millis(10)).await;
        found.load(Ordering::SeqCst)
    };
    host.start("slow").await.unwrap();
    // Three times what it may owe is written behind, and one write fails.
    for number in 1..=30 {
        memory.fail(number == 20);
        assert_eq!(turn().await, number);
    }
    memory.hang(true);
    for number in 31..=40 {
        assert_eq!(turn().await, number, "it owes less than 1 MiB");
    }
    assert_eq!(turn().await, 40, "and then it waits");
    assert_eq!(host.inspect("slow").await.unwrap().recorded, 41);
    memory.hang(false);
    host.stop("slow").await.unwrap();
    assert_eq!(host.findings("slow", 0, u32::MAX).await.unwrap().len(), 41);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_waits_for_the_disk_hears_that_it_is_asked_to_cancel() {
    let (memory, turns, found) = (Memory::new(), Arc::new(Notify::new()), Arc::new(AtomicU32::new(0)));
    let host = described(&memory).unit("slow", thoughtful(2 << 20, &turns, &found)).start().await.unwrap();
    memory.hang(true);
    host.start("slow").await.unwrap();
    turns.notify_one();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(found.load(Ordering::SeqCst), 0);
    let stopped = tokio::spawn({
        let host = host.clone();
        async move { host.stop("slow").await }
    });
    sleep(Duration::from_millis(10)).await;
    assert!(!host.inspect("slow").await.unwrap().body_lives, "long before its grace is over");
    memory.hang(false);
    stopped.await.unwrap().unwrap();
    assert_eq!(host.findings("slow", 0, u32::MAX).await.unwrap().len(), 1, "what it waited with is kept");
}

#[tokio::test(start_paused = true)]
async fn who_waits_until_it_is_durable_hears_a_cancel_and_that_it_is_not_saved() {
    let (memory, told) = (Memory::new(), Arc::new(AtomicU32::new(0)));
    let heard = Arc::clone(&told);
    let unit = Unit::task("task", move |context: Context| {
        let heard = Arc::clone(&heard);
        async move {
            let saved = context.record_durable(("big", vec![0; 2 << 20])).await;
            heard.store(1 + u32::from(saved.is_err()), Ordering::SeqCst);
            Ok(context.check_cancellation()?)
        }
    });
    let host = described(&memory).unit("slow", unit).start().await.unwrap();
    memory.fail(true);
    host.start("slow").await.unwrap();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(told.load(Ordering::SeqCst), 0, "it waits for room");
    let stopped = tokio::spawn({
        let host = host.clone();
        async move { host.stop("slow").await }
    });
    sleep(Duration::from_millis(200)).await;
    assert_eq!(told.load(Ordering::SeqCst), 2, "long before its grace is over");
    memory.fail(false);
    // Its row failed with the disk; what was found is kept with the last write.
    drop(stopped.await.unwrap());
    host.shutdown(Shutdown::default()).await.unwrap();
    let again = described(&memory).start().await.unwrap();
    assert_eq!(again.findings("slow", 0, u32::MAX).await.unwrap().len(), 1, "what it waited with is kept");
}

#[tokio::test]
async fn on_disk_nothing_is_lost_either() {
    let directory = tempfile::tempdir().unwrap();
    let found = Arc::new(AtomicU32::new(0));
    let kind = contracts::task(Span::from_secs(5));
    let builder = kinds(Host::builder()).kind("quick", kind).sqlite(directory.path().join("state.db"));
    let quick = Unit::task("quick", async |context: Context| -> BodyResult {
        context.record_durable(("only", "one")).await?;
        Ok(())
    });
    let host = builder.unit("hasty", hasty(&found, false)).unit("quick", quick).start().await.unwrap();
    host.start("hasty").await.unwrap();
    host.start("quick").await.unwrap();
    has_status(&host, Status::Completed).await;
    all_are_there(&host).await;
    let report = host.shutdown(Shutdown::default()).await.unwrap();
    assert_eq!((report.code(), report.unit("quick").unwrap().status), (0, Status::Completed));
}

/// What is counted of a stop is what is true then: its row is on the way, and what is in it is not saved yet.
#[tokio::test]
async fn a_stop_is_counted_with_its_row_on_the_way() {
    let memory = Memory::new();
    let (tell, stops) = std::sync::mpsc::channel();
    let (found, mut finds) = tokio::sync::mpsc::unbounded_channel();
    let body = move |context: Context| {
        let found = found.clone();
        async move {
            context.record(("one", "")).await;
            found.send(())?;
            Err(context.cancelled().await.into())
        }
    };
    let host = described(&memory)
        .kind("graceful", contracts::graceful(Span::from_secs(5)))
        .unit("careful", Unit::task("graceful", body))
        .on_stopped(move |stop| {
            let report = stop.report;
            tell.send((report.recorded, report.saved, report.row_durable)).unwrap_or_default();
        })
        .start()
        .await
        .unwrap();
    host.start("careful").await.unwrap();
    finds.recv().await.unwrap();
    host.stop("careful").await.unwrap();
    let counted = stops.recv().unwrap();
    let report = host.shutdown(Shutdown::default()).await.unwrap();
    let unit = report.unit("careful").unwrap();
    assert_eq!((counted, unit.saved, unit.row_durable), ((1, 0, false), 1, true));
}
