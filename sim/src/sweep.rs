//! Many seeds on all cores: each seed is one run, and what comes out does not depend on how many
//! threads there were.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use crate::{
    chooser::Random,
    claims::Breach,
    coverage::Coverage,
    scenario::{Scenario, System},
    setup::{Setup, SetupError},
    story::Story,
    world::{Arena, Ended, Outcome, run},
};

/// How many seeds a thread takes at a time: enough that threads rarely meet, few enough to stop soon.
const BLOCK: u64 = 64;

/// How many breaches are kept; all are counted.
const BREACHES_KEPT: usize = 100;

/// Where a seed's scenario comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// The seed makes it, of one system only if one is named.
    Generated(Option<System>),
    /// It is always this one, and the seed only makes what happens in it.
    Fixed(Box<Setup>),
}

impl Source {
    /// Runs one seed. The setup is what it was a run of.
    ///
    /// # Errors
    /// If the generated scenario cannot be run.
    pub fn play(
        &self,
        seed: u64,
        arena: &mut Option<Arena>,
        story: Option<&mut Story>,
    ) -> Result<(Setup, Outcome), SetupError> {
        let mut chooser = Random::new(seed);
        let setup = match self {
            Self::Generated(system) => Setup::new(Scenario::generate(&mut chooser, *system))?,
            Self::Fixed(setup) => Setup::clone(setup),
        };
        let arena = arena.get_or_insert_with(|| Arena::new(&setup));
        let outcome = run(&setup, &mut chooser, arena, story);
        Ok((setup, outcome))
    }

    /// The same, without a copy of a fixed setup.
    fn outcome(&self, seed: u64, arena: &mut Option<Arena>) -> Result<Outcome, SetupError> {
        match self {
            Self::Generated(_) => self.play(seed, arena, None).map(|(_, outcome)| outcome),
            Self::Fixed(setup) => {
                let arena = arena.get_or_insert_with(|| Arena::new(setup));
                Ok(run(setup, &mut Random::new(seed), arena, None))
            }
        }
    }
}

/// What a sweep is asked to do.
#[derive(Clone, Debug)]
pub struct Order {
    /// Where scenarios come from.
    pub source: Source,
    /// The first seed.
    pub first: u64,
    /// The seed after the last one.
    pub end: u64,
    /// On how many threads.
    pub jobs: usize,
    /// Stop at the first breach.
    pub until_failure: bool,
    /// Run every seed twice and compare.
    pub check_determinism: bool,
}

/// Who looks on while a sweep runs. Called from all threads.
pub trait Watcher: Sync {
    /// So many seeds are done in all.
    fn progress(&self, _done: u64) {}
    /// A breach was found just now.
    fn found(&self, _seed: u64, _breach: &Breach) {}
    /// Whether to stop: somebody has interrupted, or the time is over.
    fn must_stop(&self) -> bool {
        false
    }
}

/// A seed that did not give the same run twice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Divergence {
    /// Which.
    pub seed: u64,
    /// The two hashes.
    pub hashes: (u64, u64),
}

/// What came out of a sweep.
#[derive(Clone, Debug, Default)]
pub struct Campaign {
    /// How many runs there were.
    pub runs: u64,
    /// How many inputs the engine took in all of them.
    pub steps: u64,
    /// How much virtual time went by, in nanoseconds.
    pub virtual_nanos: u128,
    /// Runs that ended with exit code 0, and with another.
    pub exits: [u64; 2],
    /// How often a host's process died.
    pub crashes: u64,
    /// How often an outer supervisor killed a host.
    pub killed: u64,
    /// What was seen.
    pub coverage: Coverage,
    /// Breaches in order of their seeds, at most a hundred of them.
    pub breaches: Vec<(u64, Breach)>,
    /// How many there were.
    pub breach_count: u64,
    /// Seeds that did not give the same run twice.
    pub divergences: Vec<Divergence>,
    /// The exclusive or of all hashes: one number that says whether two sweeps were the same.
    pub hash: u64,
    /// Somebody interrupted it.
    pub stopped: bool,
}

impl Campaign {
    fn add(&mut self, seed: u64, outcome: Outcome) {
        self.runs += 1;
        self.steps += outcome.steps;
        self.virtual_nanos += u128::from(outcome.took.nanos());
        self.crashes += u64::from(outcome.crashes);
        self.killed += u64::from(outcome.killed);
        self.hash ^= outcome.hash.rotate_left(u32::try_from(seed % 64).unwrap_or_default());
        if let Ended::Exited(code) = outcome.ended {
            self.exits[usize::from(code != 0)] += 1;
        }
        if let Some(breach) = outcome.breach {
            self.breach_count += 1;
            self.breaches.push((seed, *breach));
            self.keep_first();
        }
    }

    fn keep_first(&mut self) {
        if self.breaches.len() >= 2 * BREACHES_KEPT {
            self.breaches.sort_by_key(|(seed, _)| *seed);
            self.breaches.truncate(BREACHES_KEPT);
        }
    }

    fn merge(&mut self, other: Self) {
        self.runs += other.runs;
        self.steps += other.steps;
        self.virtual_nanos += other.virtual_nanos;
        self.exits = [self.exits[0] + other.exits[0], self.exits[1] + other.exits[1]];
        self.crashes += other.crashes;
        self.killed += other.killed;
        self.coverage.merge(&other.coverage);
        self.breaches.extend(other.breaches);
        self.breach_count += other.breach_count;
        self.divergences.extend(other.divergences);
        self.hash ^= other.hash;
        self.stopped |= other.stopped;
    }
}

/// Runs all seeds of the order.
///
/// # Errors
/// If a generated scenario cannot be run.
pub fn sweep(order: &Order, watcher: &dyn Watcher) -> Result<Campaign, SetupError> {
    let shared = Shared {
        order,
        watcher,
        next: AtomicU64::new(order.first),
        done: AtomicU64::new(0),
        enough: AtomicBool::new(false),
        failure: Mutex::new(None),
    };
    let mut campaign = Campaign::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..order.jobs.max(1)).map(|_| scope.spawn(|| shared.work())).collect();
        for worker in workers {
            match worker.join() {
                Ok(part) => campaign.merge(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    if let Some(error) = shared.failure.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        return Err(error);
    }
    campaign.breaches.sort_by_key(|(seed, _)| *seed);
    campaign.breaches.truncate(BREACHES_KEPT);
    campaign.divergences.sort_by_key(|divergence| divergence.seed);
    Ok(campaign)
}

struct Shared<'a> {
    order: &'a Order,
    watcher: &'a dyn Watcher,
    next: AtomicU64,
    done: AtomicU64,
    enough: AtomicBool,
    failure: Mutex<Option<SetupError>>,
}

impl Shared<'_> {
    fn work(&self) -> Campaign {
        let mut campaign = Campaign::default();
        let mut arena = None;
        loop {
            let first = self.next.fetch_add(BLOCK, Ordering::Relaxed);
            if first >= self.order.end || self.enough.load(Ordering::Relaxed) {
                break;
            }
            if self.watcher.must_stop() {
                campaign.stopped = true;
                break;
            }
            let end = self.order.end.min(first.saturating_add(BLOCK));
            for seed in first..end {
                if let Err(error) = self.one(seed, &mut arena, &mut campaign) {
                    let mut failure = self.failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    *failure = Some(error);
                    self.enough.store(true, Ordering::Relaxed);
                    return campaign;
                }
                if self.order.until_failure && self.enough.load(Ordering::Relaxed) {
                    break;
                }
            }
            let done = self.done.fetch_add(end - first, Ordering::Relaxed) + (end - first);
            self.watcher.progress(done);
        }
        if let Some(arena) = &arena {
            campaign.coverage = *arena.coverage();
        }
        campaign
    }

    fn one(&self, seed: u64, arena: &mut Option<Arena>, campaign: &mut Campaign) -> Result<(), SetupError> {
        let outcome = self.order.source.outcome(seed, arena)?;
        if self.order.check_determinism {
            let again = self.order.source.outcome(seed, &mut None)?;
            if again.hash != outcome.hash {
                campaign.divergences.push(Divergence { seed, hashes: (outcome.hash, again.hash) });
                self.enough.store(self.order.until_failure, Ordering::Relaxed);
            }
        }
        if let Some(breach) = &outcome.breach {
            self.watcher.found(seed, breach);
            if self.order.until_failure {
                self.enough.store(true, Ordering::Relaxed);
            }
        }
        campaign.add(seed, outcome);
        Ok(())
    }
}
