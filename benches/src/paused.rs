//! The workload of `stop-storm` as a tokio program under tokio's paused clock: what people do today to
//! test a shutdown without waiting. No faults, no claims, no trace.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    runtime::{Builder, Runtime},
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use winddown_sim::{chooser::Label, entropy::Stream};

const WORKERS: usize = 10;
const CLIENTS: usize = 3;

/// What the shutdown has come to; whoever takes part waits for its own word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Working,
    Told,
    Paused,
    Gone,
}

/// A runtime whose clock only moves when everybody waits. Each run has its own, as each paused test has:
/// tasks that a run leaves behind, and the time that it began at, are no part of the next one.
#[expect(clippy::expect_used, reason = "a benchmark that cannot run has nothing to say")]
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime of one thread")
}

/// One run. Gives the findings lost, which is 0.
#[must_use]
pub fn paused(seed: u64) -> u64 {
    runtime().block_on(storm(Stream::new(seed, Label::Bodies), Stream::new(seed, Label::Host)))
}

struct Worker {
    found: Arc<AtomicU64>,
    saved: AtomicU64,
    stopped: AtomicU64,
    task: JoinHandle<()>,
}

impl Worker {
    fn save(&self) {
        self.saved.store(self.found.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

fn millis(dice: &mut Stream, most: u64) -> Duration {
    Duration::from_nanos(dice.below(most * 1_000_000))
}

fn seconds(dice: &mut Stream, most: u64) -> Duration {
    Duration::from_nanos(dice.below(most * 1_000_000_000))
}

async fn until(stage: &mut watch::Receiver<Stage>, wanted: Stage) {
    // The sender outlives everybody who waits.
    let _reached = stage.wait_for(|stage| *stage >= wanted).await;
}

async fn work(mut dice: Stream, found: Arc<AtomicU64>, mut stage: watch::Receiver<Stage>) {
    loop {
        let next = Duration::from_secs(1) + seconds(&mut dice, 368);
        tokio::select! {
            () = sleep(next) => { found.fetch_add(1, Ordering::Relaxed); }
            () = until(&mut stage, Stage::Paused) => return sleep(millis(&mut dice, 50)).await,
        }
    }
}

async fn client(mut dice: Stream, mut stage: watch::Receiver<Stage>, wanted: Stage) {
    until(&mut stage, wanted).await;
    sleep(millis(&mut dice, 100)).await;
}

async fn join(tasks: impl IntoIterator<Item = JoinHandle<()>>) {
    for task in tasks {
        // A task that was aborted is down as well.
        drop(task.await);
    }
}

async fn storm(mut dice: Stream, mut seeds: Stream) -> u64 {
    let (say, stage) = watch::channel(Stage::Working);
    let mut fork = move || Stream::new(seeds.next(), Label::Bodies);
    let clients = |fork: &mut dyn FnMut() -> Stream, wanted| -> Vec<_> {
        (0..CLIENTS).map(|_| tokio::spawn(client(fork(), stage.clone(), wanted))).collect()
    };
    let (told, gone) = (clients(&mut fork, Stage::Told), clients(&mut fork, Stage::Gone));
    let worker = |dice| {
        let found = Arc::new(AtomicU64::new(0));
        let task = tokio::spawn(work(dice, Arc::clone(&found), stage.clone()));
        Worker { found, saved: AtomicU64::new(0), stopped: AtomicU64::new(0), task }
    };
    let mut workers: Vec<Worker> = (0..WORKERS).map(|_| worker(fork())).collect();
    let start = Instant::now();
    let mut stops: Vec<Duration> = (0..5).map(|_| seconds(&mut dice, 400)).collect();
    stops.sort_unstable();
    let shutdown = seconds(&mut dice, 600);
    for at in stops.into_iter().filter(|at| *at < shutdown) {
        tokio::time::sleep_until(start + at).await;
        let place = usize::try_from(dice.below(WORKERS as u64)).unwrap_or_default();
        if workers[place].stopped.swap(1, Ordering::Relaxed) == 0 {
            workers[place].task.abort();
            sleep(millis(&mut dice, 5)).await;
            workers[place].save();
        }
    }
    tokio::time::sleep_until(start + shutdown).await;
    let down = async {
        say.send_replace(Stage::Told);
        join(told).await;
        say.send_replace(Stage::Paused);
        for worker in &mut workers {
            drop((&mut worker.task).await);
        }
        sleep(Duration::from_millis(5)).await;
        workers.iter().for_each(Worker::save);
        say.send_replace(Stage::Gone);
        join(gone).await;
        for _artifact in 0..3 {
            sleep(millis(&mut dice, 2)).await;
        }
    };
    let _in_time = timeout(Duration::from_secs(30), down).await;
    let lost = |worker: &Worker| worker.found.load(Ordering::Relaxed) - worker.saved.load(Ordering::Relaxed);
    workers.iter().map(lost).sum()
}

/// For scale: how long the caller of a stop waits where a stop cancels a body and then awaits it, and the
/// body only looks when its sleep of 369 s is over. In virtual time.
#[must_use]
pub fn stop_that_awaits(after: Duration) -> Duration {
    runtime().block_on(async {
        let navigation = tokio::spawn(sleep(Duration::from_secs(369)));
        sleep(after).await;
        let asked = Instant::now();
        drop(navigation.await);
        asked.elapsed()
    })
}
