//! `cargo xtask explore`: everything that can happen in a small scope, and what came of it.

mod told;

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use rustix::time::{ClockId, clock_gettime};
use winddown_sim::{
    explore::{Model, Scope, Watcher},
    scenario::System,
};

use self::told::{Found, Speed};
use crate::{
    cli::{Format, whole},
    interrupt,
    output::{Code, complain, print},
};

/// Where no bar can be shown, a line says this often how far it is.
const LINE_EVERY: Duration = Duration::from_secs(10);

pub(crate) const EXAMPLES: &str = "\
Without options it explores the reference scope: three engagements of a daemon, each of which may end by \
itself or record a finding; two stops, each as planned, sooner or forced; a shutdown; and a crash at any \
moment, with a recovery. Options make it another one.

From the first state, everything that may happen next is tried, in every state that is reached, level by \
level. States that will behave alike are one state: time counts as time left, and identical units may \
stand for each other, and where a choice leads is known once its like was tried. The claims are checked at \
every step, and from every state a calm way must lead to the exit.

Examples:
  cargo xtask explore
      the reference scope
  cargo xtask explore --system task --units 4 --no-crash
      four streaming tasks, and no crash
  cargo xtask explore --system provider --units 1 --failures 1
      one container, where one thing fails
  cargo xtask explore --units 5 --depth 10
      all that can happen within ten steps, where the whole scope would take too long
  cargo xtask explore --way 4.0.2
      one way alone: each choice by its place among those that its state has. A broken claim names its way

Exit codes:
  0    all of it was explored, or all within --depth, and all claims held
  1    a claim is broken
  2    usage, or a way that belongs to another scope
  130  interrupted; what was found so far is printed";

/// What is explored, and how.
#[derive(Debug, Args)]
pub(crate) struct ExploreArguments {
    /// Which contract the units follow: container, provider, daemon, session or task.
    #[arg(long, value_name = "NAME", value_parser = System::by_name, default_value = Scope::REFERENCE.system.name())]
    system: System,

    /// How many units there are, all alike.
    #[arg(long, value_name = "N", default_value_t = Scope::REFERENCE.units,
          value_parser = whole::<u8>(1, Scope::UNITS_MAX.into()), allow_negative_numbers = true)]
    units: u8,

    /// How many stops of single units are asked for, in all.
    #[arg(long, value_name = "N", default_value_t = Scope::REFERENCE.stops,
          value_parser = whole::<u8>(0, 8), allow_negative_numbers = true)]
    stops: u8,

    /// How often the host is told to shut down. From the second time on it is forced.
    #[arg(long, value_name = "N", default_value_t = Scope::REFERENCE.signals + 1,
          value_parser = whole::<u8>(1, 8), allow_negative_numbers = true)]
    shutdowns: u8,

    /// How many findings are recorded, in all.
    #[arg(long, value_name = "N", default_value_t = Scope::REFERENCE.findings,
          value_parser = whole::<u8>(0, 8), allow_negative_numbers = true)]
    findings: u8,

    /// How many steps, writes and bodies fail, in all. If any may, a body that fails is started again.
    #[arg(long, value_name = "N", default_value_t = Scope::REFERENCE.failures,
          value_parser = whole::<u8>(0, 8), allow_negative_numbers = true)]
    failures: u8,

    /// How many answers come only after the next deadline, in all.
    #[arg(long, value_name = "N", default_value_t = Scope::REFERENCE.delays,
          value_parser = whole::<u8>(0, 8), allow_negative_numbers = true)]
    delays: u8,

    /// The host may crash, once, at any moment, and comes back. So it is unless said otherwise.
    #[arg(long, overrides_with = "no_crash")]
    crash: bool,

    /// The host never crashes.
    #[arg(long)]
    no_crash: bool,

    /// Go no farther than so many steps from the first state.
    #[arg(long, value_name = "D", value_parser = whole::<u32>(0, u32::MAX.into()), allow_negative_numbers = true)]
    depth: Option<u32>,

    /// Try every choice of every state, also where it is known from its like where it leads. Takes three times
    /// as long, and has to find the same.
    #[arg(long)]
    try_all: bool,

    /// How many threads. All cores unless said otherwise. Changes the speed and nothing else.
    #[arg(long, value_name = "J", value_parser = whole::<u16>(1, 512), allow_negative_numbers = true)]
    jobs: Option<u16>,

    /// Walk this way alone, and calmly on from where it ends: numbers with dots between them.
    #[arg(long, value_name = "WAY", value_parser = told::parse_way, conflicts_with_all = ["depth", "try_all", "jobs"])]
    way: Option<told::Way>,

    /// Text for people, or one JSON object a line.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl ExploreArguments {
    const fn scope(&self) -> Scope {
        Scope {
            system: self.system,
            units: self.units,
            stops: self.stops,
            findings: self.findings,
            signals: self.shutdowns - 1,
            failures: self.failures,
            delays: self.delays,
            crash: !self.no_crash,
        }
    }
}

pub(crate) fn run(arguments: &ExploreArguments) -> Result<Code> {
    let model = Model::new(arguments.scope())?;
    let model = if arguments.try_all { model.without_foresight() } else { model };
    if let Some(way) = &arguments.way {
        return follow(&model, way, arguments.format);
    }
    interrupt::listen();
    if arguments.format == Format::Text {
        print(&format!("exploring {}\n", told::words(model.scope())))?;
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = arguments.jobs.map_or(cores, usize::from);
    let eyes = Eyes::new(arguments.format);
    let before = cpu();
    let exploration = model.explore(arguments.depth.unwrap_or(u32::MAX), jobs, &eyes);
    let speed = Speed { jobs, cpu: cpu().saturating_sub(before), elapsed: eyes.started.elapsed() };
    eyes.bar.finish_and_clear();
    let found = Found { model: &model, exploration: &exploration, depth: arguments.depth };
    match arguments.format {
        Format::Text => print(&found.text())?,
        Format::Json => found.print_json()?,
    }
    // It varies from run to run, and what is printed does not.
    complain(&speed.words(&exploration));
    Ok(found.code())
}

fn follow(model: &Model, way: &told::Way, format: Format) -> Result<Code> {
    match model.follow(&way.0) {
        Ok(told) => {
            told::print_way(model, &told, format)?;
            Ok(if told.breach.is_some() { Code::Broken } else { Code::Clean })
        }
        Err(error) => bail!(
            "choice {} of the way is not on the menu, which has {}: the way belongs to another scope, or to \
             another version of winddown",
            error.number + 1,
            error.menu
        ),
    }
}

/// How long this process has computed, on all of its threads together.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Who looks on.
struct Eyes {
    bar: ProgressBar,
    format: Format,
    started: Instant,
    said: Mutex<Instant>,
}

impl Eyes {
    fn new(format: Format) -> Self {
        let started = Instant::now();
        let bar = if format == Format::Json { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        let bar = match ProgressStyle::with_template(
            "{spinner} level {msg}, {human_pos} choices in {elapsed_precise}",
        ) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        };
        Self { bar, format, started, said: Mutex::new(started) }
    }
}

impl Watcher for Eyes {
    fn progress(&self, level: u32, transitions: u64) {
        if !self.bar.is_hidden() {
            self.bar.set_message(level.to_string());
            self.bar.set_position(transitions);
        } else if self.format == Format::Text {
            let now = Instant::now();
            let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
            if now.duration_since(*said) >= LINE_EVERY {
                *said = now;
                complain(&format!("level {level}, {transitions} choices in {:.0?}", self.started.elapsed()));
            }
        }
    }

    fn must_stop(&self) -> bool {
        interrupt::asked()
    }
}
