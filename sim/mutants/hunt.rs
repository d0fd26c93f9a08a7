//! Hunts in the build that it is part of: which claim is found broken, after how many runs, and how
//! small a run shows it. `cargo xtask mutants` builds it with a bug planted in the engine.
//!
//! ```text
//! hunt STARTS RUNS CHOICES JOBS PCT
//! ```
//!
//! Each line that it prints is one finding, its parts separated by tabs.

use std::{
    env,
    io::{self, Write as _},
    panic::{AssertUnwindSafe, catch_unwind, set_hook},
    process::ExitCode,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Instant,
};

use winddown_sim::{
    claims::{Breach, Claim},
    explore::{self, Exploration, Model, Scope},
    shrink::{Limit, Recording, shrink},
    sweep::{self, Campaign, Order, Source, panic_message, sweep},
};

/// So far apart are the first seeds of two starts.
const APART: u64 = 1 << 32;

fn main() -> ExitCode {
    set_hook(Box::new(|_| {}));
    let numbers: Vec<u64> = env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let &[starts, runs, choices, jobs, pct] = numbers.as_slice() else {
        drop(writeln!(io::stderr(), "usage: hunt STARTS RUNS CHOICES JOBS PCT"));
        return ExitCode::from(2);
    };
    let jobs = usize::try_from(jobs).unwrap_or(1);
    let mut first = None;
    for start in 0..starts {
        let found = play("random", Source::Generated(None), start, runs, jobs);
        first = first.or(found);
        if pct > 0 {
            play("pct", Source::Prioritized(None), start, runs, jobs);
        }
    }
    if let Some((seed, claim)) = first {
        say(&smaller(seed, claim));
    }
    if choices > 0 {
        say(&exhaustive(choices, jobs));
    }
    ExitCode::SUCCESS
}

fn say(line: &str) {
    drop(writeln!(io::stdout(), "{line}"));
}

/// Plays seeds one after the other until one fails.
fn play(way: &str, source: Source, start: u64, runs: u64, jobs: usize) -> Option<(u64, Claim)> {
    let first = start * APART;
    let order =
        Order { source, first, end: first + runs, jobs, until_failure: true, check_determinism: false };
    let began = Instant::now();
    let campaign = match sweep(&order, &Quiet) {
        Ok(campaign) => campaign,
        Err(error) => {
            say(&format!("{way}\tpanicked\t0\t0\t{error}"));
            return None;
        }
    };
    let took = began.elapsed().as_micros();
    let Campaign { breaches, panics, .. } = campaign;
    match (breaches.into_iter().next(), panics.into_iter().next()) {
        (Some((seed, breach)), _) => {
            let Breach { claim, message, .. } = breach;
            say(&format!("{way}\tcaught\t{}\t{took}\t{}\t{seed}\t{message}", seed - first + 1, claim.name()));
            Some((seed, claim))
        }
        (None, Some((seed, message))) => {
            say(&format!("{way}\tpanicked\t{}\t{took}\tseed {seed}: {message}", seed - first + 1));
            None
        }
        (None, None) => {
            say(&format!("{way}\tnothing\t{runs}\t{took}"));
            None
        }
    }
}

struct Quiet;

impl sweep::Watcher for Quiet {}

fn smaller(seed: u64, claim: Claim) -> String {
    let began = Instant::now();
    let source = Source::Generated(None);
    let wanted =
        |outcome: &winddown_sim::Outcome| outcome.breach.as_ref().is_some_and(|breach| breach.claim == claim);
    let shrunk = Recording::of_seed(&source, seed).ok().and_then(|(recording, _)| {
        shrink(&recording, &wanted, Limit::USUAL, &mut |_, _| true).ok().flatten()
    });
    let Some(shrunk) = shrunk else { return "shrunk\tnothing".to_owned() };
    let (weight, runs, took) = (&shrunk.weight, shrunk.runs, began.elapsed().as_micros());
    format!("shrunk\t{}\t{}\t{}\t{}\t{runs}\t{took}", weight.units, weight.asks, weight.faults, weight.steps)
}

/// What is explored: the reference scope, and one unit of which something may fail.
const SCOPES: [Scope; 2] = [Scope::REFERENCE, Scope { units: 1, stops: 1, failures: 1, ..Scope::REFERENCE }];

/// Explores one scope after the other, each until a claim breaks or so many choices were tried.
fn exhaustive(most: u64, jobs: usize) -> String {
    let mut told = String::new();
    for scope in SCOPES {
        told = exhaust(scope, most, jobs);
        if !told.starts_with("exhaustive\tnothing") {
            break;
        }
    }
    told
}

fn exhaust(scope: Scope, most: u64, jobs: usize) -> String {
    let began = Instant::now();
    let looker = Looker { most, tried: AtomicU64::new(0), enough: AtomicBool::new(false) };
    let explored = catch_unwind(AssertUnwindSafe(|| {
        Model::new(scope).map(|model| model.explore(u32::MAX, jobs, &looker))
    }));
    let took = began.elapsed().as_micros();
    let tried = looker.tried.into_inner();
    match explored {
        Err(panic) => format!("exhaustive\tpanicked\t{tried}\t{took}\t{}", panic_message(panic.as_ref())),
        Ok(Err(error)) => format!("exhaustive\tpanicked\t{tried}\t{took}\t{error}"),
        Ok(Ok(Exploration { states, counterexample, .. })) => {
            match counterexample.and_then(|told| told.breach) {
                None => format!("exhaustive\tnothing\t{states}\t{took}"),
                Some(breach) => {
                    let Breach { claim, step, message, .. } = *breach;
                    format!("exhaustive\tcaught\t{states}\t{took}\t{}\t{step}\t{message}", claim.name())
                }
            }
        }
    }
}

struct Looker {
    most: u64,
    tried: AtomicU64,
    enough: AtomicBool,
}

impl explore::Watcher for Looker {
    fn progress(&self, _level: u32, transitions: u64) {
        if self.tried.fetch_max(transitions, Ordering::Relaxed).max(transitions) >= self.most {
            self.enough.store(true, Ordering::Relaxed);
        }
    }

    fn must_stop(&self) -> bool {
        self.enough.load(Ordering::Relaxed)
    }
}
