//! A breach, made small: shown, kept, and the command to see it again.

use std::{
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use winddown_sim::{
    Outcome,
    claims::Claim,
    shrink::{Kept, Limit, Recording, Shrunk, Weight, shrink},
    sweep::Source,
};

use crate::{
    breach,
    cli::{Format, SimArguments},
    interrupt,
    json::SCHEMA,
    output::{Code, complain, print, print_json},
    play::{self, Told},
    replay,
    sweep::LINE_EVERY,
};

/// Letters are not put together anew for every run.
const TOLD_EVERY: u64 = 16;

/// A breach made small, and where it is kept.
pub(crate) struct Small {
    pub(crate) file: PathBuf,
    kept: Kept,
    before: Weight,
    shrunk: Shrunk,
}

impl Small {
    /// What there was, and what is left of it.
    fn words(&self) -> String {
        let (before, runs) = (&self.before, self.shrunk.runs);
        let more = match (self.shrunk.complete, interrupt::asked()) {
            (true, _) => "",
            (false, true) => "; interrupted: this may not be the smallest",
            (false, false) => "; enough was tried: this may not be the smallest",
        };
        format!("{}   (from {before}, in {runs} runs{more})", self.shrunk.weight)
    }

    /// The same for programs.
    fn json(&self, seed: Option<u64>) -> Value {
        json!({
            "type": "shrunk", "schema": SCHEMA, "seed": seed, "file": self.file.display().to_string(),
            "runs": self.shrunk.runs, "complete": self.shrunk.complete, "before": weight(&self.before),
            "after": weight(&self.shrunk.weight),
        })
    }

    /// What became of a seed that a sweep has found.
    pub(crate) fn tell(&self, arguments: &SimArguments, seed: u64) -> io::Result<()> {
        let (replay, words) = (replay::command(&self.file), self.words());
        match arguments.format {
            Format::Text => print(&format!("\nshrunk  seed {seed}: {words}\n  replay:    {replay}\n")),
            Format::Json => print_json(&self.json(Some(seed))),
        }
    }

    /// The small run from its heading to its verdict, and the command that shows it again.
    fn show(&self, arguments: &SimArguments) -> Result<Code> {
        let told = replay::tell_kept(&self.file, &self.kept)?;
        told.print(arguments.format)?;
        match arguments.format {
            Format::Text => {
                print(&format!("shrunk: {}\nkept: {}\n", self.words(), self.file.display()))?;
            }
            Format::Json => print_json(&self.json(arguments.seed))?,
        }
        let stopped = !self.shrunk.complete && interrupt::asked();
        Ok(if stopped { Code::Interrupted } else { told.code() })
    }
}

fn weight(weight: &Weight) -> Value {
    json!({"units": weight.units, "asks": weight.asks, "faults": weight.faults, "steps": weight.steps})
}

/// Shrinks the run of a seed that breaks a claim, and shows what is left.
pub(crate) fn run_seed(arguments: &SimArguments, seed: u64) -> Result<Code> {
    let source = play::source(arguments)?;
    interrupt::listen();
    let told = play::tell_seed(arguments, &source, seed)?;
    let Some(breach) = told.breach() else {
        return nothing(arguments, &told, &format!("seed {seed}"), json!({"seed": seed}));
    };
    of_seed(arguments, &source, seed, breach.claim)?.show(arguments)
}

/// A run that breaks no claim is said to, and not shown: there is nothing to see in it. One that panics is.
fn nothing(arguments: &SimArguments, told: &Told, name: &str, mut object: Value) -> Result<Code> {
    if told.end.is_err() {
        told.print(arguments.format)?;
        complain(&format!("{name} panics; only broken claims are shrunk"));
        return Ok(Code::Broken);
    }
    match arguments.format {
        Format::Text => complain(&format!("{name} breaks no claim: there is nothing to shrink")),
        Format::Json => {
            object["type"] = "nothing-to-shrink".into();
            object["schema"] = SCHEMA.into();
            print_json(&object)?;
        }
    }
    Ok(Code::Clean)
}

/// Shrinks the run of a seed, and keeps it beside its timeline.
pub(crate) fn of_seed(arguments: &SimArguments, source: &Source, seed: u64, claim: Claim) -> Result<Small> {
    let (recording, _) = Recording::of_seed(source, seed).with_context(|| format!("seed {seed}"))?;
    let name = breach::name(arguments, source, seed);
    small(arguments, &recording, claim, &name, &format!("# {}\n", play::replay(arguments, seed)))
}

/// Shrinks a kept run further.
pub(crate) fn run_kept(arguments: &SimArguments, file: &Path, kept: &Kept) -> Result<Code> {
    interrupt::listen();
    let told = replay::tell_kept(file, kept)?;
    let Some(breach) = told.breach() else {
        let name = file.display().to_string();
        let code = nothing(arguments, &told, &name, json!({"file": name, "kept": replay::was(&told, kept)}));
        if arguments.format == Format::Text {
            replay::remark(&told, kept);
        }
        return code;
    };
    let stem = file.file_stem().map_or_else(|| "run".into(), |stem| stem.to_string_lossy());
    let name = format!("{}-small", stem.trim_end_matches("-small"));
    small(arguments, &kept.recording, breach.claim, &name, "")?.show(arguments)
}

fn small(
    arguments: &SimArguments,
    recording: &Recording,
    claim: Claim,
    name: &str,
    origin: &str,
) -> Result<Small> {
    let bar = bar(arguments);
    let (mut before, mut said) = (None, Instant::now());
    let mut watch = |runs: u64, weight: &Weight| {
        before.get_or_insert_with(|| weight.clone());
        bar.set_position(runs);
        if runs % TOLD_EVERY == 1 {
            bar.set_message(weight.to_string());
        }
        if bar.is_hidden() && arguments.format == Format::Text && said.elapsed() >= LINE_EVERY {
            said = Instant::now();
            complain(&format!("shrinking: {runs} runs, {weight}"));
        }
        !interrupt::asked()
    };
    let wanted = |outcome: &Outcome| outcome.breach.as_ref().is_some_and(|breach| breach.claim == claim);
    let shrunk = shrink(recording, &wanted, Limit::USUAL, &mut watch)?;
    bar.finish_and_clear();
    let shrunk = shrunk.with_context(|| format!("played once more, it did not break {}", claim.name()))?;
    let trace = shrunk.outcome.hash;
    let kept = Kept { recording: shrunk.recording.clone(), claim, trace };
    let text = kept.to_text();
    let (head, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let file = breach::from_here(&breach::keep_run(name, &format!("{head}\n{origin}{rest}"))?);
    let before = before.unwrap_or_else(|| shrunk.weight.clone());
    Ok(Small { file, kept, before, shrunk })
}

/// A line that hides itself where standard error is no terminal.
fn bar(arguments: &SimArguments) -> ProgressBar {
    if arguments.format == Format::Json {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(200));
    match ProgressStyle::with_template("{spinner} shrinking: {human_pos} runs, {msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
