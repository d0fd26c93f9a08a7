//! What a seed is a run of.

use std::borrow::Cow;

use super::{Answers, Priorities};
use crate::{
    chooser::Random,
    scenario::{Order, Scenario, System},
    setup::{Setup, SetupError},
    story::Story,
    world::{Arena, Outcome, run},
};

/// How many seeds a thread takes at a time: enough that threads rarely meet, few enough to stop soon.
const BLOCK: u64 = 64;

/// How many units all runs of a block may have together: a block of large scenarios is a small one, so
/// that it, too, is over soon.
const BLOCK_UNITS: u64 = 512;

/// Where a seed's scenario comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// The seed makes it, of one system only if one is named.
    Generated(Option<System>),
    /// The same, but untimed, and whoever has the highest priority is next ([`Priorities`]).
    Prioritized(Option<System>),
    /// It is always this one, and the seed only makes what happens in it.
    Fixed(Box<Setup>),
}

impl Source {
    /// What a seed is a run of, and the choices that are left for the run.
    ///
    /// # Errors
    /// If the generated scenario cannot be run.
    pub fn open(&self, seed: u64) -> Result<(Cow<'_, Setup>, Answers), SetupError> {
        let mut random = Random::new(seed);
        Ok(match self {
            Self::Generated(system) => {
                let setup = Setup::new(Scenario::generate(&mut random, *system))?;
                (Cow::Owned(setup), Answers::Random(random))
            }
            Self::Prioritized(system) => {
                let scenario = Scenario::generate(&mut random, *system);
                let setup = Setup::new(Scenario { order: Order::Untimed, ..scenario })?;
                (Cow::Owned(setup), Answers::Priorities(Priorities::new(random)))
            }
            Self::Fixed(setup) => (Cow::Borrowed(&**setup), Answers::Random(random)),
        })
    }

    /// Runs one seed. The setup is what it was a run of.
    ///
    /// # Errors
    /// If the generated scenario cannot be run.
    pub fn play(
        &self,
        seed: u64,
        arena: &mut Option<Arena>,
        story: Option<&mut Story>,
    ) -> Result<(Cow<'_, Setup>, Outcome), SetupError> {
        let (setup, mut answers) = self.open(seed)?;
        let arena = arena.get_or_insert_with(|| Arena::new(&setup));
        let outcome = match &mut answers {
            Answers::Random(random) => run(&setup, random, arena, story),
            Answers::Priorities(priorities) => run(&setup, priorities, arena, story),
        };
        Ok((setup, outcome))
    }

    /// How many seeds a thread takes at a time.
    pub(crate) fn block(&self) -> u64 {
        match self {
            Self::Generated(_) | Self::Prioritized(_) => BLOCK,
            Self::Fixed(setup) => (BLOCK_UNITS / setup.unit_count().max(1) as u64).clamp(1, BLOCK),
        }
    }
}
