//! A case: a scenario and the answers to what it leaves open, printed so that a person can read and
//! replay it.

use core::fmt;

use winddown_sim::{
    Arena, Outcome, Setup,
    chooser::{Label, Replay},
    run,
    shrink::{Kept, Limit, Recording, shrink},
    story::Story,
    timeline::{End, Heading, Kind, joined, lines},
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

    /// Plays it, and says which claim is broken, if one is.
    pub(crate) fn broken(&self) -> Option<String> {
        let played = self.play();
        let breach = played.outcome.breach.as_ref()?;
        let (claim, trace) = (breach.claim, played.outcome.hash);
        let file = Kept { recording: self.0.clone(), claim, trace }.to_text();
        Some(format!(
            "{} ({}) is broken at {}\n{}\n\n{}\n\
             as a file for `cargo xtask sim --replay FILE`:\n\n{file}",
            claim.name(),
            claim.id(),
            breach.at,
            breach.message,
            played.timeline()
        ))
    }

    /// The smallest case found that breaks the same claim.
    pub(crate) fn smaller(&self) -> Self {
        let claim = |outcome: &Outcome| outcome.breach.as_ref().map(|breach| breach.claim);
        let Some(broken) = claim(&self.play().outcome) else { return self.clone() };
        let same = |outcome: &Outcome| claim(outcome) == Some(broken);
        let shrunk = shrink(&self.0, &same, Limit::USUAL, &mut |_, _| true);
        shrunk.ok().flatten().map_or_else(|| self.clone(), |shrunk| Self(shrunk.recording))
    }
}

impl Played {
    /// What happened, line by line. That all claims held is not said: a law is about something else.
    pub(crate) fn timeline(&self) -> String {
        let replay = "the case below".to_owned();
        let heading = Heading { seed: None, scenario: self.setup.scenario.name.clone(), replay };
        let end = End::Over(&self.outcome);
        let mut lines = lines(&self.setup, &heading, &self.story, end, self.arena.engine());
        lines.retain(|line| line.kind != Kind::Held);
        joined(&lines)
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
