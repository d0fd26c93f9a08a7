//! `cargo xtask mutants`: bugs, most of them real, planted in a copy of the engine, and what finds them.

mod hunt;
mod patch;
mod table;
mod workshop;

use anyhow::{Result, bail};
use clap::{ArgGroup, Args};

use self::{
    hunt::{End, Hunt, Told},
    table::Table,
    workshop::{Effort, Hunted, Workshop},
};
use crate::{
    cli::{Format, whole},
    output::{Code, complain},
};

pub(crate) const EXAMPLES: &str = "\
A planted bug is a small patch in sim/mutants: a bug that a real system had, or could have, written into winddown. Each is \
applied to a copy of core and sim in target/mutants, built there, and hunted: by random seeds, and by \
exploring the reference scope and one unit of which something may fail. A claim has to find it; a panic, a \
hang or a claim that its patch does not name is a failure, and so is a patch that no longer fits the source.

Examples:
  cargo xtask mutants --all
      every bug: the claim that catches it, what it takes, and how small the run is that shows it
  cargo xtask mutants stop-awaits-body answered-twice
      these two
  cargo xtask mutants --list
      what there is, which system had it, and where to read about it
  cargo xtask mutants --all --starts 20 --pct
      from twenty first seeds, far apart, at random and with priorities: the middle of what they take

To plant one more: change core or sim, `git diff > sim/mutants/NAME.patch`, take the change back, and write \
above the patch:

  Title: a stop is answered before its row is in the store
  System: what really had it
  Reference: https://..., if that is public
  Claims: answers-are-true, or more of them with commas between

Exit codes:
  0    every bug is caught by a claim that its patch names
  1    one is not, or a patch no longer fits the source
  2    usage, or something that cannot be read, copied or run";

/// Which bugs are hunted, and how hard.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["names", "all", "list"]))]
pub(crate) struct MutantsArguments {
    /// These planted bugs, by the names of their patches.
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// All planted bugs.
    #[arg(long)]
    all: bool,

    /// Say which there are, and hunt none.
    #[arg(long)]
    list: bool,

    /// How many random runs a bug gets, from each first seed, before it counts as missed.
    #[arg(long, value_name = "N", default_value_t = 300_000, value_parser = whole::<u64>(1, 1 << 32),
          allow_negative_numbers = true)]
    runs: u64,

    /// From how many first seeds, far apart, random runs begin. Of more than one the middle is told.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = whole::<u64>(1, 1_000),
          allow_negative_numbers = true)]
    starts: u64,

    /// How many choices the exploration of a scope tries before it gives up. 0: no exploration.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = whole::<u64>(0, u64::MAX),
          allow_negative_numbers = true)]
    choices: u64,

    /// Look with priorities as well, as `cargo xtask sim --search pct` does, to compare.
    #[arg(long)]
    pct: bool,

    /// How many threads build and hunt. All cores unless said otherwise.
    #[arg(long, value_name = "J", value_parser = whole::<u16>(1, 512), allow_negative_numbers = true)]
    jobs: Option<u16>,

    /// Text for people, or one JSON object a line.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// So many runs have to be clean without any bug: else whatever is found says nothing.
const SOUND_RUNS: u64 = 20_000;

pub(crate) fn run(arguments: &MutantsArguments) -> Result<Code> {
    let bugs = patch::named(&arguments.names)?;
    if arguments.list {
        table::list(&bugs, arguments.format)?;
        return Ok(Code::Clean);
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = arguments.jobs.unwrap_or_else(|| u16::try_from(cores).unwrap_or(1));
    let MutantsArguments { starts, runs, choices, pct, .. } = *arguments;
    let effort = Effort { starts, runs, choices, jobs, pct };
    let shop = Workshop::open()?;
    if arguments.format == Format::Text {
        complain("building without any bug");
    }
    check_sound(&shop, Effort { starts: 1, runs: SOUND_RUNS, ..effort })?;
    let mut table =
        Table::new(arguments.format, bugs.iter().map(|bug| bug.name.len()).max().unwrap_or_default(), pct);
    table.head()?;
    for bug in &bugs {
        let told = Told::new(bug, shop.hunt(Some(bug), effort)?);
        table.row(told)?;
    }
    table.summary()
}

/// What is found without any bug is no sign of one.
fn check_sound(shop: &Workshop, effort: Effort) -> Result<()> {
    let hunts = match shop.hunt(None, effort)? {
        Hunted::Over(hunts) => hunts,
        Hunted::NotBuilt(error) | Hunted::NotApplied(error) | Hunted::Crashed(error) => bail!("{error}"),
        Hunted::Hung(_) => {
            bail!("a run hangs without any planted bug; cargo xtask sim --seeds 20000 finds it")
        }
    };
    for hunt in hunts {
        if let Hunt::Search(search) = hunt
            && let End::Caught { message, .. } | End::Panicked(message) = search.end
        {
            bail!(
                "something is broken without any planted bug: {message}; see cargo xtask sim --seeds 20000"
            );
        }
    }
    Ok(())
}
