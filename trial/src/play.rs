//! One run: the service on a runtime of its own whose clock stands still while anything can be done.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    runtime::{Builder as Runtime, Handle},
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};
use winddown_core::{Disposition, Effect, Input, Moment, Plan, UnitId};
use winddown_host::{
    Builder, Error, Host, News, Notice, Report, Shutdown, Signal, Stop, UnitInfo, UnitReport, Why,
    store::{Memory, MemoryStore},
};
use winddown_sim::chooser::Label;

use crate::{
    course::{Ask, Dice, Disk, End, Life},
    disk::SlowStore,
    trouble::{Noticed, Trouble},
};

/// What the service is described by, anew for each life of its host.
pub(crate) type Service = Arc<dyn Fn() -> Builder + Send + Sync>;

/// One step of the engine.
pub(crate) type Step = (Moment, Input, Disposition, Vec<Effect>);

/// One stop that is over, and the error that its body ended with.
pub(crate) type Stopped = (UnitReport, Option<Arc<str>>);

/// What one life of the host came to.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) plan: Option<Plan>,
    /// The units' names, by number.
    pub(crate) names: Vec<Arc<str>>,
    pub(crate) steps: Vec<Step>,
    /// Stops of each unit that had their time, on a disk that works.
    pub(crate) stops: BTreeMap<Arc<str>, u32>,
    /// How long the shutdown took, and how long it might; nothing after a crash.
    pub(crate) down: Option<(Duration, Duration)>,
    pub(crate) report: Option<Arc<Report>>,
    /// It had its time, on a disk that works.
    pub(crate) patient: bool,
    /// And so had every unit that was stopped before.
    pub(crate) had_its_time: bool,
    pub(crate) noticed: Vec<Noticed>,
    /// Units whose start was refused, and why.
    pub(crate) refused: Vec<(Arc<str>, Error)>,
}

/// What is told while the host works.
#[derive(Debug, Default)]
struct Told {
    steps: Vec<Step>,
    stops: Vec<Stopped>,
    failures: Vec<News>,
}

#[derive(Clone, Debug, Default)]
struct Notes(Arc<Mutex<Told>>);

impl Notes {
    fn open(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many tasks are there when a host is down in which nothing ever ran: those that are its own or ours.
pub(crate) fn tasks_of_nothing(service: &Service) -> usize {
    let life = Life { disk: Disk::QUICK, asks: Vec::new(), end: (Duration::ZERO, End::Shutdown) };
    let stage = Stage { life: &life, seed: 0, memory: Memory::new(), notes: Notes::default(), idle: true };
    in_virtual_time(|| async { stage.live(service(), &mut Seen::default()).await })
}

/// Plays one life of the host on what an earlier one left. `tasks`: how many are there when nothing ran.
pub(crate) fn play(service: &Service, life: &Life, seed: u64, memory: &Memory, tasks: usize) -> Seen {
    let before = kept(memory);
    let notes = Notes::default();
    let stage = Stage { life, seed, memory: memory.clone(), notes: notes.clone(), idle: false };
    let mut seen = Seen { patient: life.disk.is_kind() && life.end.1.is_patient(), ..Seen::default() };
    let left = in_virtual_time(|| async { stage.live(service(), &mut seen).await });
    let told = mem::take(&mut *notes.open());
    seen.steps = told.steps;
    let cut_short = stage.cut_short(&seen.names);
    seen.notice_report(&cut_short);
    seen.notice_chances(&told.stops);
    seen.notice_tasks(left.saturating_sub(tasks));
    if life.disk.is_kind() {
        seen.notice_stops(&told.stops, &cut_short);
        seen.notice_failures(told.failures);
        seen.notice_order(&cut_short);
    }
    seen.notice_losses(&before, &kept(memory));
    seen
}

fn in_virtual_time<T, F: Future<Output = T>>(play: impl FnOnce() -> F) -> T {
    #[expect(clippy::expect_used, reason = "without a runtime there is no trial")]
    let runtime = Runtime::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
    let given = runtime.block_on(async { play().await });
    // Whatever is still there ends here, as with a process.
    runtime.shutdown_background();
    given
}

/// How many findings of each unit are durable.
fn kept(memory: &Memory) -> BTreeMap<Arc<str>, u32> {
    let kept = MemoryStore::open(memory, drop).1;
    kept.into_iter().map(|kept| (kept.unit, kept.row.map_or(0, |row| row.findings))).collect()
}

/// What is played.
struct Stage<'a> {
    life: &'a Life,
    seed: u64,
    memory: Memory,
    notes: Notes,
    /// Nothing is started.
    idle: bool,
}

impl Stage<'_> {
    /// Says how many tasks are left in the end.
    async fn live(&self, service: Builder, seen: &mut Seen) -> usize {
        let begin = Instant::now();
        seen.plan = Some(service.plan());
        // What an earlier life's disk was like is over.
        self.memory.fail(false);
        self.memory.hang(false);
        let host = match self.described(service).start().await {
            Ok(host) => host,
            Err(error) => {
                seen.noticed.push(Noticed::new(Trouble::NoHost, None, format!("no host: {error}")));
                return 0;
            }
        };
        let units = host.list().await.unwrap_or_default();
        seen.names = units.iter().map(|unit| Arc::clone(&unit.name)).collect();
        let mut people = JoinSet::new();
        people.spawn(listen(host.news(), self.notes.clone()));
        self.spoil_disk(&mut people, begin);
        self.start_and_ask(&host, &units, seen, &mut people, begin).await;
        let report = self.end(&host, begin).await;
        people.shutdown().await;
        let Some(report) = report else { return 0 };
        drop(host);
        // Those that were dropped at the exit are gone when the runtime has had a turn.
        sleep(Duration::from_millis(1)).await;
        seen.names.clone_from(&report.names);
        seen.report = Some(report);
        Handle::current().metrics().num_alive_tasks()
    }

    fn described(&self, service: Builder) -> Builder {
        let (runtime, memory, takes) = (Handle::current(), self.memory.clone(), self.life.disk.takes);
        let dice = Dice::new(self.seed, Label::Store);
        let (steps, stops) = (self.notes.clone(), self.notes.clone());
        service
            .store(move |done| {
                let (store, kept) = MemoryStore::open(&memory, done);
                let store = SlowStore::new(store);
                drop(runtime.spawn(store.clone().work(takes, dice)));
                Ok((Box::new(store), kept))
            })
            .on_step(move |at, input, disposition, effects| {
                steps.open().steps.push((at, *input, disposition, effects.to_vec()));
            })
            .on_stopped(move |stop| stops.open().stops.push((*stop.report, stop.error.map(Arc::from))))
            .without_signals()
    }

    fn spoil_disk(&self, people: &mut JoinSet<()>, begin: Instant) {
        let Some((from, until, hangs)) = self.life.disk.trouble else { return };
        let memory = self.memory.clone();
        people.spawn(async move {
            let spoil = |is: bool| if hangs { memory.hang(is) } else { memory.fail(is) };
            sleep_until(begin + from).await;
            spoil(true);
            sleep_until(begin + until).await;
            spoil(false);
        });
    }

    async fn start_and_ask(
        &self,
        host: &Host,
        units: &[UnitInfo],
        seen: &mut Seen,
        people: &mut JoinSet<()>,
        begin: Instant,
    ) {
        if self.idle || units.is_empty() {
            return;
        }
        for &(at, unit, ask) in &self.life.asks {
            let (host, name) = (host.clone(), Arc::clone(&units[place(unit, units.len())].name));
            people.spawn(async move {
                sleep_until(begin + at).await;
                put(&host, name, ask).await;
            });
        }
        for unit in units {
            match host.start(Arc::clone(&unit.name)).await {
                // A unit that ran when its host crashed may have been started again by its policy.
                Ok(()) | Err(Error::Refused(Why::AlreadyRunning) | Error::Gone) => {}
                Err(error) => seen.refused.push((Arc::clone(&unit.name), error)),
            }
        }
    }

    /// Units of which somebody asked that they stop by force, or within less time than their ladders take.
    fn cut_short(&self, names: &[Arc<str>]) -> Vec<Arc<str>> {
        let asks =
            self.life.asks.iter().filter(|(_, _, ask)| matches!(ask, Ask::StopWithin(_) | Ask::StopByForce));
        asks.filter_map(|(_, unit, _)| names.get(place(*unit, names.len())).cloned()).collect()
    }

    /// How the life ends. Nothing comes of a crash.
    async fn end(&self, host: &Host, begin: Instant) -> Option<Arc<Report>> {
        let (at, end) = self.life.end;
        // Somebody else may have ended it before.
        tokio::select! {
            biased;
            report = host.wait() => return report.ok(),
            () = sleep_until(begin + at) => {}
        }
        let shutdown = match end {
            End::Crash => return None,
            End::Signal | End::Signals(_) => {
                host.signal(Signal::Terminate);
                if let End::Signals(after) = end {
                    sleep(after).await;
                    host.signal(Signal::Terminate);
                }
                return host.wait().await.ok();
            }
            End::Shutdown => Shutdown::default(),
            End::ByForce => Shutdown::forced(),
            End::Within(time) => Shutdown::within(time),
        };
        host.shutdown(shutdown).await.ok()
    }
}

/// Which of so many units a number stands for.
fn place(unit: u64, units: usize) -> usize {
    usize::try_from(unit.checked_rem(units as u64).unwrap_or_default()).unwrap_or_default()
}

/// Somebody asks for something. What comes of it is in the host's own steps.
async fn put(host: &Host, name: Arc<str>, ask: Ask) {
    match ask {
        Ask::Start => drop(host.start(name).await),
        Ask::Stop => drop(host.stop(name).await),
        Ask::StopByForce => drop(host.stop_as(name, Stop::forced()).await),
        Ask::StopWithin(time) => drop(host.stop_as(name, Stop::within(time)).await),
        Ask::Cancel => drop(host.cancel(name, "").await),
        Ask::Restart => drop(host.restart(name).await),
        Ask::Pause(time) => {
            drop(host.pause(Arc::clone(&name)).await);
            sleep(time).await;
            drop(host.resume(name).await);
        }
    }
}

async fn listen(mut news: tokio::sync::broadcast::Receiver<News>, notes: Notes) {
    use tokio::sync::broadcast::error::RecvError;
    loop {
        match news.recv().await {
            Ok(told) if told.notice == Notice::Failed => notes.open().failures.push(told),
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

impl Seen {
    pub(crate) fn name(&self, unit: UnitId) -> Option<Arc<str>> {
        self.names.get(unit.index()).cloned()
    }

    pub(crate) fn notice(&mut self, trouble: Trouble, unit: Option<&Arc<str>>, words: impl Into<String>) {
        self.noticed.push(Noticed::new(trouble, unit, words));
    }
}
