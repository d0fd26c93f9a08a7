//! Many seeds: progress on a terminal, a summary, coverage, and every breach with its replay command.

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use winddown_core::Status;
use winddown_sim::{
    claims::{Breach, Sight},
    fault::Fault,
    sweep::{Campaign, Order, Source, Watcher, sweep},
};

use crate::{
    breach,
    cli::{Format, Seeds, SimArguments},
    json,
    output::{Code, complain, print},
    play,
};

/// From so many seeds on, a campaign that never saw something has stopped testing it.
const CAMPAIGN: u64 = 100_000;

/// More breaches than this are not written to disk: one bug, many seeds.
const KEPT_ON_DISK: u64 = 20;

struct Eyes<'a> {
    arguments: &'a SimArguments,
    source: &'a Source,
    bar: ProgressBar,
    until: Option<Instant>,
    interrupted: &'static AtomicBool,
    kept: AtomicU64,
}

impl Watcher for Eyes<'_> {
    fn progress(&self, done: u64) {
        self.bar.set_position(done);
    }

    fn found(&self, seed: u64, found: &Breach) {
        if self.kept.fetch_add(1, Ordering::Relaxed) < KEPT_ON_DISK {
            breach::keep(self.arguments, self.source, seed, found);
        }
    }

    fn must_stop(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed) || self.until.is_some_and(|until| Instant::now() >= until)
    }
}

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

pub(crate) fn run(arguments: &SimArguments, seeds: Seeds) -> Result<Code> {
    let source = play::source(arguments)?;
    if let Err(error) = ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed)) {
        complain(&format!("an interrupt will not be answered with a summary: {error}"));
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = arguments.jobs.map_or(cores, usize::from);
    let started = Instant::now();
    let until = arguments.time.map(|span| started + Duration::from_nanos(span.nanos()));
    let eyes = Eyes {
        arguments,
        source: &source,
        bar: bar(arguments, seeds),
        until,
        interrupted: &INTERRUPTED,
        kept: AtomicU64::new(0),
    };
    let order = Order {
        source: source.clone(),
        first: seeds.first,
        end: seeds.end,
        jobs,
        until_failure: arguments.until_failure,
        check_determinism: arguments.check_determinism,
    };
    let campaign = sweep(&order, &eyes)?;
    eyes.bar.finish_and_clear();
    let elapsed = started.elapsed();
    let replay = |seed| breach::replay(arguments, seed);
    match arguments.format {
        Format::Text => print(&summary(arguments, seeds, jobs, &campaign, elapsed))?,
        Format::Json => json::print_campaign(&campaign, elapsed.as_nanos(), replay)?,
    }
    Ok(verdict(arguments, &campaign))
}

fn bar(arguments: &SimArguments, seeds: Seeds) -> ProgressBar {
    if arguments.format == Format::Json || seeds.end == u64::MAX {
        return ProgressBar::hidden();
    }
    // It hides itself where standard error is no terminal.
    let bar = ProgressBar::new(seeds.end - seeds.first);
    if let Ok(style) =
        ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} seeds, {per_sec}, {eta} left")
    {
        bar.set_style(style);
    }
    bar
}

fn verdict(arguments: &SimArguments, campaign: &Campaign) -> Code {
    if INTERRUPTED.load(Ordering::Relaxed) {
        Code::Interrupted
    } else if !campaign.divergences.is_empty() {
        Code::Divergent
    } else if campaign.breach_count > 0
        || (is_campaign(arguments, campaign) && campaign.coverage.unseen().count() > 0)
    {
        Code::Broken
    } else if campaign.runs == 0 {
        Code::Nothing
    } else {
        Code::Clean
    }
}

/// Only a long sweep over all kinds of scenarios has to see everything.
fn is_campaign(arguments: &SimArguments, campaign: &Campaign) -> bool {
    let all_kinds = arguments.system.is_none() && arguments.scenario.is_none() && !arguments.until_failure;
    all_kinds && campaign.runs >= CAMPAIGN
}

/// Writing to a string cannot fail.
macro_rules! line {
    ($to:expr, $($text:tt)*) => {{ let _always_fits = writeln!($to, $($text)*); }};
}

fn summary(
    arguments: &SimArguments,
    seeds: Seeds,
    jobs: usize,
    campaign: &Campaign,
    elapsed: Duration,
) -> String {
    let mut text = String::new();
    let what = match (&arguments.scenario, arguments.system) {
        (Some(file), _) => file.display().to_string(),
        (None, Some(system)) => format!("generated scenarios of system {}", system.name()),
        (None, None) => "generated scenarios".to_owned(),
    };
    let end = if seeds.end == u64::MAX { "…".to_owned() } else { seeds.end.to_string() };
    line!(text, "sweep of {what}, seeds {}..{end}, {jobs} threads", seeds.first);
    let nanos = elapsed.as_nanos().max(1);
    let per_second = |count: u128| count * 1_000_000_000 / nanos;
    line!(
        text,
        "  runs          {} in {:.1?}, {} a second",
        campaign.runs,
        elapsed,
        per_second(campaign.runs.into())
    );
    line!(text, "  steps         {}, {} a second", campaign.steps, per_second(campaign.steps.into()));
    let years = campaign.virtual_nanos / (365 * 86_400 * 1_000_000_000);
    let days = campaign.virtual_nanos / (86_400 * 1_000_000_000) % 365;
    let rate = per_second(campaign.virtual_nanos) / (3_600 * 1_000_000_000);
    line!(text, "  virtual time  {years} years and {days} days, {rate} hours a second");
    line!(text, "  exits         {} with code 0, {} with code 1", campaign.exits[0], campaign.exits[1]);
    line!(text, "  crashes       {}, of which {} were kills from outside", campaign.crashes, campaign.killed);
    coverage(&mut text, campaign, arguments);
    line!(text, "  hash of all   {:016x}", campaign.hash);
    for divergence in &campaign.divergences {
        let (one, other) = divergence.hashes;
        line!(text, "\nNOT DETERMINISTIC  seed {}: {one:016x}, then {other:016x}", divergence.seed);
    }
    for (seed, found) in campaign.breaches.iter().take(10) {
        text.push_str(&breach::block(arguments, *seed, found));
    }
    if campaign.breach_count > 10 {
        line!(text, "\n… {} broken runs in all, of {}", campaign.breach_count, campaign.runs);
    } else if campaign.breach_count == 0 && campaign.divergences.is_empty() {
        line!(text, "all claims held");
    }
    text
}

fn coverage(text: &mut String, campaign: &Campaign, arguments: &SimArguments) {
    let seen = &campaign.coverage;
    let (pairs, of) = seen.pairs();
    line!(text, "  coverage      {pairs} of {of} pairs of a status and an input");
    for status in Status::ALL {
        let met = seen.inputs_met(status).count();
        let missing = winddown_sim::coverage::UNIT_INPUTS.len() - met;
        if missing > 0 && pairs > of / 2 {
            let names: Vec<&str> = winddown_sim::coverage::UNIT_INPUTS
                .into_iter()
                .filter(|name| !seen.inputs_met(status).any(|other| other == *name))
                .collect();
            line!(text, "                {status} never met: {}", names.join(", "));
        }
    }
    let actions = seen.actions();
    line!(text, "                actions: {}", actions.join(", "));
    let struck = Fault::ALL.iter().filter(|fault| seen.has_struck(**fault)).count();
    line!(text, "                {struck} of {} faults struck", Fault::ALL.len());
    let unseen: Vec<&str> = seen.unseen().map(Sight::name).collect();
    line!(
        text,
        "                {} of {} sometimes-claims seen",
        Sight::ALL.len() - unseen.len(),
        Sight::ALL.len()
    );
    for name in unseen {
        let gravity = if is_campaign(arguments, campaign) { "NEVER SEEN" } else { "not seen" };
        line!(text, "                {gravity}: {name}");
    }
}
