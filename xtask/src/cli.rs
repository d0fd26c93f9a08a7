//! The command line.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use winddown_core::Span;
use winddown_sim::{
    quoted,
    scenario::{System, parse_span},
};

use crate::{
    bench::BenchArguments,
    explore::{self, ExploreArguments},
    mutants::{self, MutantsArguments},
    torture::{self, TortureArguments},
};

const EXIT_CODES: &str = "\
Exit codes:
  0    all claims held
  1    a claim is broken, a run panicked, a golden hash, a run or a journal differs, or a sweep over
       100,000 generated seeds and more never saw something that it should
  2    usage, bad input, or a file that cannot be read or written
  3    not deterministic
  4    nothing ran
  130  interrupted (Ctrl-C, SIGTERM); the summary so far is printed, or the smallest run so far";

const EXAMPLES: &str = "\
Examples:
  cargo xtask sim --scenario navigation --seed 1
      stop a navigation that sleeps 369 s, and read the timeline
  cargo xtask sim --seeds 100000
      a hundred thousand generated shutdowns with faults, every claim checked
  cargo xtask golden
      whether seeds still mean in this build what they meant when the list was written

";

const SIM_EXAMPLES: &str = "\
Examples:
  cargo xtask sim --seed 7
      one generated scenario: the seed says what it is
  cargo xtask sim --scenario sim/scenarios/navigation.toml --seed 1
      stop a navigation that sleeps 369 s, and read the timeline
  cargo xtask sim --seed 7 --format json | jq 'select(.type == \"step\").input'
      the same for programs
  cargo xtask sim --seeds 100000
      a hundred thousand shutdowns with faults, every claim checked
  cargo xtask sim --seeds 100000 --search pct
      the same with priorities: slower at most bugs, and quick at some that chance rarely meets
  cargo xtask sim --seeds 0..5000 --system daemon --until-failure
      one contract only, until the first broken claim
  cargo xtask sim --time 60s --check-determinism
      as many as fit into a minute, each of them twice
  cargo xtask sim --seed 7 --shrink
      the smallest run that breaks the same claim, if seed 7 breaks one
  cargo xtask sim --seed 7 --until 12
      the timeline of seed 7 up to step 12, and the whole state there; --at 3.5s does so for a time
  cargo xtask sim --seed 7 --format json > before.json
  cargo xtask sim --seed 7 --diff before.json
      after a change of the engine: where does the run become another one?
  cargo xtask sim --seeds 1000000.. --until-failure
      from there on, until something breaks or Ctrl-C (the second one does not wait)

  cargo xtask sim --journal /var/lib/winddown/journal
      what a real host did, played again; it fails if the engine does anything else here

What broke is kept in breaches/ as it is found, with its timeline. Nothing there is deleted: a \
timeline makes way for that of the same seed of the same scenarios, and a small run for none, since another \
one of its name gets a number. Below the summary, the first seed of each broken claim is made smaller, and \
kept as a file that plays without its seed:

  cargo xtask sim --replay breaches/seed-7.run

";

const GOLDEN_EXAMPLES: &str = "\
Examples:
  cargo xtask golden
      compare this debug build with the list in sim/golden.txt
  cargo run --release --package xtask -- golden
      the same with the release build: a seed must mean the same in both
  cargo xtask golden --bless
      write the list anew, after a change that was meant

";

/// What makes it a sweep.
const SWEEPING: [&str; 4] = ["seeds", "time", "until_failure", "jobs"];

/// Runs, sweeps and replays winddown's simulator.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask", max_term_width = 100, after_help = format!("{EXAMPLES}{EXIT_CODES}"))]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Play one seed and show its timeline, or sweep over many.
    #[command(after_help = format!("{SIM_EXAMPLES}{EXIT_CODES}"))]
    Sim(SimArguments),
    /// Recompute the committed hashes in this build, and compare.
    #[command(after_help = format!("{GOLDEN_EXAMPLES}{EXIT_CODES}"))]
    Golden(GoldenArguments),
    /// Try everything that can happen in a small scope.
    #[command(after_help = explore::EXAMPLES)]
    Explore(ExploreArguments),
    /// Plant bugs in a copy of the engine, and see which claim catches each of them.
    #[command(after_help = mutants::EXAMPLES)]
    Mutants(MutantsArguments),
    /// Compare how fast it is with the committed baseline, or write a report.
    Bench(BenchArguments),
    /// Torment the real daemon: kill it, race it, freeze it, flood it, and count what does not hold.
    #[command(after_help = torture::EXAMPLES)]
    Torture(TortureArguments),
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).multiple(true)
    .args(["seed", "seeds", "time", "until_failure", "replay", "journal"]))]
pub(crate) struct SimArguments {
    /// Play this one seed and print its timeline. Decimal, or hex with 0x.
    #[arg(long, value_parser = parse_seed, allow_negative_numbers = true, conflicts_with_all = SWEEPING)]
    pub(crate) seed: Option<u64>,

    /// Play a kept run again, as breaches/seed-7.run is one. It needs no seed, and no generator.
    #[arg(long, value_name = "FILE",
          conflicts_with_all = SWEEPING, conflicts_with_all = ["seed", "system", "scenario"])]
    pub(crate) replay: Option<PathBuf>,

    /// Give the inputs that a real host has recorded in FILE to the engine again, show the timeline, and
    /// fail if the engine does anything else than it did there.
    #[arg(long, value_name = "FILE", conflicts_with_all = SWEEPING,
          conflicts_with_all = ["seed", "system", "scenario", "replay", "shrink", "until", "at", "diff",
                                "check_determinism"])]
    pub(crate) journal: Option<PathBuf>,

    /// Make the run of a seed, or a kept one, as small as it can be and still break the same claim; show
    /// it, and keep it in breaches/.
    #[arg(long, conflicts_with_all = ["seeds", "time", "until_failure", "check_determinism"])]
    pub(crate) shrink: bool,

    /// Play up to this step, and show the whole state there: units, rungs, timers, rows, clients, budgets,
    /// and what is pending.
    #[arg(long, value_name = "STEP", value_parser = whole::<u64>(0, u64::MAX), allow_negative_numbers = true,
          conflicts_with_all = SWEEPING, conflicts_with_all = ["shrink", "at", "check_determinism"])]
    pub(crate) until: Option<u64>,

    /// The same, up to a time as the timeline shows it: all that it shows for that millisecond is in.
    #[arg(long, value_name = "SPAN", value_parser = parse_time,
          conflicts_with_all = SWEEPING, conflicts_with_all = ["shrink", "check_determinism"])]
    pub(crate) at: Option<Span>,

    /// Show the first step at which the run is another one than in FILE, which is what an earlier run has
    /// printed with `--format json`: by another build, of another seed, or of a kept run.
    #[arg(long, value_name = "FILE", conflicts_with_all = SWEEPING,
          conflicts_with_all = ["shrink", "until", "at", "check_determinism"])]
    pub(crate) diff: Option<PathBuf>,

    /// Sweep over these seeds: A..B, or N for 0..N, or A.. without an end.
    #[arg(long, value_name = "A..B|N", value_parser = parse_seeds, allow_negative_numbers = true)]
    pub(crate) seeds: Option<Seeds>,

    /// Sweep until so much real time has gone by.
    #[arg(long, value_name = "SPAN", value_parser = parse_time)]
    pub(crate) time: Option<Span>,

    /// Generate scenarios of this system only: container, provider, daemon, session or task.
    #[arg(long, value_name = "NAME", value_parser = System::by_name, conflicts_with = "scenario")]
    pub(crate) system: Option<System>,

    /// Where to look: at random, or with priorities, which finds other things, and common ones later.
    #[arg(long, value_enum, default_value_t = Search::Random,
          conflicts_with_all = ["scenario", "replay", "journal"])]
    pub(crate) search: Search,

    /// Play this scenario instead of generated ones: a file, or the name of one in sim/scenarios.
    #[arg(long, value_name = "FILE")]
    pub(crate) scenario: Option<PathBuf>,

    /// How many threads a sweep has. All cores unless said otherwise. Changes the speed and nothing else.
    #[arg(long, value_name = "N", value_parser = whole::<u16>(1, 512), allow_negative_numbers = true)]
    pub(crate) jobs: Option<u16>,

    /// Stop a sweep at its first failure.
    #[arg(long)]
    pub(crate) until_failure: bool,

    /// Run every seed twice, and compare.
    #[arg(long)]
    pub(crate) check_determinism: bool,

    /// Text for people, or one JSON object a line.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct GoldenArguments {
    /// Write the hashes of this build to the list, because what runs mean has changed on purpose.
    #[arg(long)]
    pub(crate) bless: bool,

    /// Text for people, or one JSON object a line.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// Seeds from the first to the one before the last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Seeds {
    pub(crate) first: u64,
    /// `None`: there is no last one.
    pub(crate) end: Option<u64>,
}

/// Which runs the seeds stand for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Search {
    /// As they are drawn.
    Random,
    /// Untimed, and whoever has the highest priority is next, but for a few moments.
    Pct,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One object a line, each with a type and a schema version.
    Json,
}

impl SimArguments {
    /// The seeds of a sweep: all there are unless said otherwise.
    pub(crate) fn sweep_seeds(&self) -> Seeds {
        self.seeds.unwrap_or(Seeds { first: 0, end: None })
    }

    /// The options that say which scenario it is, as they are typed again.
    pub(crate) fn scenario_options(&self) -> String {
        let scenario = match (&self.scenario, self.system) {
            (Some(file), _) => format!("--scenario {} ", quoted(&file.to_string_lossy())),
            (None, Some(system)) => format!("--system {} ", system.name()),
            (None, None) => String::new(),
        };
        match self.search {
            Search::Random => scenario,
            Search::Pct => scenario + "--search pct ",
        }
    }

    /// What is not as usual about where it is looked.
    pub(crate) const fn search_words(&self) -> &'static str {
        match self.search {
            Search::Random => "",
            Search::Pct => ", by priorities",
        }
    }

    /// The same in a few words.
    pub(crate) fn scenario_words(&self) -> String {
        match (&self.scenario, self.system) {
            (Some(file), _) => format!("scenario {}", file.display()),
            (None, Some(system)) => {
                format!("generated scenarios of system {}{}", system.name(), self.search_words())
            }
            (None, None) => format!("generated scenarios{}", self.search_words()),
        }
    }
}

pub(crate) fn parse_seed(text: &str) -> Result<u64, String> {
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let parsed = hex.map_or_else(|| text.parse(), |hex| u64::from_str_radix(hex, 16));
    parsed
        .map_err(|_| format!("`{text}` is no seed; expected a number from 0 to 2^64-1, or 0x and hex digits"))
}

/// Reads a number from `least` to `most`, and says so of whatever else it is given.
pub(crate) fn whole<T: TryFrom<u64>>(
    least: u64,
    most: u64,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync {
    move |text| {
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        let number = number.and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| format!("expected a whole number from {least} to {most}"))
    }
}

fn parse_seeds(text: &str) -> Result<Seeds, String> {
    let seeds = match text.split_once("..") {
        Some((first, "")) => Seeds { first: parse_seed(first)?, end: None },
        Some((first, end)) => Seeds { first: parse_seed(first)?, end: Some(parse_seed(end)?) },
        None => Seeds { first: 0, end: Some(parse_seed(text)?) },
    };
    if seeds.end.is_some_and(|end| seeds.first >= end) {
        return Err(format!("the range `{text}` is empty; expected A..B with A below B, or N above 0"));
    }
    Ok(seeds)
}

fn parse_time(text: &str) -> Result<Span, String> {
    parse_span(text)
        .ok_or_else(|| format!("`{text}` is no time; expected for example 60s or 5m, up to 1000 days"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_read_as_people_write_them() {
        let seeds = |first, end| Ok(Seeds { first, end });
        assert_eq!(parse_seeds("0x10..0X20"), seeds(16, Some(32)));
        assert_eq!(parse_seeds("9"), seeds(0, Some(9)));
        assert_eq!(parse_seeds("9.."), seeds(9, None));
        for empty in ["0", "9..9", "9..8"] {
            assert!(parse_seeds(empty).unwrap_err().contains("empty"), "{empty}");
        }
        for wrong in ["", "..", "..9", "-1", "1..=2", "18446744073709551616", "0x", "1e6"] {
            assert!(parse_seeds(wrong).unwrap_err().contains("is no seed"), "{wrong}");
        }
    }

    #[test]
    fn commands_can_be_pasted_into_a_shell() {
        assert_eq!(quoted("sim/scenarios/daemon.toml"), "sim/scenarios/daemon.toml");
        assert_eq!(quoted("it's mine.toml"), r"'it'\''s mine.toml'");
    }
}
