//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use winddown_core::Span;
use winddown_sim::scenario::{System, parse_span};

const EXIT_CODES: &str = "\
Exit codes:
  0    all claims held
  1    a claim is broken (or a campaign of 100,000 seeds and more never saw what it should)
  2    usage, or bad input
  3    not deterministic
  4    nothing ran
  130  interrupted; what there was is printed";

const SIM_EXAMPLES: &str = "\
Examples:
  cargo xtask sim --scenario sim/scenarios/navigation.toml --seed 1
      stop a navigation that sleeps 369 s, and read the timeline
  cargo xtask sim --seed 7
      one generated scenario: the seed says what it is
  cargo xtask sim --seeds 100000
      a hundred thousand shutdowns with faults, every claim checked
  cargo xtask sim --seeds 0..5000 --system daemon --until-failure
      one contract only, until the first broken claim
  cargo xtask sim --time 60s --check-determinism
      as many as fit into a minute, each of them twice

";

/// Runs, sweeps and replays winddown's simulator.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask", max_term_width = 100, after_help = EXIT_CODES)]
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
    #[command(after_help = EXIT_CODES)]
    Golden(GoldenArguments),
}

#[derive(Debug, Args)]
pub(crate) struct SimArguments {
    /// Play this one seed and print its timeline. Decimal, or hex with 0x.
    #[arg(long, value_parser = parse_seed, required_unless_present_any = ["seeds", "time"])]
    pub(crate) seed: Option<u64>,

    /// Sweep over these seeds: A..B, or N for 0..N.
    #[arg(long, value_name = "A..B|N", value_parser = parse_seeds, conflicts_with = "seed")]
    pub(crate) seeds: Option<Seeds>,

    /// Sweep until so much real time has gone by.
    #[arg(long, value_name = "SPAN", value_parser = parse_time, conflicts_with = "seed")]
    pub(crate) time: Option<Span>,

    /// Generate scenarios of this system only: container, provider, daemon, session or task.
    #[arg(long, value_name = "NAME", value_parser = parse_system, conflicts_with = "scenario")]
    pub(crate) system: Option<System>,

    /// Play this scenario file instead of a generated one.
    #[arg(long, value_name = "FILE")]
    pub(crate) scenario: Option<PathBuf>,

    /// How many threads a sweep has. All cores unless said otherwise.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(crate) jobs: Option<u16>,

    /// Stop a sweep at its first broken claim.
    #[arg(long, conflicts_with = "seed")]
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
}

/// Seeds from the first to the one before the last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Seeds {
    pub(crate) first: u64,
    pub(crate) end: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One object a line, each with a type and a schema version.
    Json,
}

impl SimArguments {
    /// The seeds of a sweep, if this is one.
    pub(crate) fn sweep_range(&self) -> Option<Seeds> {
        let endless = Seeds { first: 0, end: u64::MAX };
        self.seeds.or_else(|| self.time.map(|_| endless))
    }

    /// The options that say which scenario it is, as they are typed again.
    pub(crate) fn scenario_options(&self) -> String {
        match (&self.scenario, self.system) {
            (Some(file), _) => format!("--scenario {} ", file.display()),
            (None, Some(system)) => format!("--system {} ", system.name()),
            (None, None) => String::new(),
        }
    }
}

fn parse_seed(text: &str) -> Result<u64, String> {
    let parsed = match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse(),
    };
    parsed
        .map_err(|_| format!("`{text}` is no seed; expected a number from 0 to 2^64-1, or 0x and hex digits"))
}

fn parse_seeds(text: &str) -> Result<Seeds, String> {
    let seeds = match text.split_once("..") {
        Some((first, end)) => Seeds { first: parse_seed(first)?, end: parse_seed(end)? },
        None => Seeds { first: 0, end: parse_seed(text)? },
    };
    if seeds.first >= seeds.end {
        return Err(format!("the range `{text}` is empty; expected A..B with A below B, or N above 0"));
    }
    Ok(seeds)
}

fn parse_time(text: &str) -> Result<Span, String> {
    parse_span(text).ok_or_else(|| format!("`{text}` is no time; expected for example 60s or 5m"))
}

fn parse_system(text: &str) -> Result<System, String> {
    System::by_name(text)
}
