//! The committed hashes: what a seed means must not change by accident, nor differ between builds.

use std::{collections::BTreeMap, fmt, fmt::Write as _, fs};

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::{Value, json};
use winddown_sim::{
    Setup,
    scenario::{Scenario, catalog::SHIPPED},
    sweep::Source,
    without_mark,
};

use crate::{
    breach::workspace,
    cli::{Format, GoldenArguments},
    json::SCHEMA,
    output::{BAD, Code, GOOD, print, print_json, styled},
};

const HEAD: &str = "\
# What runs mean: scenario, seed, trace hash. Recomputed by `cargo xtask golden` in every profile.
# A line that changes changes what the engine promises, or what a seed means: say so in CHANGELOG.md
# under Semantics, and write the list anew with `cargo xtask golden --bless`.
";

const ADVICE: &str = "
What to do:
  If nothing was meant to change: play one of these runs here and at the last good commit, and compare
  the two timelines. Where they part is what changed.
  If the debug and the release build disagree: something depends on the build, which nothing may.
  If it was meant: `cargo xtask golden --bless`, and say why in CHANGELOG.md under Semantics.
";

/// Generated scenarios that are kept.
const GENERATED: u64 = 32;

/// Seeds that are kept of each scenario that comes with winddown.
const SEEDS_EACH: u64 = 2;

/// A scenario's name and a seed, and the hash of that run.
type Hashes = BTreeMap<(String, u64), u64>;

pub(crate) fn run(arguments: &GoldenArguments) -> Result<Code> {
    let file = workspace().join("sim/golden.txt");
    let (text, computed) = compute()?;
    if arguments.bless {
        fs::write(&file, &text).with_context(|| file.display().to_string())?;
        match arguments.format {
            Format::Text => print(&format!("{} hashes written to {}\n", computed.len(), file.display()))?,
            Format::Json => print_json(&json!({
                "type": "blessed", "schema": SCHEMA, "hashes": computed.len(), "file": file,
            }))?,
        }
        return Ok(Code::Clean);
    }
    let committed = fs::read_to_string(&file)
        .with_context(|| format!("{}: write it with `cargo xtask golden --bless`", file.display()))?;
    let committed = parse(&committed).with_context(|| file.display().to_string())?;
    let differences = compare(&committed, &computed);
    match arguments.format {
        Format::Json => {
            let differences: Vec<_> = differences.iter().map(Difference::data).collect();
            print_json(&json!({
                "type": "golden", "schema": SCHEMA, "hashes": computed.len(), "differences": differences,
            }))?;
        }
        Format::Text if differences.is_empty() => {
            let good = format!("{} golden hashes are the same in this build", computed.len());
            print(&format!("{}\n", styled(GOOD, &good)))?;
        }
        Format::Text => {
            let lines: String = differences.iter().map(ToString::to_string).collect();
            print(&format!("{}\n{lines}{ADVICE}", styled(BAD, "golden hashes differ")))?;
        }
    }
    Ok(if differences.is_empty() { Code::Clean } else { Code::Broken })
}

/// A run that is another one than the committed one, or is there only once.
#[derive(Debug)]
struct Difference {
    name: String,
    seed: u64,
    committed: Option<u64>,
    computed: Option<u64>,
}

impl Difference {
    fn data(&self) -> Value {
        let hex = |hash: Option<u64>| hash.map(|hash| format!("{hash:016x}"));
        json!({
            "scenario": self.name, "seed": self.seed, "committed": hex(self.committed),
            "computed": hex(self.computed), "replay": command(&self.name, self.seed),
        })
    }
}

/// A line, with the command that plays it.
impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, seed, committed, computed } = self;
        write!(formatter, "  {name} {seed}: ")?;
        match (committed, computed) {
            (Some(old), Some(new)) => write!(formatter, "committed {old:016x}, computed {new:016x}")?,
            (None, Some(new)) => write!(formatter, "not in the list, computed {new:016x}")?,
            (_, None) => return writeln!(formatter, "in the list, but no longer computed"),
        }
        writeln!(formatter, "   {}", command(name, *seed))
    }
}

/// The list as a text, in its own order, and by name and seed.
fn compute() -> Result<(String, Hashes)> {
    let mut text = HEAD.to_owned();
    let mut hashes = Hashes::new();
    let mut add = |name: &str, source: &Source, seed: u64| -> Result<()> {
        let (_, outcome) = source.play(seed, &mut None, None)?;
        if let Some(breach) = outcome.breach {
            let claim = breach.claim.name();
            bail!("{name} {seed} breaks {claim}; a broken run is not kept: `{}`", command(name, seed));
        }
        let _always_fits = writeln!(text, "{name} {seed} {:016x}", outcome.hash);
        hashes.insert((name.to_owned(), seed), outcome.hash);
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
    Ok((text, hashes))
}

fn parse(text: &str) -> Result<Hashes> {
    let mut hashes = Hashes::new();
    for (place, line) in without_mark(text).lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let entry = parse_line(line);
        let (key, hash) = entry.ok_or_else(|| {
            anyhow!("line {}: `{line}` should be a scenario, a seed and 16 hex digits", place + 1)
        })?;
        let (name, seed) = key.clone();
        if hashes.insert(key, hash).is_some() {
            bail!("line {}: `{name} {seed}` has a line above this: keep one of them", place + 1);
        }
    }
    Ok(hashes)
}

fn parse_line(line: &str) -> Option<((String, u64), u64)> {
    let mut words = line.split_whitespace();
    let (name, seed, hash) = (words.next()?, words.next()?.parse().ok()?, words.next()?);
    let hash = u64::from_str_radix(hash, 16).ok().filter(|_| hash.len() == 16 && words.next().is_none())?;
    Some(((name.to_owned(), seed), hash))
}

/// Each run that differs.
fn compare(committed: &Hashes, computed: &Hashes) -> Vec<Difference> {
    let difference = |key: &(String, u64)| {
        let (name, seed) = key.clone();
        let (committed, computed) = (committed.get(key).copied(), computed.get(key).copied());
        (committed != computed).then_some(Difference { name, seed, committed, computed })
    };
    let gone = committed.keys().filter(|key| !computed.contains_key(key));
    computed.keys().chain(gone).filter_map(difference).collect()
}

fn command(name: &str, seed: u64) -> String {
    let scenario = if name == "generated" { String::new() } else { format!("--scenario {name} ") };
    format!("cargo xtask sim {scenario}--seed {seed}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_named_with_its_command() {
        let committed = parse("# a comment\n\ngenerated 1 00000000000000aa\ndaemon 1 00000000000000bb\n");
        let mut computed = committed.unwrap();
        let committed = computed.clone();
        let compare = |committed: &Hashes, computed: &Hashes| -> String {
            compare(committed, computed).iter().map(ToString::to_string).collect()
        };
        assert_eq!(compare(&committed, &computed), "");
        computed.insert(("daemon".to_owned(), 1), 0xcc);
        assert_eq!(
            compare(&committed, &computed),
            "  daemon 1: committed 00000000000000bb, computed 00000000000000cc   \
             cargo xtask sim --scenario daemon --seed 1\n"
        );
        computed.remove(&("daemon".to_owned(), 1));
        assert!(compare(&committed, &computed).contains("daemon 1: in the list"));
        assert!(compare(&computed, &committed).contains("daemon 1: not in the list"));
    }

    #[test]
    fn a_damaged_list_is_answered_with_its_line() {
        for line in
            ["generated 1", "generated x 00000000000000aa", "generated 1 aa", "a 1 00000000000000aa b"]
        {
            let error = parse(&format!("# head\n{line}\n")).unwrap_err().to_string();
            assert!(error.contains("line 2"), "{error}");
        }
        let twice = "\u{feff}# head\na 1 00000000000000aa\na 2 00000000000000aa\na 1 00000000000000bb\n";
        let error = parse(twice).unwrap_err().to_string();
        assert_eq!(error, "line 4: `a 1` has a line above this: keep one of them");
    }
}
