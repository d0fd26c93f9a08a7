//! Plays the features. A step that is undefined, skipped or ambiguous fails the run, and so does a run
//! of fewer scenarios than there should be.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::wildcard_enum_match_arm,
    reason = "a step that cannot go on fails"
)]

mod given;
mod played;
mod then;
mod when;

use cucumber::{World as _, writer::Stats as _};
use winddown_core::Span;
use winddown_sim::scenario::{HostPlan, Order, Scenario, UnitPlan, parse_span};

use self::played::Played;

/// Fewer passed scenarios than this mean that a file was not found, or not read.
const SCENARIOS_AT_LEAST: usize = 138;

/// A scenario that is being told, and played when somebody first asks how it went.
#[derive(Debug, cucumber::World)]
#[world(init = Self::new)]
pub(crate) struct Stage {
    scenario: Scenario,
    /// When the host is first asked to stop.
    signalled: Option<Span>,
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
        };
        Self { scenario, signalled: None, played: None }
    }

    fn unit(&mut self, name: &str) -> &mut UnitPlan {
        self.scenario.units.iter_mut().find(|unit| unit.name == name).unwrap()
    }

    /// How it went. The first question plays it.
    fn played(&mut self) -> &Played {
        self.played.get_or_insert_with(|| played::simulated(&self.scenario))
    }
}

fn span(text: &str) -> Span {
    parse_span(text).unwrap()
}

fn main() {
    let features = concat!(env!("CARGO_MANIFEST_DIR"));
    let runner = Stage::cucumber().with_default_cli().max_concurrent_scenarios(1).fail_on_skipped();
    let writer = futures::executor::block_on(runner.run(features));
    let failed = writer.execution_has_failed();
    assert!(!failed, "a feature does not hold");
    let passed = writer.scenarios_stats().passed;
    assert!(passed >= SCENARIOS_AT_LEAST, "only {passed} scenarios were played");
}
