//! A scenario that was played, whichever world it was played in.

use winddown_core::{Effect, Input, Moment, Report, Row, Span, UnitId, UnitReport};
use winddown_sim::{
    Arena, Ended, Setup,
    chooser::Random,
    run,
    scenario::Scenario,
    story::{Entry, Story},
};

/// How it went.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) names: Vec<String>,
    pub(crate) story: Story,
    pub(crate) report: Report,
    /// What is in the store in the end, by unit.
    pub(crate) rows: Vec<Option<Row>>,
    /// Whose bodies are still there in the end.
    pub(crate) living: Vec<bool>,
    pub(crate) exit: Option<u8>,
    pub(crate) killed_from_outside: bool,
    pub(crate) took: Span,
    /// Times mean what they say. If not, order and outcome do.
    pub(crate) exact: bool,
}

/// Plays it in the simulated world, with all claims.
pub(crate) fn simulated(scenario: &Scenario) -> Played {
    let setup = Setup::new(scenario.clone()).unwrap();
    let mut arena = Arena::new(&setup);
    let mut story = Story::default();
    let outcome = run(&setup, &mut Random::new(1), &mut arena, Some(&mut story));
    assert_eq!(outcome.breach, None, "every claim holds whatever the feature is about");
    let ids = || (0..u32::try_from(setup.unit_count()).unwrap()).map(UnitId);
    let lives = |unit| arena.bodies().iter().any(|body| body.unit == unit && body.alive);
    Played {
        names: ids().map(|unit| setup.unit_name(unit)).collect(),
        story,
        report: arena.engine().report(),
        rows: ids().map(|unit| arena.store().row(unit)).collect(),
        living: ids().map(lives).collect(),
        exit: match outcome.ended {
            Ended::Exited(code) => Some(code),
            Ended::Broken => None,
        },
        killed_from_outside: outcome.killed,
        took: outcome.took,
        exact: true,
    }
}

impl Played {
    pub(crate) fn id(&self, name: &str) -> UnitId {
        let place = self.names.iter().position(|other| other == name).unwrap();
        UnitId(u32::try_from(place).unwrap())
    }

    /// What the report says about a unit.
    pub(crate) fn unit_report(&self, name: &str) -> UnitReport {
        let unit = self.id(name);
        *self.report.units.iter().find(|report| report.unit == unit).unwrap()
    }

    pub(crate) fn row(&self, name: &str) -> Option<Row> {
        self.rows[self.id(name).index()]
    }

    /// Every step: when, what came in, what was ordered.
    pub(crate) fn steps(&self) -> impl Iterator<Item = (Moment, Input, &[Effect])> {
        self.story.entries.iter().filter_map(|(at, entry)| match entry {
            Entry::Step { input, effects, .. } => Some((*at, *input, effects.as_slice())),
            Entry::Note(_) => None,
        })
    }

    /// Every order with its time.
    pub(crate) fn effects(&self) -> impl Iterator<Item = (Moment, Effect)> {
        self.steps().flat_map(|(at, _, effects)| effects.iter().map(move |effect| (at, *effect)))
    }

    /// The places of orders of one kind among all orders.
    pub(crate) fn places(&self, test: impl Fn(&Effect) -> bool) -> Vec<usize> {
        self.effects().enumerate().filter(|(_, (_, effect))| test(effect)).map(|(place, _)| place).collect()
    }
}
