//! `cargo xtask torture`: torments the real daemon, as real processes, and counts what does not hold.
//!
//! One torment is a row of [`kinds::ALL`]: a fault, what must hold in spite of it, and a function that
//! makes a round of trials in a home of its own. Everything random in it comes from the round's seed. What
//! the operating system does meanwhile does not: a failure may take some rounds to come again.

mod census;
mod daemon;
mod home;
mod http;
mod kinds;
mod line;
mod random;
mod run;
mod table;
mod units;

use std::{
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result};
use clap::Args;

use self::{home::Arena, kinds::Torment, run::Runner, table::Table};
use crate::{
    cli::{Format, parse_seed, whole},
    output::Code,
};

pub(crate) const EXAMPLES: &str = "\
Each torment starts winddownd as a process, in a directory of its own, harms it, and looks what is left. All \
of it is ended and removed afterwards, and that is checked, too. What fails is kept in target/torture, with \
its log, and the command that plays the same choices again is printed.

Examples:
  cargo xtask torture
      all of them, short: under a minute on an idle machine with two cores
  cargo xtask torture kill orphans
      these two
  cargo xtask torture --list
      which there are, what must hold, and how many trials the short and the full run make
  cargo xtask torture --full
      as many trials as winddown aims at: over an hour
  cargo xtask torture kill --seed 7 --trials 200
      two hundred kills, with the choices of seed 7
  cargo xtask torture --patience 5
      on a machine that is busy: every time that is allowed is five times as long

No failure in n trials bounds the rate of failures at 3/n, with a confidence of 95 %.

Exit codes:
  0    everything held
  1    something did not
  2    usage, or a daemon that cannot be built or run
  130  interrupted; the table so far is printed";

/// What is tormented, and for how long.
#[derive(Debug, Args)]
pub(crate) struct TortureArguments {
    /// These torments; all of them if none is named.
    #[arg(value_name = "NAME", value_parser = kinds::named)]
    names: Vec<&'static Torment>,

    /// Say which there are, and harm nobody.
    #[arg(long)]
    list: bool,

    /// As many trials as the figures that winddown aims at, instead of a few seconds of each.
    #[arg(long, conflicts_with = "trials")]
    full: bool,

    /// So many trials of each.
    #[arg(long, value_name = "N", value_parser = whole::<u64>(1, u64::MAX), allow_negative_numbers = true)]
    trials: Option<u64>,

    /// What random choices are made from. A new one each time unless it is said; it is printed.
    #[arg(long, value_name = "N", value_parser = parse_seed, allow_negative_numbers = true)]
    seed: Option<u64>,

    /// Multiply every time that is allowed by this.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = whole::<u32>(1, 100),
          allow_negative_numbers = true)]
    patience: u32,

    /// The daemon to torment. Unset: the one that cargo builds, in the same profile as this program.
    #[arg(long, value_name = "FILE")]
    daemon: Option<PathBuf>,

    /// Text for people, or one JSON object a line.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(crate) fn run(arguments: &TortureArguments) -> Result<Code> {
    let all: Vec<&'static Torment> = kinds::ALL.iter().collect();
    let torments = if arguments.names.is_empty() { &all } else { &arguments.names };
    if arguments.list {
        table::list(torments, arguments.format)?;
        return Ok(Code::Clean);
    }
    let seed = arguments.seed.map_or_else(any_seed, Ok)?;
    let (program, origin) = daemon::find(arguments.daemon.as_deref())?;
    daemon::raise_descriptor_limit()?;
    let options = table::options(arguments.daemon.is_some().then_some(&*program), arguments.patience);
    let arena = Arena::new(program, arguments.patience);
    let mut table = Table::new(arguments.format, options);
    table.head(&arena, &origin, seed)?;
    let runner = Runner::new(&arena, seed);
    let mut clean = true;
    for torment in torments {
        let goal = arguments.trials.unwrap_or(if arguments.full { torment.full } else { torment.short });
        let told = runner.torment(torment, goal)?;
        clean &= told.failures.is_empty();
        table.row(&told)?;
        if runner.is_interrupted() {
            break;
        }
    }
    let left = Arena::end_all();
    table.foot(&left, runner.is_interrupted())?;
    Ok(match () {
        () if !clean || !left.is_empty() => Code::Broken,
        () if runner.is_interrupted() => Code::Interrupted,
        () => Code::Clean,
    })
}

fn any_seed() -> Result<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?;
    // Few digits are easier to type again, and each run still has another one.
    Ok(u64::from(since.subsec_nanos()) / 1_000)
}
