//! A breach is a gift: it is on disk before anything else is done with it, and it is told last.

use std::{
    collections::BTreeSet,
    env,
    fs::{self, File},
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Context as _, Result};
use winddown_sim::{claims::Breach, sweep::Source, timeline};

use crate::{
    cli::{Search, SimArguments},
    output::{BAD, complain, styled},
    play::{self, replay},
};

/// So many lines of a timeline are kept from its beginning, and from its end.
const LINES_KEPT: usize = 1_000;

/// The workspace's own folder. `cargo xtask` is told by cargo where it is; a bare program remembers.
pub(crate) fn workspace() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&package).parent().map_or_else(|| PathBuf::from("."), PathBuf::from)
}

/// A path as it is typed where the user is: from the workspace or a folder in it, or in full.
pub(crate) fn from_here(file: &Path) -> PathBuf {
    let workspace = workspace();
    let here = env::current_dir().unwrap_or_default();
    match (here.strip_prefix(&workspace), file.strip_prefix(&workspace)) {
        (Ok(here), Ok(file)) => here.components().map(|_| "..").collect::<PathBuf>().join(file),
        (Err(_), _) | (_, Err(_)) => file.to_owned(),
    }
}

/// What the files of a seed are called. A seed means another run with another scenario, so what is about a
/// system has its name, and what is about a scenario file has its name and says which scenario it was.
pub(crate) fn name(arguments: &SimArguments, source: &Source, seed: u64) -> String {
    let stem = arguments.scenario.as_deref().and_then(Path::file_stem).unwrap_or_default();
    let prefix = match (source, arguments.system) {
        (Source::Fixed(setup), _) => {
            format!("{}-{:08x}-", stem.to_string_lossy(), fingerprint(&setup.scenario.to_toml()))
        }
        (Source::Generated(_) | Source::Prioritized(_), Some(system)) => format!("{}-", system.name()),
        (Source::Generated(_) | Source::Prioritized(_), None) => String::new(),
    };
    let search = match arguments.search {
        Search::Random => "",
        Search::Pct => "pct-",
    };
    format!("{prefix}{search}seed-{seed}")
}

/// FNV-1a: the same for ever, since it is in the names of files.
fn fingerprint(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn folder() -> Result<PathBuf> {
    let folder = workspace().join("breaches");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    Ok(folder)
}

/// Keeps a run as a file, and says where. What is there already is left: another run of the same name gets a
/// number.
pub(crate) fn keep_run(name: &str, text: &str) -> Result<PathBuf> {
    let folder = folder().context("failed to keep the small run")?;
    let mut place = folder.join(format!("{name}.run"));
    for number in 2_u32.. {
        let failed = || format!("failed to keep {}", place.display());
        match File::create_new(&place) {
            Ok(mut file) => {
                file.write_all(text.as_bytes()).with_context(failed)?;
                break;
            }
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error).with_context(failed),
            Err(_) if fs::read(&place).with_context(failed)? == text.as_bytes() => break,
            Err(_) => place = folder.join(format!("{name}-{number}.run")),
        }
    }
    Ok(place)
}

/// Both ends of a timeline that is very long: what goes round in circles would fill the disk with its middle.
fn cut(text: &str, replay: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let left_out = lines.len().saturating_sub(2 * LINES_KEPT);
    if left_out == 0 {
        return text.to_owned();
    }
    let (first, rest) = lines.split_at(LINES_KEPT);
    let (first, last) = (first.join("\n"), rest[left_out..].join("\n"));
    format!("{first}\n\n… {left_out} lines are left out; all of them: {replay}\n\n{last}\n")
}

/// Where a sweep keeps what broke.
pub(crate) struct Shelf<'a> {
    arguments: &'a SimArguments,
    source: &'a Source,
    /// Whose timelines are there.
    kept: Mutex<BTreeSet<u64>>,
    /// One file cannot be written for the same reason as the next.
    has_complained: AtomicBool,
}

impl<'a> Shelf<'a> {
    pub(crate) fn new(arguments: &'a SimArguments, source: &'a Source) -> Self {
        Self { arguments, source, kept: Mutex::default(), has_complained: AtomicBool::new(false) }
    }

    fn kept(&self) -> MutexGuard<'_, BTreeSet<u64>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the timeline of a seed is there.
    pub(crate) fn has(&self, seed: u64) -> bool {
        self.kept().contains(&seed)
    }

    /// Writes what is known at once, and the timeline after it, unless that was done. A file that cannot be
    /// written is said, and does not end the sweep.
    pub(crate) fn keep(&self, seed: u64, what: &str) {
        if self.has(seed) {
            return;
        }
        match self.write(seed, what) {
            Ok(()) => drop(self.kept().insert(seed)),
            Err(error) if !self.has_complained.swap(true, Ordering::Relaxed) => complain(&format!(
                "failed to keep seed {seed} ({what}): {error:#}; others that cannot be kept are not told of"
            )),
            Err(_) => {}
        }
    }

    fn file(&self, seed: u64) -> PathBuf {
        PathBuf::from("breaches").join(name(self.arguments, self.source, seed) + ".txt")
    }

    fn write(&self, seed: u64, what: &str) -> Result<()> {
        folder()?;
        let file = workspace().join(self.file(seed));
        let place = || file.display().to_string();
        let replay = replay(self.arguments, seed);
        fs::write(&file, format!("{what}\nreplay: {replay}\n")).with_context(place)?;
        let told = play::tell_seed(self.arguments, self.source, seed)?;
        let text = timeline::joined(&told.lines());
        let text = if text.contains(what) {
            text
        } else {
            format!("{what}\nNOT DETERMINISTIC: played once more, the seed gave this run:\n\n{text}")
        };
        fs::write(&file, cut(&text, &replay)).with_context(place)
    }

    /// The block that stands last, with commands to copy.
    pub(crate) fn block(&self, seed: u64, breach: &Breach) -> String {
        let head = styled(BAD, &format!("BROKEN  {}", words(breach)));
        let (at, step, message) = (breach.at, breach.step, &breach.message);
        let commands = self.commands(seed);
        format!("\n{head}   seed {seed}   at {at}, step {step}\n        {message}\n{commands}")
    }

    /// The same for a run that panicked.
    pub(crate) fn panic_block(&self, seed: u64, message: &str) -> String {
        let head = styled(BAD, "PANICKED");
        format!("\n{head}   seed {seed}\n        {message}\n{}", self.commands(seed))
    }

    fn commands(&self, seed: u64) -> String {
        let replay = replay(self.arguments, seed);
        let timeline = if self.has(seed) {
            format!("  timeline:  {}\n", from_here(&workspace().join(self.file(seed))).display())
        } else {
            String::new()
        };
        format!(
            "  replay:    {replay}\n  as data:   {replay} --format json\n  shrink:    {replay} --shrink\n{timeline}"
        )
    }
}

/// A broken claim in words that its timeline has, too.
pub(crate) fn words(breach: &Breach) -> String {
    format!("{} ({})", breach.claim.name(), breach.claim.id())
}

/// The block of a seed that gave two runs.
pub(crate) fn divergence_block(arguments: &SimArguments, seed: u64, hashes: (u64, u64)) -> String {
    let head = styled(BAD, "NOT DETERMINISTIC");
    let (one, other) = hashes;
    let replay = replay(arguments, seed);
    format!(
        "\n{head}   seed {seed}   trace {one:016x}, then {other:016x}\n  compare:   {replay} --check-determinism\n"
    )
}
