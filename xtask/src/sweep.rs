//! Many seeds: progress while they run, and a summary when they have.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use winddown_sim::{
    claims::Breach,
    sweep::{BREACHES_KEPT, Order, Source, Watcher, sweep},
};

use crate::{
    breach::{self, Shelf},
    cli::{Format, SimArguments},
    interrupt, json,
    output::{Code, complain, print},
    play, shrink,
    summary::Summary,
};

/// Where no bar can be shown, a line says this often how far it is: a log that stands still for longer
/// looks like one of a job that hangs.
pub(crate) const LINE_EVERY: Duration = Duration::from_secs(10);

/// More claims than this are not shrunk by themselves: it takes a few seconds each.
const SHRUNK: usize = 4;

pub(crate) fn run(arguments: &SimArguments) -> Result<Code> {
    let source = play::source(arguments)?;
    interrupt::listen();
    let seeds = arguments.sweep_seeds();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = arguments.jobs.map_or(cores, usize::from);
    let order = Order {
        source: source.clone(),
        first: seeds.first,
        end: seeds.end.unwrap_or(u64::MAX),
        jobs,
        until_failure: arguments.until_failure,
        check_determinism: arguments.check_determinism,
    };
    if arguments.format == Format::Text {
        let end = seeds.end.map(|end| end.to_string()).unwrap_or_default();
        let what = arguments.scenario_words();
        let threads = if jobs == 1 { "1 thread".to_owned() } else { format!("{jobs} threads") };
        print(&format!("sweep of {what}, seeds {}..{end}, on {threads}\n", seeds.first))?;
    }
    let shelf = Shelf::new(arguments, &source);
    let eyes = Eyes::new(arguments, &shelf);
    let campaign = sweep(&order, &eyes)?;
    eyes.bar.finish_and_clear();
    let elapsed = eyes.started.elapsed();
    let interrupted = interrupt::asked();
    let summary =
        Summary { arguments, shelf: &shelf, first: seeds.first, campaign: &campaign, elapsed, interrupted };
    for (seed, found) in summary.shown_breaches() {
        shelf.keep(*seed, &breach::words(found));
    }
    // Before anything is made smaller: that takes its time.
    match arguments.format {
        Format::Text => print(&summary.text())?,
        Format::Json => json::print_campaign(&summary)?,
    }
    if !interrupted {
        shrink_first(&summary, &source)?;
    }
    Ok(if interrupt::asked() { Code::Interrupted } else { summary.code() })
}

/// Shrinks the first seed of each broken claim. A breach that cannot be shrunk is still a breach. Where its
/// timeline cannot be kept, a small run cannot either, and that was said.
fn shrink_first(summary: &Summary<'_>, source: &Source) -> Result<()> {
    let arguments = summary.arguments;
    let mut claims = BTreeSet::new();
    let firsts = summary.campaign.breaches.iter().filter(|(_, breach)| claims.insert(breach.claim));
    for (seed, found) in firsts.take(SHRUNK).filter(|(seed, _)| summary.shelf.has(*seed)) {
        match shrink::of_seed(arguments, source, *seed, found.claim) {
            Ok(small) => small.tell(arguments, *seed)?,
            Err(error) => complain(&format!("failed to shrink seed {seed}: {error:#}")),
        }
    }
    Ok(())
}

/// Who looks on.
struct Eyes<'a> {
    arguments: &'a SimArguments,
    shelf: &'a Shelf<'a>,
    bar: ProgressBar,
    started: Instant,
    until: Option<Instant>,
    said: Mutex<Instant>,
    failures: AtomicU64,
}

impl<'a> Eyes<'a> {
    fn new(arguments: &'a SimArguments, shelf: &'a Shelf<'a>) -> Self {
        let started = Instant::now();
        let until = arguments.time.map(|span| started + Duration::from(span));
        let bar = bar(arguments);
        Self { arguments, shelf, bar, started, until, said: Mutex::new(started), failures: AtomicU64::new(0) }
    }

    /// Keeps a failure on disk: the first hundred, since one bug has many seeds.
    fn failed(&self, seed: u64, what: &str) {
        let before = self.failures.fetch_add(1, Ordering::Relaxed);
        if before < BREACHES_KEPT as u64 {
            self.shelf.keep(seed, what);
        }
        self.bar.set_message(format!(", {} failed", before + 1));
    }
}

impl Watcher for Eyes<'_> {
    fn progress(&self, done: u64) {
        self.bar.set_position(done);
        if !self.bar.is_hidden() || self.arguments.format == Format::Json {
            return;
        }
        let now = Instant::now();
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if now.duration_since(*said) >= LINE_EVERY {
            *said = now;
            let failures = self.failures.load(Ordering::Relaxed);
            complain(&format!("{done} seeds in {:.0?}, {failures} failed", self.started.elapsed()));
        }
    }

    fn found(&self, seed: u64, found: &Breach) {
        self.failed(seed, &breach::words(found));
    }

    fn panicked(&self, seed: u64, message: &str) {
        self.failed(seed, message);
    }

    fn must_stop(&self) -> bool {
        interrupt::asked() || self.until.is_some_and(|until| Instant::now() >= until)
    }
}

/// A bar, or a count where nobody knows how many there will be. It hides itself where standard error is
/// no terminal.
fn bar(arguments: &SimArguments) -> ProgressBar {
    let seeds = arguments.sweep_seeds();
    if arguments.format == Format::Json {
        return ProgressBar::hidden();
    }
    let (bar, template) = match seeds.end.filter(|_| arguments.time.is_none()) {
        Some(end) => (
            ProgressBar::new(end - seeds.first),
            "{bar:40} {human_pos}/{human_len} seeds, {rate}, {eta} left{msg}",
        ),
        None => (ProgressBar::new_spinner(), "{spinner} {human_pos} seeds in {elapsed_precise}, {rate}{msg}"),
    };
    let rate = |state: &ProgressState, out: &mut dyn fmt::Write| {
        // A bar that cannot be drawn is no reason to stop.
        let _drawn = write!(out, "{:.0} a second", state.per_sec());
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.with_key("rate", rate)),
        Err(_) => bar,
    }
}
