//! Plays the features. A step that is undefined, skipped or ambiguous fails the run, and so does a run
//! of fewer scenarios than there should be.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::wildcard_enum_match_arm,
    reason = "a step that cannot go on fails"
)]

mod given;
mod hosted;
mod played;
mod then;
mod when;

use cucumber::{
    World as _,
    gherkin::{Feature, Rule, Scenario as Told},
    writer::Stats as _,
};
use winddown_core::Span;
use winddown_sim::scenario::{HostPlan, Order, Scenario, UnitPlan, parse_span};

use self::{hosted::Clock, played::Played};

/// Fewer passed scenarios than this mean that a file was not found, or not read.
const SCENARIOS_AT_LEAST: usize = 138;
/// The same for those that are played on a real host, too: `@host` and `@real`, and `@real` alone.
const HOST_AT_LEAST: usize = 61;
const REAL_AT_LEAST: usize = 22;

/// Where scenarios are played.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum World {
    /// In the simulator.
    Simulated,
    /// On the real host.
    Hosted(Clock),
}

impl World {
    const fn about(self) -> &'static str {
        match self {
            Self::Simulated => "in the simulated world",
            Self::Hosted(Clock::Paused) => "on the real host, its clock paused, in memory",
            Self::Hosted(Clock::Real) => "on the real host, in real time, on disk",
        }
    }
}

/// A scenario that is being told, and played when somebody first asks how it went.
#[derive(Debug, cucumber::World)]
#[world(init = Self::new)]
pub(crate) struct Stage {
    scenario: Scenario,
    /// When the host is first asked to stop.
    signalled: Option<Span>,
    /// Where it is played.
    world: World,
    played: Option<Played>,
}

impl Stage {
    fn new() -> Self {
        let scenario = Scenario {
            name: "feature".to_owned(),
            about: String::new(),
            order: Order::Timed,
            storm: Span::from_secs(400),
            host: HostPlan::default(),
            units: Vec::new(),
            operators: Vec::new(),
            faults: winddown_sim::fault::Faults::NONE,
            expect: winddown_sim::scenario::Expectation::default(),
        };
        Self { scenario, signalled: None, world: World::Simulated, played: None }
    }

    fn unit(&mut self, name: &str) -> &mut UnitPlan {
        self.scenario.units.iter_mut().find(|unit| unit.name == name).unwrap()
    }

    /// How it went. The first question plays it.
    fn played(&mut self) -> &Played {
        self.played.get_or_insert_with(|| match self.world {
            World::Simulated => played::simulated(&self.scenario),
            World::Hosted(clock) => hosted::hosted(&self.scenario, clock),
        })
    }
}

fn span(text: &str) -> Span {
    parse_span(text).unwrap()
}

fn main() {
    play(World::Simulated, SCENARIOS_AT_LEAST);
    play(World::Hosted(Clock::Paused), HOST_AT_LEAST);
    play(World::Hosted(Clock::Real), REAL_AT_LEAST);
}

/// Plays all of them in the simulator, those that are tagged `host` or `real` on a host whose clock is
/// paused, and those that are tagged `real` in real time, too.
fn play(world: World, at_least: usize) {
    println!("\n== features, {}", world.about());
    let features = concat!(env!("CARGO_MANIFEST_DIR"));
    let runner = Stage::cucumber().with_default_cli().max_concurrent_scenarios(1).fail_on_skipped();
    let runner = runner.before(move |_, _, _, stage| {
        stage.world = world;
        Box::pin(async {})
    });
    let meant = move |feature: &Feature, _: Option<&Rule>, scenario: &Told| {
        let tagged = |wanted: &str| feature.tags.iter().chain(&scenario.tags).any(|tag| tag == wanted);
        match world {
            World::Simulated => true,
            World::Hosted(Clock::Paused) => tagged("host") || tagged("real"),
            World::Hosted(Clock::Real) => tagged("real"),
        }
    };
    let writer = futures::executor::block_on(runner.filter_run(features, meant));
    let failed = writer.execution_has_failed();
    assert!(!failed, "a feature does not hold, {}", world.about());
    let passed = writer.scenarios_stats().passed;
    assert!(passed >= at_least, "only {passed} scenarios were played, {}", world.about());
}
