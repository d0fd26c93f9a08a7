//! Plays a scenario on the real host: its driver, its bodies, its store.

mod body;
mod people;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::{
    runtime::Builder as Runtime,
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};
use winddown_core::{
    BodyClass, Disposition, Effect, Effects, Engine, Input, Moment, Plan, Signal, Span, UnitId,
};
use winddown_host::{
    Builder, Host, Report, Unit,
    store::{Kept, Memory, MemoryStore, Options, SqliteStore},
};
use winddown_sim::{
    Setup,
    fault::Faults,
    scenario::{HostPlan, Operator, Scenario, UnitPlan},
    story::Story,
};

use self::{
    body::{Alive, live},
    people::{attend, is, operate},
};
use crate::played::Played;

/// In real time, everything that a scenario says is so much faster. What a contract says is not.
const SPEED: u32 = 20;
/// In real time, a host that nobody stops is stopped so long after the last that anybody does.
const CALM: Duration = Duration::from_millis(150);

/// Which host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Clock {
    /// Time stands still while anything can be done, and rows are kept in memory.
    Paused,
    /// Time is the machine's, and rows are kept on disk.
    Real,
}

type Steps = Arc<Mutex<Vec<(Moment, Input, Disposition, Vec<Effect>)>>>;

/// Plays it.
pub(crate) fn hosted(scenario: &Scenario, clock: Clock) -> Played {
    let setup = Setup::new(scenario.clone()).unwrap();
    check(&setup);
    let mut runtime = Runtime::new_current_thread();
    let runtime = runtime.enable_all().start_paused(clock == Clock::Paused).build().unwrap();
    let steps = Steps::default();
    let alive: Vec<_> = (0..setup.unit_count()).map(|_| Arc::new(AtomicU32::new(0))).collect();
    let stage = Stage { setup: &setup, clock, alive: &alive };
    let (report, rows) = runtime.block_on(stage.play(Arc::clone(&steps)));
    let story = again(&setup.plan, &steps.lock().unwrap());
    Played {
        names: stage.names(),
        took: story.entries.last().map_or(Span::ZERO, |(at, _)| Moment::START.until(*at)),
        story,
        rows: stage.names().iter().map(|name| rows.iter().find(|kept| *kept.unit == **name)?.row).collect(),
        living: alive.iter().map(|alive| alive.load(Ordering::SeqCst) > 0).collect(),
        exit: Some(report.code()),
        killed_from_outside: false,
        report: report.whole.clone(),
        exact: clock == Clock::Paused,
    }
}

/// What cannot be played here is not left out in silence.
fn check(setup: &Setup) {
    let (host, usual) = (&setup.scenario.host, HostPlan::default());
    assert_eq!(setup.scenario.faults, Faults::NONE, "faults are not played here");
    assert_eq!(host.outer, usual.outer, "nobody runs this host");
    let disk = (host.row_takes, host.checkpoint_takes);
    assert_eq!(disk, (usual.row_takes, usual.checkpoint_takes), "the disk takes its own time");
    for (unit, kind) in setup.scenario.units.iter().zip(&setup.plan.kinds) {
        assert_eq!(kind.body, BodyClass::Task, "{} is a task here", unit.name);
        let (body, usual) = (unit.body, unit.system.body());
        let told = (body.on_pause, body.on_probe, body.on_checkpoint, body.on_remove);
        let usual = (usual.on_pause, usual.on_probe, usual.on_checkpoint, usual.on_remove);
        assert_eq!(told, usual, "{} only has its own way with a cancel", unit.name);
    }
}

/// Leads another engine through the same steps, which it has to take in the same way.
fn again(plan: &Arc<Plan>, steps: &[(Moment, Input, Disposition, Vec<Effect>)]) -> Story {
    let mut engine = Engine::new(Arc::clone(plan)).unwrap();
    let mut story = Story::default();
    for (at, input, disposition, effects) in steps {
        let mut same = Effects::new();
        assert_eq!(engine.handle(*at, *input, &mut same), *disposition, "{input:?}");
        assert_eq!(same.as_slice(), effects, "{input:?}");
        story.step(*at, *input, *disposition, effects, &engine);
    }
    story
}

/// What is to be played.
struct Stage<'a> {
    setup: &'a Setup,
    clock: Clock,
    /// How many bodies of each unit there are.
    alive: &'a [Arc<AtomicU32>],
}

impl Stage<'_> {
    async fn play(&self, steps: Steps) -> (Arc<Report>, Vec<Kept>) {
        let told = Arc::clone(&steps);
        let builder = self.described().on_step(move |at, input, disposition, effects| {
            told.lock().unwrap().push((at, *input, disposition, effects.to_vec()));
        });
        let (memory, folder) = (Memory::new(), tempfile::tempdir().unwrap());
        let file = folder.path().join("rows.db");
        let host = match self.clock {
            Clock::Paused => builder.memory(&memory),
            Clock::Real => builder.sqlite(&file),
        };
        let host = host.start().await.unwrap();
        let report = self.act(&host, &memory).await;
        let rows = match self.clock {
            Clock::Paused => MemoryStore::open(&memory, drop).1,
            Clock::Real => SqliteStore::open(&file, drop, &Options::default()).unwrap().1,
        };
        (report, rows)
    }

    fn described(&self) -> Builder {
        let plan = &self.setup.plan;
        let mut builder = Host::builder()
            .shutdown(plan.shutdown.clone())
            .force_within(plan.force_within.into())
            .record_patience(plan.record_patience.into());
        if let Some(units) = plan.at_once {
            builder = builder.at_once(units);
        }
        if let Some(units) = plan.owner_cap {
            builder = builder.owner_cap(units);
        }
        if let Some(grace) = plan.outer_grace {
            builder = builder.outer_grace(grace.into());
        }
        for (place, kind) in plan.kinds.iter().enumerate() {
            builder = builder.kind(format!("kind-{place}"), kind.clone());
        }
        for (place, name) in self.names().into_iter().enumerate() {
            builder = builder.unit(name, self.unit(place));
        }
        builder
    }

    fn unit(&self, place: usize) -> Unit {
        let (number, plan) = self.plans().nth(place).unwrap();
        let (body, takes, alive) = (plan.body, self.takes(), Arc::clone(&self.alive[place]));
        let unit = Unit::task(format!("kind-{number}"), move |context| {
            let alive = Alive::one_more(&alive);
            async move {
                let _alive = alive;
                live(context, body, takes).await
            }
        });
        let unit = unit.owner(plan.owner.to_string());
        let needed = self.names().into_iter().filter(|name| plan.depends_on.iter().any(|on| is(name, on)));
        needed.fold(unit, |unit, name| unit.needs(name))
    }

    /// For each unit, its plan and which one that is.
    fn plans(&self) -> impl Iterator<Item = (usize, &UnitPlan)> {
        let plans = self.setup.scenario.units.iter().enumerate();
        plans.flat_map(|(number, plan)| (0..plan.count).map(move |_| (number, plan)))
    }

    fn names(&self) -> Vec<String> {
        let count = u32::try_from(self.setup.unit_count()).unwrap();
        (0..count).map(|unit| self.setup.unit_name(UnitId(unit))).collect()
    }

    /// How long something takes that a scenario says.
    fn takes(&self) -> impl Fn(Span) -> Duration + Copy + Send + Sync + use<> {
        let speed = if self.clock == Clock::Real { SPEED } else { 1 };
        move |span| Duration::from(span) / speed
    }

    /// Everybody does what the scenario says, and in the end somebody stops the host.
    async fn act(&self, host: &Host, memory: &Memory) -> Arc<Report> {
        let (begin, takes) = (Instant::now(), self.takes());
        let mut acts = JoinSet::new();
        for number in 0..self.setup.scenario.host.clients {
            let broken = number < self.setup.scenario.host.broken_clients;
            let client = host.attach().await.unwrap();
            acts.spawn(attend(client, takes(self.setup.scenario.host.client_takes.min), broken));
        }
        for (name, (_, plan)) in self.names().into_iter().zip(self.plans()) {
            let Some(at) = plan.starts else { continue };
            let (host, at) = (host.clone(), begin + takes(at.min));
            acts.spawn(async move {
                sleep_until(at).await;
                drop(host.start(name).await);
            });
        }
        let mut last = begin;
        for Operator { at, times, ask } in &self.setup.scenario.operators {
            let at = begin + takes(at.min);
            last = last.max(at);
            for _ in 0..*times {
                acts.spawn(operate(host.clone(), memory.clone(), self.names(), at, ask.clone()));
            }
        }
        let calm = match self.clock {
            Clock::Paused => begin + takes(self.setup.scenario.storm),
            Clock::Real => last + CALM,
        };
        let stopper = host.clone();
        acts.spawn(async move {
            sleep_until(calm).await;
            stopper.signal(Signal::Terminate);
        });
        let report = host.wait().await.unwrap();
        acts.abort_all();
        while acts.join_next().await.is_some() {}
        // Bodies that were dropped at the exit are gone when the runtime has had a turn.
        sleep(Duration::from_millis(1)).await;
        report
    }
}
