//! The committed hashes: what a seed means must not change by accident, nor differ between builds.

use std::{fmt::Write as _, fs};

use anyhow::{Context as _, Result, bail};
use winddown_sim::{
    Setup,
    scenario::{Scenario, catalog::SHIPPED},
    sweep::Source,
};

use crate::{
    breach::workspace,
    cli::GoldenArguments,
    output::{Code, print},
};

const HEAD: &str = "\
# What runs mean: scenario, seed, trace hash. Recomputed by `cargo xtask golden` in every profile.
# A line that changes changes what the engine promises, or what a seed means: say so in CHANGELOG.md
# under Semantics, and write the list anew with `cargo xtask golden --bless`.
";

/// Generated scenarios that are kept, and seeds of each scenario that comes with winddown.
const GENERATED: u64 = 32;
const SEEDS_EACH: u64 = 2;

pub(crate) fn run(arguments: &GoldenArguments) -> Result<Code> {
    let file = workspace().join("sim/golden.txt");
    let present = compute()?;
    if arguments.bless {
        fs::write(&file, &present).with_context(|| file.display().to_string())?;
        print(&format!("{} hashes written to {}\n", lines(&present).count(), file.display()))?;
        return Ok(Code::Clean);
    }
    let committed = fs::read_to_string(&file)
        .with_context(|| format!("{}: write it with `cargo xtask golden --bless`", file.display()))?;
    let mut wrong = String::new();
    let (old, new): (Vec<&str>, Vec<&str>) = (lines(&committed).collect(), lines(&present).collect());
    if old.len() != new.len() {
        bail!(
            "{} has {} lines and should have {}; `cargo xtask golden --bless`",
            file.display(),
            old.len(),
            new.len()
        );
    }
    for (old, new) in old.iter().zip(&new).filter(|(old, new)| old != new) {
        let _always_fits = writeln!(wrong, "  committed {old}\n  computed  {new}");
    }
    if wrong.is_empty() {
        print(&format!("{} golden hashes are the same in this build\n", new.len()))?;
        return Ok(Code::Clean);
    }
    print(&format!(
        "golden hashes differ:\n{wrong}if that is on purpose, bless them and say why in CHANGELOG.md under Semantics\n"
    ))?;
    Ok(Code::Broken)
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty())
}

fn compute() -> Result<String> {
    let mut text = HEAD.to_owned();
    let mut add = |name: &str, source: &Source, seed: u64| -> Result<()> {
        let (_, outcome) = source.play(seed, &mut None, None)?;
        let broken = if outcome.breach.is_some() { " BROKEN" } else { "" };
        let _always_fits = writeln!(text, "{name} {seed} {:016x}{broken}", outcome.hash);
        Ok(())
    };
    for seed in 0..GENERATED {
        add("generated", &Source::Generated(None), seed)?;
    }
    for (name, file) in SHIPPED {
        let scenario = Scenario::parse(file).with_context(|| name.to_owned())?;
        let source = Source::Fixed(Box::new(Setup::new(scenario)?));
        for seed in 1..=SEEDS_EACH {
            add(name, &source, seed)?;
        }
    }
    Ok(text)
}
