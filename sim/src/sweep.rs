//! Many seeds on all cores: each seed is one run, and what comes out does not depend on how many
//! threads there were.
//!
//! Seeds are handed out in blocks, a block that was begun is brought to its end, and results are put
//! together in the order of the blocks: whenever a sweep stops, it has run all seeds from its first one
//! to some other one, and can be repeated as just that. There is no clock here: whoever looks on says
//! when it is enough.

use std::{
    any::Any,
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

pub use crate::search::Source;

use crate::{
    claims::{Breach, Claim},
    coverage::Coverage,
    setup::SetupError,
    world::{Arena, Ended, Outcome},
};

/// How many breaches are kept; all are counted.
pub const BREACHES_KEPT: usize = 100;

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
    /// Stop at the first failure: the one with the smallest seed, however many threads there are.
    pub until_failure: bool,
    /// Run every seed twice and compare.
    pub check_determinism: bool,
}

/// Who looks on while a sweep runs. Called from all threads.
pub trait Watcher: Sync {
    /// So many seeds are done in all.
    fn progress(&self, _done: u64) {}
    /// A breach was found just now, and nothing else is done with it before this returns.
    fn found(&self, _seed: u64, _breach: &Breach) {}
    /// A run has panicked just now: an assertion of ours does not hold.
    fn panicked(&self, _seed: u64, _message: &str) {}
    /// Whether to stop: somebody has interrupted, or the time is over. Asked before each block of seeds.
    fn must_stop(&self) -> bool {
        false
    }
}

/// A seed that cannot be run. A generated scenario always can: this is a bug of the generator.
#[derive(Debug, thiserror::Error)]
#[error("failed to make a scenario of seed {seed}")]
pub struct Unplayable {
    /// Which.
    pub seed: u64,
    /// Why.
    #[source]
    pub error: SetupError,
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
    /// The seed after the last one that was run.
    pub end: u64,
    /// How many inputs the engine took in all of them.
    pub steps: u64,
    /// How much virtual time went by, in nanoseconds.
    pub virtual_nanos: u128,
    /// Runs that ended with exit code 0, and with another.
    pub exits: [u64; 2],
    /// How often a host's process died, kills from outside among them.
    pub crashes: u64,
    /// In how many runs an outer supervisor killed a host.
    pub killed: u64,
    /// What was seen.
    pub coverage: Coverage,
    /// Breaches in order of their seeds, at most [`BREACHES_KEPT`] of them.
    pub breaches: Vec<(u64, Breach)>,
    /// How many there were.
    pub breach_count: u64,
    /// How often each claim was found broken.
    pub broken: BTreeMap<Claim, u64>,
    /// Seeds whose runs panicked, and what was said, at most [`BREACHES_KEPT`] of them.
    pub panics: Vec<(u64, String)>,
    /// How many there were.
    pub panic_count: u64,
    /// Seeds that did not give the same run twice.
    pub divergences: Vec<Divergence>,
    /// The exclusive or of all hashes: one number that says whether two sweeps were the same.
    pub hash: u64,
    /// It was stopped before all seeds were run.
    pub stopped: bool,
}

impl Campaign {
    /// Whether anything is wrong that `until_failure` waits for.
    #[must_use]
    pub const fn has_failed(&self) -> bool {
        self.breach_count > 0 || self.panic_count > 0 || !self.divergences.is_empty()
    }

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
            *self.broken.entry(breach.claim).or_default() += 1;
            self.breaches.push((seed, *breach));
        }
    }

    /// Adds the seeds that follow.
    fn append(&mut self, other: Self) {
        self.runs += other.runs;
        self.end = other.end;
        self.steps += other.steps;
        self.virtual_nanos += other.virtual_nanos;
        self.exits = [self.exits[0] + other.exits[0], self.exits[1] + other.exits[1]];
        self.crashes += other.crashes;
        self.killed += other.killed;
        self.coverage.merge(&other.coverage);
        self.breaches.extend(other.breaches);
        self.breaches.truncate(BREACHES_KEPT);
        self.breach_count += other.breach_count;
        for (claim, count) in other.broken {
            *self.broken.entry(claim).or_default() += count;
        }
        self.panics.extend(other.panics);
        self.panics.truncate(BREACHES_KEPT);
        self.panic_count += other.panic_count;
        self.divergences.extend(other.divergences);
        self.hash ^= other.hash;
    }
}

/// Runs all seeds of the order.
///
/// # Errors
/// If a generated scenario cannot be run.
pub fn sweep(order: &Order, watcher: &dyn Watcher) -> Result<Campaign, Unplayable> {
    let shared = Shared {
        order,
        watcher,
        next: AtomicU64::new(order.first),
        limit: AtomicU64::new(order.end),
        done: AtomicU64::new(0),
        stopped: AtomicBool::new(false),
        results: Mutex::new(Results::new(order.first)),
    };
    std::thread::scope(|scope| {
        for _ in 0..order.jobs.max(1) {
            scope.spawn(|| shared.work());
        }
    });
    let results = shared.results.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(unplayable) = results.unplayable {
        return Err(unplayable);
    }
    let stopped = shared.stopped.into_inner();
    Ok(Campaign { stopped, ..results.total })
}

/// The blocks that are done: those without a gap before them are put together already.
struct Results {
    next: u64,
    waiting: BTreeMap<u64, (u64, Campaign)>,
    total: Campaign,
    /// The failure that ends the sweep is in `total`: what follows does not count.
    closed: bool,
    unplayable: Option<Unplayable>,
}

impl Results {
    fn new(first: u64) -> Self {
        let total = Campaign { end: first, ..Campaign::default() };
        Self { next: first, waiting: BTreeMap::new(), total, closed: false, unplayable: None }
    }

    fn add(&mut self, first: u64, end: u64, part: Campaign, until_failure: bool) {
        self.waiting.insert(first, (end, part));
        while let Some((end, part)) = self.waiting.remove(&self.next) {
            self.next = end;
            if !self.closed {
                self.total.append(part);
                self.closed = until_failure && self.total.has_failed();
            }
        }
    }
}

struct Shared<'a> {
    order: &'a Order,
    watcher: &'a dyn Watcher,
    next: AtomicU64,
    /// No seed from here on is needed.
    limit: AtomicU64,
    done: AtomicU64,
    stopped: AtomicBool,
    results: Mutex<Results>,
}

impl Shared<'_> {
    fn work(&self) {
        let mut arena = None;
        while let Some((first, end)) = self.take() {
            if self.order.until_failure {
                // What a block has seen is told by its arena, and blocks after the failure do not count.
                arena = None;
            }
            match self.block(first, end, &mut arena) {
                Ok(mut part) => {
                    if let Some(arena) = &arena {
                        part.coverage.merge(arena.coverage());
                    }
                    let runs = part.runs;
                    self.results().add(first, end, part, self.order.until_failure);
                    self.watcher.progress(self.done.fetch_add(runs, Ordering::Relaxed) + runs);
                }
                Err(unplayable) => {
                    self.limit.store(self.order.first, Ordering::Relaxed);
                    self.results().unplayable = Some(unplayable);
                }
            }
        }
    }

    fn results(&self) -> MutexGuard<'_, Results> {
        self.results.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next block of seeds, if there is one and it is wanted.
    fn take(&self) -> Option<(u64, u64)> {
        let limit = self.limit.load(Ordering::Relaxed);
        if self.next.load(Ordering::Relaxed) >= limit {
            return None;
        }
        if self.watcher.must_stop() {
            self.stopped.store(true, Ordering::Relaxed);
            return None;
        }
        let block = self.order.source.block();
        let after = |first: u64| first.saturating_add(block).min(self.order.end);
        let first = self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |first| {
            (first < limit).then(|| after(first))
        });
        first.ok().map(|first| (first, after(first)))
    }

    fn block(&self, first: u64, end: u64, arena: &mut Option<Arena>) -> Result<Campaign, Unplayable> {
        let mut part = Campaign::default();
        for seed in first..end {
            if seed >= self.limit.load(Ordering::Relaxed) {
                break;
            }
            part.end = seed + 1;
            self.one(seed, arena, &mut part)?;
            if self.order.until_failure && part.has_failed() {
                self.limit.fetch_min(seed + 1, Ordering::Relaxed);
            }
        }
        Ok(part)
    }

    fn one(&self, seed: u64, arena: &mut Option<Arena>, part: &mut Campaign) -> Result<(), Unplayable> {
        let Some(outcome) = self.play(seed, arena, part)? else { return Ok(()) };
        if let Some(breach) = &outcome.breach {
            self.watcher.found(seed, breach);
        }
        // The second run has an arena of its own: what an earlier run left behind must not matter.
        if self.order.check_determinism
            && let Some(again) = self.play(seed, &mut None, part)?
            && again.hash != outcome.hash
        {
            part.divergences.push(Divergence { seed, hashes: (outcome.hash, again.hash) });
        }
        part.add(seed, outcome);
        Ok(())
    }

    /// Plays a seed; `None` if it panicked. An arena that was left in the middle of a run is not used again.
    fn play(
        &self,
        seed: u64,
        arena: &mut Option<Arena>,
        part: &mut Campaign,
    ) -> Result<Option<Outcome>, Unplayable> {
        let source = &self.order.source;
        match catch_unwind(AssertUnwindSafe(|| source.play(seed, arena, None))) {
            Ok(Ok((_, outcome))) => Ok(Some(outcome)),
            Ok(Err(error)) => Err(Unplayable { seed, error }),
            Err(panic) => {
                let message = panic_message(panic.as_ref());
                self.watcher.panicked(seed, &message);
                if let Some(arena) = arena.take() {
                    part.coverage.merge(arena.coverage());
                }
                part.runs += 1;
                part.panic_count += 1;
                part.panics.push((seed, message));
                Ok(None)
            }
        }
    }
}

/// What a panic said.
#[must_use]
pub fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message").to_owned()
}
