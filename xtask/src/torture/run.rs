//! Makes rounds of trials until there are as many as were asked for.

use std::{
    io::IsTerminal as _,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use indicatif::ProgressBar;

use super::{
    home::{Arena, Home},
    kinds::Torment,
    random::Random,
};
use crate::interrupt;

/// After so many failures a torment has said what it has to say.
const FAILURES: usize = 5;
/// So many lines of a log are told with a failure.
const LOG_LINES: usize = 12;

/// One round of a torment: some trials in one home.
pub(super) struct Round<'a> {
    pub(super) home: &'a Home<'a>,
    pub(super) random: Random,
    /// How many trials it is to make.
    pub(super) goal: u64,
    /// How many it has begun.
    trials: u64,
    slowest: Duration,
}

impl Round<'_> {
    /// One more trial is begun, if there is one left to make.
    pub(super) fn begin(&mut self) -> bool {
        let goes_on = self.trials < self.goal && !interrupt::asked();
        self.trials += u64::from(goes_on);
        goes_on
    }

    /// So many trials were made at once.
    pub(super) const fn count(&mut self, trials: u64) {
        self.trials += trials;
    }

    /// What the torment measures took so long.
    pub(super) fn took(&mut self, time: Duration) {
        self.slowest = self.slowest.max(time);
    }
}

/// What came of one torment.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) torment: &'static Torment,
    pub(super) trials: u64,
    pub(super) failures: Vec<Failure>,
    pub(super) slowest: Duration,
    pub(super) elapsed: Duration,
}

/// Something that did not hold.
#[derive(Debug)]
pub(super) struct Failure {
    /// What plays the round again.
    pub(super) seed: u64,
    pub(super) goal: u64,
    pub(super) what: String,
    /// The last lines of the daemon's log.
    pub(super) log: String,
    /// Where everything is kept.
    pub(super) kept: PathBuf,
}

/// Plays torments.
pub(super) struct Runner<'a> {
    arena: &'a Arena,
    seed: u64,
}

impl<'a> Runner<'a> {
    pub(super) fn new(arena: &'a Arena, seed: u64) -> Self {
        // The second one does not wait for a round to end, and leaves no process either.
        interrupt::listen_and(|| drop(Arena::end_all()));
        Self { arena, seed }
    }

    pub(super) fn is_interrupted(&self) -> bool {
        interrupt::asked()
    }

    pub(super) fn torment(&self, torment: &'static Torment, goal: u64) -> Result<Told> {
        let bar =
            if std::io::stderr().is_terminal() { ProgressBar::new(goal) } else { ProgressBar::hidden() };
        bar.set_prefix(torment.name);
        let began = Instant::now();
        let mut told = Told {
            torment,
            trials: 0,
            failures: Vec::new(),
            slowest: Duration::ZERO,
            elapsed: Duration::ZERO,
        };
        let mut seeds = Random::new(self.seed);
        // The first round has the seed that was said, so that a round can be played again by its own.
        let mut seed = self.seed;
        while told.trials < goal && told.failures.len() < FAILURES && !self.is_interrupted() {
            let batch = torment.batch.min(goal - told.trials);
            self.round(&mut told, seed, batch)?;
            bar.set_position(told.trials);
            seed = seeds.next();
        }
        bar.finish_and_clear();
        told.elapsed = began.elapsed();
        Ok(told)
    }

    fn round(&self, told: &mut Told, seed: u64, goal: u64) -> Result<()> {
        let home = self.arena.home().context("failed to make a directory for a torment")?;
        let mut round =
            Round { home: &home, random: Random::new(seed), goal, trials: 0, slowest: Duration::ZERO };
        let result = (told.torment.play)(&mut round);
        let Round { trials, slowest, .. } = round;
        // A round that failed before its first trial was one as well.
        told.trials += trials.max(1);
        told.slowest = told.slowest.max(slowest);
        if let Err(error) = result.and_then(|()| home.close()) {
            home.close().context("failed to end what a torment has started")?;
            told.failures.push(Failure {
                seed,
                goal,
                what: format!("{error:#}"),
                log: home.last_words(LOG_LINES),
                kept: home.keep(&format!("{}-{seed}", told.torment.name))?,
            });
        }
        Ok(())
    }
}
