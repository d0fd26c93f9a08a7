//! The cases of the gate. Each is made ready outside of what is measured, and then measured once, in one
//! function of [`measured`]: that is how a tool that counts instructions knows where to begin and to end.

use winddown_core::{Kind, Span, UnitId, contracts};
use winddown_sim::{
    Arena, Setup,
    chooser::Random,
    explore::{Model, Scope},
    run,
    scenario::{Scenario, catalog::SHIPPED},
    sweep::Source,
};

use crate::host::{Counters, Host, World};

/// How often a stop is measured in one case.
const TURNS: u32 = 100;

/// One thing that is measured.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What it is called in the baseline.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    make: fn() -> Work,
}

impl Case {
    /// Makes it ready.
    #[must_use]
    pub fn prepare(&self) -> Work {
        (self.make)()
    }

    /// The case of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        CASES.iter().find(|case| case.name == name)
    }
}

/// A case that is ready.
pub struct Work(Box<dyn FnOnce() -> Counters>);

impl core::fmt::Debug for Work {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("Work")
    }
}

impl Work {
    /// Does it, once.
    #[must_use]
    pub fn measure(self) -> Counters {
        (self.0)()
    }
}

/// All of them.
pub const CASES: &[Case] = &[
    Case { name: "stop-of-1", about: "100 stops and starts of the only unit", make: || stop(1) },
    Case { name: "stop-of-1000", about: "the same among 1,000 units", make: || stop(1_000) },
    Case { name: "stop-of-100000", about: "the same among 100,000 units", make: || stop(100_000) },
    Case {
        name: "ladders-happy",
        about: "100 stops down each of the five ladders, everything works",
        make: || ladders(World::Happy),
    },
    Case {
        name: "ladders-hopeless",
        about: "the same, nothing is ever answered but writes",
        make: || ladders(World::Hopeless),
    },
    Case { name: "findings", about: "10,000 findings of 100 engagements", make: findings },
    Case { name: "shutdown-of-1000", about: "SIGTERM to 1,000 engagements, until the exit", make: shutdown },
    Case { name: "copy-of-100", about: "1,000 copies of an engine of 100 units", make: copies },
    Case { name: "storm", about: "50 runs of stop-storm, all claims on, hashed", make: storm },
    Case { name: "generated", about: "20 generated scenarios, made ready and run", make: generated },
    Case {
        name: "explore",
        about: "everything that can happen to two units in a small scope",
        make: explore,
    },
];

fn five() -> Vec<Kind> {
    vec![
        contracts::container(),
        contracts::provider(),
        contracts::engagement(),
        contracts::session(),
        contracts::task(Span::from_secs(5)),
    ]
}

fn stop(units: u32) -> Work {
    let mut host = Host::running(vec![contracts::container()], units);
    let unit = UnitId(units / 2);
    host.stop(unit, World::Happy);
    host.start(unit);
    host.counters = Counters::default();
    Work(Box::new(move || measured::stops(&mut host, unit)))
}

fn ladders(world: World) -> Work {
    let mut host = Host::running(five(), 1);
    Work(Box::new(move || measured::ladders(&mut host, world)))
}

fn findings() -> Work {
    let mut host = Host::running(vec![contracts::engagement()], 100);
    Work(Box::new(move || measured::findings(&mut host)))
}

fn shutdown() -> Work {
    let mut host = Host::running(vec![contracts::engagement()], 1_000);
    Work(Box::new(move || measured::shutdown(&mut host)))
}

fn copies() -> Work {
    let host = Host::running(five(), 20);
    let mut copy = host.clone();
    Work(Box::new(move || measured::copies(&host, &mut copy)))
}

/// The reference workload, made ready.
///
/// # Panics
/// If it were not shipped.
#[must_use]
#[expect(clippy::expect_used, reason = "a benchmark of what is known to be sound")]
pub fn stop_storm() -> Setup {
    let (_, text) = SHIPPED.iter().find(|(name, _)| *name == "stop-storm").expect("it is shipped");
    Setup::new(Scenario::parse(text).expect("it can be read")).expect("and run")
}

fn storm() -> Work {
    let setup = stop_storm();
    let mut arena = Arena::new(&setup);
    for seed in 1_000..1_050 {
        let _warm = run(&setup, &mut Random::new(seed), &mut arena, None);
    }
    Work(Box::new(move || measured::storm(&setup, &mut arena)))
}

fn generated() -> Work {
    let source = Source::Generated(None);
    Work(Box::new(move || measured::generated(&source)))
}

/// A scope of a few thousand states.
pub const SMALL_SCOPE: Scope = Scope { units: 2, stops: 1, ..Scope::REFERENCE };

#[expect(clippy::expect_used, reason = "a benchmark of what is known to be sound")]
fn explore() -> Work {
    let model = Model::new(SMALL_SCOPE).expect("the scope makes a plan");
    Work(Box::new(move || measured::explore(&model)))
}

/// What is measured. No function here calls another one.
pub mod measured {
    use super::{Arena, Counters, Host, Model, Random, Setup, Source, TURNS, UnitId, World, run};

    #[inline(never)]
    pub(super) fn stops(host: &mut Host, unit: UnitId) -> Counters {
        for _ in 0..TURNS {
            host.stop(unit, World::Happy);
            host.start(unit);
        }
        host.counters
    }

    #[inline(never)]
    pub(super) fn ladders(host: &mut Host, world: World) -> Counters {
        for _ in 0..TURNS {
            for unit in (0..5).map(UnitId) {
                if unit.0 == 4 {
                    host.cancel(unit, world);
                } else {
                    host.stop(unit, world);
                }
                host.start(unit);
            }
        }
        host.counters
    }

    #[inline(never)]
    pub(super) fn findings(host: &mut Host) -> Counters {
        for number in 0..10_000 {
            host.find(UnitId(number % 100));
        }
        host.counters
    }

    #[inline(never)]
    pub(super) fn shutdown(host: &mut Host) -> Counters {
        host.shut_down();
        assert!(host.has_exited(), "the host is down");
        host.counters
    }

    #[inline(never)]
    pub(super) fn copies(host: &Host, copy: &mut Host) -> Counters {
        for _ in 0..1_000 {
            copy.copy_from(host);
        }
        Counters { steps: 1_000, ..Counters::default() }
    }

    #[inline(never)]
    pub(super) fn storm(setup: &Setup, arena: &mut Arena) -> Counters {
        let mut counters = Counters::default();
        for seed in 0..50 {
            counters.steps += run(setup, &mut Random::new(seed), arena, None).steps;
        }
        counters
    }

    #[inline(never)]
    pub(super) fn generated(source: &Source) -> Counters {
        let mut counters = Counters::default();
        let mut arena = None;
        for seed in 0..20 {
            counters.steps += source.play(seed, &mut arena, None).map_or(0, |(_, outcome)| outcome.steps);
        }
        counters
    }

    #[inline(never)]
    pub(super) fn explore(model: &Model) -> Counters {
        Counters { steps: model.explore(u32::MAX, 1, &()).transitions, ..Counters::default() }
    }
}
