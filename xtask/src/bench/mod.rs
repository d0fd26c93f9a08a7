//! `cargo xtask bench`: the gate that keeps what was measured, and the report.
//!
//! Figures are trusted as far as they can be: exact counters to the last one, instruction counts within
//! two in a hundred, ratios of wall-clock times hardly at all. Absolute times are shown and never judged.

mod baseline;
mod measure;
mod report;
mod verdict;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::{ArgGroup, Args, ValueEnum};

use self::{baseline::Baseline, measure::Measured, verdict::Verdicts};
use crate::{
    breach::workspace,
    output::{BAD, Code, GOOD, complain, print, print_json, styled},
};

const EXAMPLES: &str = "\
Examples:
  cargo xtask bench --gate
      measure, and compare with benches/baseline.json: exit code 1 if something has become worse
  cargo xtask bench --bless --why \"rows carry a reason now\"
      take what is measured now as the new baseline, and keep the reason
  cargo xtask bench --report
      write target/bench-report.html: a page with plots, to be opened in a browser

What is compared:
  counters      allocations, steps, effects, rows: exact, on every machine
  instructions  counted by valgrind: within 2 %, if the compiler is the baseline's
  ratios        of wall-clock times, measured in pairs: within 25 %, told and not judged without
                --strict-time

Exit codes:
  0    nothing has become worse
  1    something has
  2    usage, or something that cannot be read, built or written
";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(group = ArgGroup::new("what").required(true).args(["gate", "bless", "report"]))]
pub(crate) struct BenchArguments {
    /// Compare with the committed baseline.
    #[arg(long)]
    gate: bool,

    /// Take what is measured now as the baseline, for a reason.
    #[arg(long, requires = "why")]
    bless: bool,

    /// Why the baseline changes. Kept in it.
    #[arg(long, value_name = "TEXT", value_parser = parse_reason, conflicts_with_all = ["gate", "report"])]
    why: Option<String>,

    /// Write a page with plots.
    #[arg(long)]
    report: bool,

    /// Ratios of times are judged, too.
    #[arg(long, conflicts_with_all = ["bless", "report"])]
    strict_time: bool,

    /// How the comparison is printed.
    #[arg(long, value_enum, default_value_t = Format::Text, conflicts_with_all = ["bless", "report"])]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// One JSON object.
    Json,
    /// A table for a pull request.
    Markdown,
    /// The same, and an annotation for everything that has become worse.
    Github,
}

pub(crate) fn run(arguments: &BenchArguments) -> Result<Code> {
    let cases = measure::Cases::build()?;
    if arguments.report {
        let file = workspace().join("target/bench-report.html");
        std::fs::write(&file, report::page(&cases.curves()?)?).with_context(|| file.display().to_string())?;
        print(&format!("{}\n", file.display()))?;
        return Ok(Code::Clean);
    }
    let measured = cases.measure()?;
    let file = baseline_file();
    if let Some(why) = arguments.why.as_deref().filter(|_| arguments.bless) {
        return bless(&measured, why);
    }
    let baseline = Baseline::read(&file)?;
    let verdicts = Verdicts::new(&baseline, &measured, arguments.strict_time);
    match arguments.format {
        Format::Text => print(&verdicts.text())?,
        Format::Json => print_json(&verdicts.json())?,
        Format::Markdown => print(&verdicts.markdown())?,
        Format::Github => print(&format!("{}{}", verdicts.annotations(), verdicts.markdown()))?,
    }
    if verdicts.are_good() {
        if arguments.format == Format::Text {
            print(&format!("{}\n", styled(GOOD, "nothing has become worse")))?;
        }
        return Ok(Code::Clean);
    }
    complain(&styled(BAD, "something has become worse"));
    complain(
        "What to do:\n  If it was not meant: find the change that did it; the counters say which part.\n  \
         If it was: cargo xtask bench --bless --why \"…\", and commit benches/baseline.json with it.",
    );
    Ok(Code::Broken)
}

fn parse_reason(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("it is empty: say in a few words what changed and why it is worth it".to_owned()),
        why => Ok(why.to_owned()),
    }
}

fn baseline_file() -> PathBuf {
    workspace().join("benches/baseline.json")
}

fn bless(measured: &Measured, why: &str) -> Result<Code> {
    let file = baseline_file();
    // A baseline that cannot be read is not thrown away for being old: its reasons would be lost.
    let old = if file.exists() { Baseline::read(&file)? } else { Baseline::default() };
    if measured.instructions.is_none() {
        complain(measure::NO_VALGRIND);
        bail!("a baseline without instruction counts would gate nothing: install valgrind and bless again");
    }
    old.with(measured, why).write(&file)?;
    print(&format!("{} written; commit it\n", file.display()))?;
    Ok(Code::Clean)
}
