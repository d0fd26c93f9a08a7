//! A breach is a gift: it is on disk before anything else is done with it, and it is told last.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result};
use winddown_sim::{claims::Breach, sweep::Source};

use crate::{cli::SimArguments, output::complain, play};

/// The workspace's own folder; `cargo xtask` always runs inside of it.
pub(crate) fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| PathBuf::from("."), PathBuf::from)
}

/// Writes what is known at once, and the whole timeline after it. A file that cannot be written is said,
/// and does not end the sweep.
pub(crate) fn keep(arguments: &SimArguments, source: &Source, seed: u64, breach: &Breach) {
    if let Err(error) = write(arguments, source, seed, breach) {
        complain(&format!("cannot keep the breach of seed {seed}: {error:#}"));
    }
}

fn write(arguments: &SimArguments, source: &Source, seed: u64, breach: &Breach) -> Result<()> {
    let folder = workspace().join("breaches");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let file = folder.join(format!("seed-{seed}.txt"));
    let first = format!("{}\n{}\nreplay: {}\n", breach.claim.name(), breach.message, replay(arguments, seed));
    fs::write(&file, first).with_context(|| file.display().to_string())?;
    let told = play::tell(arguments, source, seed)?;
    fs::write(&file, told.text()).with_context(|| file.display().to_string())
}

pub(crate) fn replay(arguments: &SimArguments, seed: u64) -> String {
    format!("cargo xtask sim {}--seed {seed}", arguments.scenario_options())
}

/// The block that stands last, with two commands to copy.
pub(crate) fn block(arguments: &SimArguments, seed: u64, breach: &Breach) -> String {
    let replay = replay(arguments, seed);
    format!(
        "\nBROKEN  {} ({})   seed {seed}   at {}, step {}\n        {}\n  replay:    {replay}\n  as data:   {replay} --format json\n  timeline:  breaches/seed-{seed}.txt\n",
        breach.claim.name(),
        breach.claim.id(),
        breach.at,
        breach.step,
        breach.message
    )
}
