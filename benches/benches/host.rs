//! The host beside what else there is to stop tokio tasks with, in the same run: one stop among many units,
//! and the shutdown of many idle ones. Rows are kept in memory here; `store` and `socket` have the disk.

#![expect(clippy::expect_used, reason = "a benchmark stops where things do not stop")]

use std::{
    future::{Future, pending},
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rustix::time::{ClockId, clock_gettime};
use tokio::{runtime::Runtime, task::JoinSet};
use tokio_graceful_shutdown::{SubsystemBuilder, SubsystemHandle, Toplevel};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use winddown_host::{Host, Report, Shutdown, Unit, contracts, store::Memory};

/// One thread: what is measured is work, not how it is shared out.
fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made")
}

/// A host of so many containers, all of them running and idle.
async fn idle_host(units: u32, memory: &Memory) -> Host {
    let mut builder = Host::builder().memory(memory).kind("container", contracts::container());
    for unit in 0..units {
        builder = builder.unit(name(unit), Unit::task("container", |_| pending()));
    }
    let host = builder.start().await.expect("it starts");
    for unit in 0..units {
        host.start(name(unit)).await.expect("it starts");
    }
    host
}

fn name(unit: u32) -> String {
    format!("unit-{unit}")
}

/// A stop as a caller in this process sees it, its row written: however many other units live.
fn stop(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("host/stop");
    for units in [1, 1_000, 100_000] {
        let host = runtime.block_on(idle_host(units, &Memory::new()));
        group.bench_function(BenchmarkId::from_parameter(units), |bencher| {
            bencher.iter_custom(|times| {
                runtime.block_on(async {
                    let mut took = Duration::ZERO;
                    for _ in 0..times {
                        let began = Instant::now();
                        black_box(host.stop("unit-0").await).expect("it stops");
                        took += began.elapsed();
                        host.start("unit-0").await.expect("it starts");
                    }
                    took
                })
            });
        });
        runtime.block_on(host.shutdown(Shutdown::forced())).expect("it shuts down");
    }
    group.finish();
}

/// Times what `made` says is to be done, and nothing of how it is made, or of what is left of it.
async fn timed<M, W, L>(times: u64, made: impl Fn() -> M) -> Duration
where
    M: Future<Output = W>,
    W: AsyncFnOnce() -> L,
{
    let mut took = Duration::ZERO;
    for _ in 0..times {
        let work = made().await;
        let (_, time) = spent(work).await;
        took += time;
    }
    took
}

/// What something takes of the processors, and of time.
async fn spent<L>(work: impl AsyncFnOnce() -> L) -> (Duration, Duration) {
    let cpu = || Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).expect("a span");
    let (before, began) = (cpu(), Instant::now());
    let left = work().await;
    let spent = (cpu() - before, began.elapsed());
    drop(left);
    spent
}

/// The shutdown of so many idle tasks: with a ladder each, a report, and a row written for each of them; and
/// what tokio and others do with neither.
fn shutdown(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("host/shutdown");
    group.sample_size(10);
    for tasks in [1_000, 100_000_u32] {
        group.throughput(Throughput::Elements(tasks.into()));
        group.bench_function(BenchmarkId::new("winddown", tasks), |bencher| {
            bencher.iter_custom(|times| runtime.block_on(timed(times, || winddown(tasks))));
        });
        group.bench_function(BenchmarkId::new("abort-and-join", tasks), |bencher| {
            bencher.iter_custom(|times| runtime.block_on(timed(times, || join_set(tasks))));
        });
        group.bench_function(BenchmarkId::new("task-tracker", tasks), |bencher| {
            bencher.iter_custom(|times| runtime.block_on(timed(times, || task_tracker(tasks))));
        });
    }
    let tasks = 1_000;
    group.throughput(Throughput::Elements(tasks.into()));
    group.bench_function(BenchmarkId::new("tokio-graceful-shutdown", tasks), |bencher| {
        bencher.iter_custom(|times| runtime.block_on(subsystems(times, tasks)));
    });
    group.finish();
}

/// What the shutdown of idle tasks takes of the processors, which is what its goal speaks of, and of time; and
/// what it takes to abort and to join as many. In turns, and the medians.
#[expect(clippy::print_stdout, clippy::float_arithmetic, reason = "a figure for people")]
fn shutdown_cpu(_criterion: &mut Criterion) {
    println!("\nshutdown of idle tasks: CPU (and time) for each of them");
    println!("  goal: less than 1 µs of CPU more than abort and join");
    let runtime = runtime();
    for tasks in [1_000, 100_000_u32] {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..9 {
            ours.push(runtime.block_on(async { spent(winddown(tasks).await).await }));
            theirs.push(runtime.block_on(async { spent(join_set(tasks).await).await }));
        }
        let each = |spent: Duration| spent.as_secs_f64() * 1e6 / f64::from(tasks);
        let [(ours, our_time), (theirs, their_time)] = [ours, theirs].map(|mut all| {
            all.sort_unstable();
            let (cpu, time) = all[all.len() / 2];
            (each(cpu), each(time))
        });
        println!(
            "  {tasks:7} tasks: {ours:.2} µs ({our_time:.2}) beside {theirs:.2} µs ({their_time:.2}): {:.2} µs more",
            ours - theirs,
        );
    }
}

/// What is left is what outlives the host.
async fn winddown(tasks: u32) -> impl AsyncFnOnce() -> (Host, Arc<Report>, Memory) {
    let memory = Memory::new();
    let host = idle_host(tasks, &memory).await;
    async move || {
        let report = host.shutdown(Shutdown::default()).await.expect("it shuts down");
        assert_eq!((report.code(), report.whole.units.len()), (0, tasks as usize));
        (host, report, memory)
    }
}

async fn join_set(tasks: u32) -> impl AsyncFnOnce() {
    let mut set = JoinSet::new();
    for _ in 0..tasks {
        set.spawn(pending::<()>());
    }
    tokio::task::yield_now().await;
    async move || {
        set.abort_all();
        while set.join_next().await.is_some() {}
    }
}

async fn task_tracker(tasks: u32) -> impl AsyncFnOnce() {
    let (tracker, token) = (TaskTracker::new(), CancellationToken::new());
    for _ in 0..tasks {
        tracker.spawn(token.clone().cancelled_owned());
    }
    tracker.close();
    tokio::task::yield_now().await;
    async move || {
        token.cancel();
        tracker.wait().await;
    }
}

/// From the request to the end of the last subsystem. Its own way of starting them leaves no other place
/// for the clock to begin.
async fn subsystems(times: u64, tasks: u32) -> Duration {
    let mut took = Duration::ZERO;
    for _ in 0..times {
        let (send, began) = tokio::sync::oneshot::channel();
        let top = Toplevel::new(async move |subsystem: &mut SubsystemHandle| {
            for task in 0..tasks {
                subsystem.start(SubsystemBuilder::new(name(task), idle_subsystem));
            }
            // All of them have begun to wait.
            tokio::time::sleep(Duration::from_millis(20)).await;
            send.send(Instant::now()).expect("somebody times it");
            subsystem.request_shutdown();
        });
        top.handle_shutdown_requests(Duration::from_secs(30)).await.expect("it shuts down");
        took += began.await.expect("it began").elapsed();
    }
    took
}

async fn idle_subsystem(subsystem: &mut SubsystemHandle) -> Result<(), std::io::Error> {
    subsystem.on_shutdown_requested().await;
    Ok(())
}

criterion_group!(benches, stop, shutdown, shutdown_cpu);
criterion_main!(benches);
