//! Kept runs: files that play without a seed.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use serde_json::{Value, json};
use winddown_sim::{chooser::Replay, quoted, shrink::Kept, timeline::Heading};

use crate::{
    cli::{Format, SimArguments},
    json,
    output::{Code, complain, print_json},
    play::{Answers, Subject, Told},
    shrink,
};

/// Reads a kept run. `--replay breaches/seed-7.run` means the file of the workspace, wherever it is typed.
pub(crate) fn read(file: &Path) -> Result<Kept> {
    let here = std::fs::read_to_string(file);
    let text = here
        .or_else(|error| std::fs::read_to_string(crate::breach::workspace().join(file)).map_err(|_| error));
    let text = text.with_context(|| format!("cannot read the kept run {}", file.display()))?;
    Kept::parse(&text).map_err(|error| anyhow!("{}: {error}", file.display()))
}

/// The command that plays it.
pub(crate) fn command(file: &Path) -> String {
    format!("cargo xtask sim --replay {}", quoted(&file.to_string_lossy()))
}

pub(crate) fn tell_kept(file: &Path, kept: &Kept) -> Result<Told> {
    subject(file, kept).map(Subject::tell)
}

/// A kept run.
pub(crate) fn subject(file: &Path, kept: &Kept) -> Result<Subject> {
    let setup = kept.recording.setup().with_context(|| file.display().to_string())?;
    let scenario = format!("kept run {}", file.display());
    let heading = Heading { seed: None, scenario, replay: command(file) };
    Ok(Subject { setup, answers: Answers::Tape(Replay::new(kept.recording.tape.clone())), heading })
}

pub(crate) fn run(arguments: &SimArguments, file: &Path) -> Result<Code> {
    let kept = read(file)?;
    if arguments.shrink {
        return shrink::run_kept(arguments, file, &kept);
    }
    let told = tell_kept(file, &kept)?;
    match arguments.format {
        Format::Text => told.print(arguments.format)?,
        Format::Json => {
            let mut lines = json::run(&told);
            if let Some(verdict) = lines.last_mut() {
                verdict["kept"] = was(&told, &kept);
            }
            lines.iter().try_for_each(print_json)?;
        }
    }
    if arguments.check_determinism {
        let again = tell_kept(file, &kept)?;
        if again.end != told.end || again.story != told.story {
            complain(&format!("NOT DETERMINISTIC: {} gave two runs", file.display()));
            return Ok(Code::Divergent);
        }
    }
    if arguments.format == Format::Text {
        remark(&told, &kept);
    }
    Ok(told.code())
}

/// What the run was when it was kept, and whether it still is that, for programs.
pub(crate) fn was(told: &Told, kept: &Kept) -> Value {
    let same = told.end.as_ref().is_ok_and(|outcome| {
        outcome.hash == kept.trace && outcome.breach.as_ref().is_some_and(|breach| breach.claim == kept.claim)
    });
    json!({
        "claim": kept.claim.name(), "id": kept.claim.id(), "trace": format!("{:016x}", kept.trace), "same": same,
    })
}

/// What has become of the claim that it broke when it was kept.
pub(crate) fn remark(told: &Told, kept: &Kept) {
    let Ok(outcome) = &told.end else { return };
    let (claim, id) = (kept.claim.name(), kept.claim.id());
    let broken = outcome.breach.as_ref().map(|breach| breach.claim);
    if outcome.hash != kept.trace {
        complain(&format!(
            "the trace is {:016x} and was {:016x} when the run was kept: the engine, the world or this file has \
             changed",
            outcome.hash, kept.trace
        ));
    }
    if broken != Some(kept.claim) {
        complain(&format!("when the run was kept it broke {claim} ({id}); it does not here"));
    }
}
