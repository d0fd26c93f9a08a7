//! A host is described, and started.

mod recover;

use std::{
    fmt,
    future::Future,
    io::Write,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    runtime::Handle,
    sync::{broadcast, mpsc, watch},
};
use winddown_core::{Disposition, Effect, Engine, Input, Kind, Ladder, Moment, Phase, Plan, contracts};

use crate::{
    body::{census::Census, process::Means},
    driver::{Driver, Message, Names, Parts},
    error::StartError,
    hooks::Hooks,
    host::Host,
    recorder::{Place, Recorder},
    report::{Report, UnitStop},
    signals,
    store::{Done, Kept, Memory, MemoryStore, Options, SqliteStore, Store},
    unit::{BodyResult, Unit},
};

/// So many notices may wait for a slow listener; then it misses the oldest.
const BACKLOG: usize = 4096;

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Teller = Box<dyn Fn(Done) + Send>;
type Trouble = Box<dyn Fn(Option<String>) + Send>;
type OpenStore = Box<dyn FnOnce(Teller, Trouble) -> Result<(Box<dyn Store>, Vec<Kept>), BoxError> + Send>;

/// A host to be described. See [`Host::builder`].
#[must_use]
pub struct Builder {
    kinds: Vec<(Arc<str>, Kind)>,
    plan: Plan,
    units: Vec<(Arc<str>, Unit)>,
    store: Option<OpenStore>,
    home: Option<PathBuf>,
    journal: Option<Place>,
    hooks: Hooks,
    signals: bool,
    bodies: Option<Handle>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            kinds: Vec::new(),
            plan: contracts::host(Vec::new()),
            units: Vec::new(),
            store: None,
            home: None,
            journal: None,
            hooks: Hooks::default(),
            signals: false,
            bodies: None,
        }
    }
}

impl Builder {
    /// Registers a kind of units: its ladder, its restart policy, its patience.
    /// [`contracts`](crate::contracts) has those of five systems, and
    /// [`graceful`](crate::contracts::graceful), which suits most tasks.
    pub fn kind(mut self, name: impl Into<Arc<str>>, kind: Kind) -> Self {
        self.kinds.push((name.into(), kind));
        self
    }

    /// Declares a unit. It does not run before it is started.
    pub fn unit(mut self, name: impl Into<Arc<str>>, unit: Unit) -> Self {
        self.units.push((name.into(), unit));
        self
    }

    /// Keeps rows and findings in one SQLite database.
    pub fn sqlite(self, path: impl AsRef<Path>) -> Self {
        self.sqlite_with(path, Options::default())
    }

    /// The same, opened in another way.
    pub fn sqlite_with(self, path: impl AsRef<Path>, options: Options) -> Self {
        let path: PathBuf = path.as_ref().to_owned();
        let mut described = self.home(path.clone());
        described.store = Some(Box::new(move |done, trouble| {
            let (store, kept) = SqliteStore::open_telling(&path, done, trouble, &options)?;
            Ok((Box::new(store), kept))
        }));
        described
    }

    /// Keeps rows and findings in memory: what is durable is so only as long as `memory` is.
    pub fn memory(self, memory: &Memory) -> Self {
        let memory = memory.clone();
        self.store(move |done| {
            let (store, kept) = MemoryStore::open(&memory, done);
            Ok((Box::new(store), kept))
        })
    }

    /// Keeps rows and findings wherever `open` says. What it is given has to be called with whatever the
    /// store has done.
    pub fn store<F>(mut self, open: F) -> Self
    where
        F: FnOnce(Teller) -> Result<(Box<dyn Store>, Vec<Kept>), BoxError> + Send + 'static,
    {
        self.store = Some(Box::new(move |done, _| open(done)));
        self
    }

    /// Where the state is that no other host has: what processes of this host are known by after a crash.
    /// Unless said, the path of the database.
    pub fn home(mut self, home: impl Into<PathBuf>) -> Self {
        self.home = Some(home.into());
        self
    }

    /// How the whole host goes down. Unless said, as [`contracts::daemon_shutdown`] does, in 30 s.
    pub fn shutdown(mut self, ladder: Ladder<Phase>) -> Self {
        self.plan.shutdown = ladder;
        self
    }

    /// How long a forced shutdown may take. Unless said, 5 s.
    pub fn force_within(mut self, time: Duration) -> Self {
        self.plan.force_within = time.into();
        self
    }

    /// How long a row may take to be written before its writer is told that it is not recorded. Unless
    /// said, 1 s.
    pub fn record_patience(mut self, time: Duration) -> Self {
        self.plan.record_patience = time.into();
        self
    }

    /// How many units a shutdown stops at the same time. Unless said, all of them.
    pub fn at_once(mut self, units: u16) -> Self {
        self.plan.at_once = Some(units);
        self
    }

    /// How many units one owner may have active at the same time. Unless said, as many as there are.
    pub fn owner_cap(mut self, units: u32) -> Self {
        self.plan.owner_cap = Some(units);
        self
    }

    /// When whoever runs this process kills it, counted from the first signal. A shutdown leaves a tenth
    /// of it as a margin.
    pub fn outer_grace(mut self, time: Duration) -> Self {
        self.plan.outer_grace = Some(time.into());
        self
    }

    /// SIGTERM and SIGINT shut the host down, and force it when one comes again; SIGHUP reloads.
    pub fn signals(mut self) -> Self {
        self.signals = true;
        self
    }

    /// Signals are left to whoever had them: for a test of a service that [takes them](Builder::signals).
    pub fn without_signals(mut self) -> Self {
        self.signals = false;
        self
    }

    /// What is done in a phase of the shutdown that concerns artifacts of this process: the lease, the
    /// listener, the socket, the PID file. Where several are given for one phase, all are done, in order.
    pub fn on_phase<F>(mut self, phase: Phase, work: F) -> Self
    where
        F: Future<Output = BodyResult> + Send + 'static,
    {
        self.hooks.add(phase, Box::pin(work));
        self
    }

    /// What is done when the configuration is to be read again. Must not block.
    pub fn on_reload(mut self, reload: impl Fn() + Send + 'static) -> Self {
        self.hooks.set_reload(Box::new(reload));
        self
    }

    /// What is done with a report as it stands: when the deadline has passed with units still there, and
    /// before the exit. Must not block.
    pub fn on_report(mut self, report: impl Fn(&Report) + Send + 'static) -> Self {
        self.hooks.set_report(Box::new(report));
        self
    }

    /// What is done with what is worth a line in a log and is no notice of a unit, as it happens: what an earlier
    /// host left was ended, the journal ends early. Must not block.
    pub fn on_remark(mut self, remark: impl FnMut(&str) + Send + 'static) -> Self {
        self.hooks.set_remark(Box::new(remark));
        self
    }

    /// What is done when the database begins to fail, with what it says, and with `None` when it works again.
    /// A store of one's own has to tell about itself. Must not block.
    pub fn on_trouble(mut self, trouble: impl FnMut(Option<&str>) + Send + 'static) -> Self {
        self.hooks.set_trouble(Box::new(trouble));
        self
    }

    /// What is done with every step of the engine: when it was, what came in, what became of it, and what
    /// the engine wants done. The same inputs at the same moments lead another engine of this plan through
    /// the same steps. Must not block.
    pub fn on_step<F>(mut self, step: F) -> Self
    where
        F: FnMut(Moment, &Input, Disposition, &[Effect]) + Send + 'static,
    {
        self.hooks.set_step(Box::new(step));
        self
    }

    /// What is done with every stop that is over, once each, as it went. Its final row is asked for then, and is not
    /// yet durable: `saved` counts what an earlier row or a checkpoint has, and the rest is on its way. Whether it
    /// arrived is in the [`Report`]. Must not block.
    pub fn on_stopped(mut self, stopped: impl FnMut(&UnitStop<'_>) + Send + 'static) -> Self {
        self.hooks.set_stopped(Box::new(stopped));
        self
    }

    /// Records every step of the engine in a new file, from the first one on: a flight recorder.
    /// `cargo xtask sim --journal FILE` plays it again.
    pub fn journal(mut self, file: impl Into<PathBuf>) -> Self {
        self.journal = Some(Place::File(file.into()));
        self
    }

    /// The same, wherever `out` leads. It is written to on a thread of its own.
    pub fn journal_to(mut self, out: impl Write + Send + 'static) -> Self {
        self.journal = Some(Place::Other(Box::new(out)));
        self
    }

    /// Where bodies run that are tasks. Unless said, on the runtime that the host is started on. With a
    /// runtime of their own, bodies that never yield cannot hold up the driver, nor those that mind processes.
    pub fn bodies_on(mut self, runtime: Handle) -> Self {
        self.bodies = Some(runtime);
        self
    }

    /// The plan that the engine will have, as it stands: the policies of all kinds, in the order in which they
    /// were registered, and those of the whole host.
    #[must_use]
    pub fn plan(&self) -> Plan {
        let kinds = self.kinds.iter().map(|(_, kind)| kind.clone()).collect();
        Plan { kinds, ..self.plan.clone() }
    }

    /// The kinds by name, in the order in which they were registered.
    pub fn kinds(&self) -> impl Iterator<Item = (&str, &Kind)> {
        self.kinds.iter().map(|(name, kind)| (&**name, kind))
    }

    /// The names of the units and of their kinds, in the order in which they were declared.
    pub fn units(&self) -> impl Iterator<Item = (&str, &str)> {
        self.units.iter().map(|(name, unit)| (&**name, &*unit.kind))
    }

    /// Opens the store, recovers what an earlier host left, and starts to work.
    ///
    /// # Errors
    /// What is wrong with the description, the store or what is in it.
    ///
    /// # Panics
    /// Outside of a tokio runtime that has time, as all of tokio does.
    pub async fn start(self) -> Result<Host, StartError> {
        let plan = self.plan();
        let kinds: Vec<_> = self.kinds.into_iter().map(|(name, _)| name).collect();
        let twice = kinds.iter().enumerate().find(|(place, name)| kinds[..*place].contains(name));
        if let Some((_, name)) = twice {
            return Err(StartError::KindTwice(Arc::clone(name)));
        }
        self.hooks.check(&plan)?;
        let engine = Engine::new(Arc::new(plan))?;
        let (sender, inbox) = mpsc::unbounded_channel();
        // Before anything else that takes time, so that no signal is missed.
        let signals = if self.signals { Some(signals::listen().map_err(StartError::Signals)?) } else { None };
        let (mut store, kept) = open(self.store, sender.clone()).await?;
        let left = recover::findings_of(&mut *store, kept).await?;
        let recorder = self.journal.map(|place| record(place, &kinds, engine.plan())).transpose()?;
        let news = broadcast::channel(BACKLOG).0;
        let mut driver = Driver::new(Parts {
            engine,
            names: Names { kinds, owners: Vec::new() },
            store,
            inbox,
            sender: sender.clone(),
            hooks: self.hooks,
            bodies: self.bodies.unwrap_or_else(Handle::current),
            means: Means { census: Census::start(), home: home_of(self.home) },
            recorder,
            news: news.clone(),
        });
        recover::declare(&mut driver, self.units, left)?;
        if let Some(signals) = signals {
            drop(tokio::spawn(signals.forward(sender.clone())));
        }
        let (report, done) = watch::channel(None);
        drop(tokio::spawn(driver.run(report)));
        Ok(Host { inbox: sender, done, news })
    }
}

/// What the host's processes are marked with. A host that has nothing that lasts is known by this process.
pub(crate) fn home_of(home: Option<PathBuf>) -> Arc<str> {
    static HOSTS: AtomicU64 = AtomicU64::new(0);
    match home {
        // However it was written.
        Some(home) => Arc::from(home.canonicalize().unwrap_or(home).to_string_lossy()),
        None => Arc::from(format!("{} {}", std::process::id(), HOSTS.fetch_add(1, Ordering::Relaxed))),
    }
}

fn record(place: Place, kinds: &[Arc<str>], plan: &Plan) -> Result<Recorder, StartError> {
    let kinds = kinds.iter().map(ToString::to_string).collect();
    Recorder::begin(place, kinds, plan.clone())
}

async fn open(
    store: Option<OpenStore>,
    inbox: mpsc::UnboundedSender<Message>,
) -> Result<(Box<dyn Store>, Vec<Kept>), StartError> {
    let open = store.ok_or(StartError::NoStore)?;
    // A driver that is gone needs to hear nothing.
    let told = inbox.clone();
    let tell = move |done| drop(told.send(Message::Stored(done)));
    let trouble = move |why| drop(inbox.send(Message::Trouble(why)));
    let opened = tokio::task::spawn_blocking(move || open(Box::new(tell), Box::new(trouble))).await;
    opened.map_err(|panic| StartError::Store(Box::new(panic)))?.map_err(StartError::Store)
}

impl fmt::Debug for Builder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds: Vec<_> = self.kinds.iter().map(|(name, _)| name).collect();
        let units: Vec<_> = self.units.iter().map(|(name, _)| name).collect();
        formatter
            .debug_struct("Builder")
            .field("kinds", &kinds)
            .field("units", &units)
            .field("signals", &self.signals)
            .finish_non_exhaustive()
    }
}
