//! Plays the features. A step that is undefined, skipped or ambiguous fails the run, and so does a run
//! of fewer scenarios than there should be.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::wildcard_enum_match_arm,
    reason = "a step that cannot go on fails"
)]

mod given;
mod then;
mod when;

use cucumber::{World as _, writer::Stats as _};
use winddown_core::{Effect, Input, Moment, Span, UnitId};
use winddown_sim::{
    Arena, Outcome, Setup,
    chooser::Random,
    run,
    scenario::{HostPlan, Order, Scenario, UnitPlan, parse_span},
    story::{Entry, Story},
};

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

/// A scenario that was played.
#[derive(Debug)]
pub(crate) struct Played {
    setup: Setup,
    story: Story,
    outcome: Outcome,
    arena: Arena,
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
        let scenario = &self.scenario;
        self.played.get_or_insert_with(|| {
            let setup = Setup::new(scenario.clone()).unwrap();
            let mut arena = Arena::new(&setup);
            let mut story = Story::default();
            let outcome = run(&setup, &mut Random::new(1), &mut arena, Some(&mut story));
            assert_eq!(outcome.breach, None, "every claim holds whatever the feature is about");
            Played { setup, story, outcome, arena }
        })
    }
}

impl Played {
    fn id(&self, name: &str) -> UnitId {
        let count = u32::try_from(self.setup.unit_count()).unwrap();
        (0..count).map(UnitId).find(|unit| self.setup.unit_name(*unit) == name).unwrap()
    }

    /// Every step: when, what came in, what was ordered.
    fn steps(&self) -> impl Iterator<Item = (Moment, Input, &[Effect])> {
        self.story.entries.iter().filter_map(|(at, entry)| match entry {
            Entry::Step { input, effects, .. } => Some((*at, *input, effects.as_slice())),
            Entry::Note(_) => None,
        })
    }

    /// Every order with its time.
    fn effects(&self) -> impl Iterator<Item = (Moment, Effect)> {
        self.steps().flat_map(|(at, _, effects)| effects.iter().map(move |effect| (at, *effect)))
    }

    /// The places of orders of one kind among all orders.
    fn places(&self, test: impl Fn(&Effect) -> bool) -> Vec<usize> {
        self.effects().enumerate().filter(|(_, (_, effect))| test(effect)).map(|(place, _)| place).collect()
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
