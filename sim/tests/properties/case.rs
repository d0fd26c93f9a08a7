//! A case: a scenario and the answers to what it leaves open, printed so that a person can read and
//! replay it.

use core::fmt;

use proptest::test_runner::{TestCaseError, TestCaseResult};
use winddown_sim::{
    Arena, Outcome, Setup,
    chooser::{Label, Replay},
    run,
    shrink::{Kept, Recording},
    story::Story,
    timeline::{Heading, render},
};

/// A scenario with answers.
#[derive(Clone)]
pub(crate) struct Case(pub(crate) Recording);

/// A case played once.
pub(crate) struct Played {
    pub(crate) setup: Setup,
    pub(crate) arena: Arena,
    pub(crate) story: Story,
    pub(crate) outcome: Outcome,
}

impl Case {
    pub(crate) fn setup(&self) -> Setup {
        self.0.setup().unwrap_or_else(|error| panic!("a case is a scenario that can be run: {error}"))
    }

    pub(crate) fn play(&self) -> Played {
        self.play_in(Arena::new)
    }

    /// Plays it, and nobody judges: for what has to hold by itself.
    pub(crate) fn play_unjudged(&self) -> Played {
        self.play_in(Arena::unjudged)
    }

    fn play_in(&self, arena: impl FnOnce(&Setup) -> Arena) -> Played {
        let setup = self.setup();
        let (mut arena, mut story) = (arena(&setup), Story::default());
        let mut answers = Replay::new(self.0.tape.clone());
        let outcome = run(&setup, &mut answers, &mut arena, Some(&mut story));
        Played { setup, arena, story, outcome }
    }

    /// Plays it, with all claims.
    pub(crate) fn play_well(&self) -> Result<Played, TestCaseError> {
        let played = self.play();
        played.breaks_no_claim(self)?;
        Ok(played)
    }
}

impl Played {
    fn breaks_no_claim(&self, case: &Case) -> TestCaseResult {
        let Some(breach) = &self.outcome.breach else { return Ok(()) };
        let (claim, trace) = (breach.claim, self.outcome.hash);
        let file = Kept { recording: case.0.clone(), claim, trace }.to_text();
        Err(TestCaseError::fail(format!(
            "{} ({}) is broken at {}\n{}\n\n{}\n\
             as a file for `cargo xtask sim --replay FILE`:\n\n{file}",
            claim.name(),
            claim.id(),
            breach.at,
            breach.message,
            self.timeline()
        )))
    }

    /// What happened, line by line.
    pub(crate) fn timeline(&self) -> String {
        let heading = Heading {
            seed: None,
            scenario: self.setup.scenario.name.clone(),
            replay: "see below".to_owned(),
        };
        render(&self.setup, &heading, &self.story, &self.outcome, self.arena.engine())
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.scenario.to_toml())?;
        for label in Label::ALL {
            let answers = &self.0.tape.0[label as usize];
            if !answers.is_empty() {
                write!(formatter, "\n# answers {}", label.name())?;
                for answer in answers {
                    write!(formatter, " {answer}")?;
                }
            }
        }
        Ok(())
    }
}
