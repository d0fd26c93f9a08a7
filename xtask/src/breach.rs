//! A breach is a gift: it is on disk before anything else is done with it, and it is told last.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use winddown_sim::{claims::Breach, sweep::Source, timeline};

use crate::{
    cli::{Search, SimArguments},
    output::{BAD, complain, styled},
    play::{self, replay},
};

/// The workspace's own folder. `cargo xtask` is told by cargo where it is; a bare program remembers.
pub(crate) fn workspace() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&package).parent().map_or_else(|| PathBuf::from("."), PathBuf::from)
}

/// The file of a seed, below the workspace. A seed means another run with another scenario, so a file
/// that is about a scenario or a system has its name.
pub(crate) fn file(arguments: &SimArguments, seed: u64) -> PathBuf {
    let stem = arguments.scenario.as_deref().and_then(|file| file.file_stem());
    let stem = stem.map(|stem| stem.to_string_lossy().into_owned());
    let prefix = stem.or_else(|| arguments.system.map(|system| system.name().to_owned()));
    let prefix = prefix.map(|prefix| format!("{prefix}-")).unwrap_or_default();
    let search = match arguments.search {
        Search::Random => "",
        Search::Pct => "pct-",
    };
    PathBuf::from("breaches").join(format!("{prefix}{search}seed-{seed}.txt"))
}

/// Writes what is known at once, and the whole timeline after it. A file that cannot be written is said,
/// and does not end the sweep.
pub(crate) fn keep(arguments: &SimArguments, source: &Source, seed: u64, what: &str) {
    if let Err(error) = write(arguments, source, seed, what) {
        complain(&format!("failed to keep seed {seed} ({what}): {error:#}"));
    }
}

fn write(arguments: &SimArguments, source: &Source, seed: u64, what: &str) -> Result<()> {
    let file = workspace().join(file(arguments, seed));
    let place = || file.display().to_string();
    fs::create_dir_all(file.parent().unwrap_or(&file)).with_context(place)?;
    // A small run of this seed that an earlier sweep has kept is about something else.
    drop(fs::remove_file(file.with_extension("run")));
    fs::write(&file, format!("{what}\nreplay: {}\n", replay(arguments, seed))).with_context(place)?;
    let told = play::tell_seed(arguments, source, seed)?;
    let text = timeline::joined(&told.lines());
    let text = if text.contains(what) {
        text
    } else {
        format!("{what}\nNOT DETERMINISTIC: played once more, the seed gave this run:\n\n{text}")
    };
    fs::write(&file, text).with_context(place)
}

/// A broken claim in words that its timeline has, too.
pub(crate) fn words(breach: &Breach) -> String {
    format!("{} ({})", breach.claim.name(), breach.claim.id())
}

/// The block that stands last, with two commands to copy.
pub(crate) fn block(arguments: &SimArguments, seed: u64, breach: &Breach) -> String {
    let head = styled(BAD, &format!("BROKEN  {}", words(breach)));
    let (at, step, message) = (breach.at, breach.step, &breach.message);
    let commands = commands(arguments, seed);
    format!("\n{head}   seed {seed}   at {at}, step {step}\n        {message}\n{commands}")
}

/// The same for a run that panicked.
pub(crate) fn panic_block(arguments: &SimArguments, seed: u64, message: &str) -> String {
    let head = styled(BAD, "PANICKED");
    format!("\n{head}   seed {seed}\n        {message}\n{}", commands(arguments, seed))
}

/// The same for a seed that gave two runs.
pub(crate) fn divergence_block(arguments: &SimArguments, seed: u64, hashes: (u64, u64)) -> String {
    let head = styled(BAD, "NOT DETERMINISTIC");
    let (one, other) = hashes;
    let replay = replay(arguments, seed);
    format!(
        "\n{head}   seed {seed}   trace {one:016x}, then {other:016x}\n  compare:   {replay} --check-determinism\n"
    )
}

fn commands(arguments: &SimArguments, seed: u64) -> String {
    let (replay, file) = (replay(arguments, seed), file(arguments, seed));
    let file = file.display();
    format!(
        "  replay:    {replay}\n  as data:   {replay} --format json\n  shrink:    {replay} --shrink\n  \
         timeline:  {file}\n"
    )
}
