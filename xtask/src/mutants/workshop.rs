//! Where bugs are planted: a copy of engine and simulator below `target/mutants`, which is always built
//! in the same place, so that each bug costs what an incremental build costs.

use std::{
    collections::BTreeSet,
    env,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use super::{hunt::Hunt, patch::Planted};
use crate::breach::workspace;

/// The packages that are copied.
const PACKAGES: [&str; 2] = ["core", "sim"];

/// How often a hunt is looked at.
const GLANCE: Duration = Duration::from_millis(5);

/// What a hunt may take at the least, and how many runs a second are slow. One that is slower hangs.
const HUNT_MIN: Duration = Duration::from_secs(60);
const RUNS_A_SECOND: u64 = 2_000;

/// How much is hunted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    /// From so many first seeds, far apart.
    pub(super) starts: u64,
    /// So many runs from each.
    pub(super) runs: u64,
    /// So many choices of the exhaustive exploration.
    pub(super) choices: u64,
    /// On so many threads.
    pub(super) jobs: u16,
    /// With priorities as well.
    pub(super) pct: bool,
}

/// The copy, and where it is built.
#[derive(Debug)]
pub(super) struct Workshop {
    tree: PathBuf,
    build: PathBuf,
    /// Held as long as the workshop is open: two at a time would plant over each other.
    _lock: File,
}

/// What became of a bug that was to be planted.
pub(super) enum Hunted {
    /// The patch does not fit the source.
    NotApplied(String),
    /// What it makes of the source is no program.
    NotBuilt(String),
    /// The hunt was given up.
    Hung(Vec<Hunt>),
    /// The hunt broke down.
    Crashed(String),
    /// The hunt came to its end.
    Over(Vec<Hunt>),
}

impl Workshop {
    /// The workshop of this workspace.
    pub(super) fn open() -> Result<Self> {
        let place = workspace().join("target").join("mutants");
        Self::at(&place).with_context(|| format!("failed to open {}", place.display()))
    }

    fn at(place: &Path) -> Result<Self> {
        let tree = place.join("tree");
        fs::create_dir_all(&tree)?;
        let lock = File::create(place.join("lock"))?;
        lock.try_lock().context("another hunt goes on there; wait for its end")?;
        Ok(Self { tree, build: place.join("build"), _lock: lock })
    }

    /// Plants a bug, or none, and hunts it.
    pub(super) fn hunt(&self, bug: Option<&Planted>, effort: Effort) -> Result<Hunted> {
        self.restore().context("failed to copy the sources")?;
        if let Some(bug) = bug
            && let Err(error) = self.apply(bug)
        {
            return Ok(Hunted::NotApplied(error.to_string()));
        }
        match self.compile(effort.jobs) {
            Ok(program) => run(&program, effort),
            Err(error) => Ok(Hunted::NotBuilt(error.to_string())),
        }
    }

    /// Makes the copy what the workspace is. Files that are so already are not touched, and not built
    /// again.
    fn restore(&self) -> Result<()> {
        for package in PACKAGES {
            mirror(&workspace().join(package), &self.tree.join(package))?;
        }
        write_changed(&self.tree.join("Cargo.lock"), &fs::read(workspace().join("Cargo.lock"))?)?;
        let manifest = fs::read_to_string(workspace().join("Cargo.toml"))?;
        write_changed(&self.tree.join("Cargo.toml"), smaller(&manifest).as_bytes())
    }

    fn apply(&self, bug: &Planted) -> Result<()> {
        let mut git = Command::new("git");
        // The copy is below a repository, and is none.
        git.env("GIT_CEILING_DIRECTORIES", self.tree.parent().unwrap_or(&self.tree));
        git.args(["apply", "--whitespace=nowarn"]).arg(&bug.file).current_dir(&self.tree);
        let output = git.output().context("failed to run git, which applies the patches")?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(())
    }

    fn compile(&self, jobs: u16) -> Result<PathBuf> {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // A planted bug leaves names unused; and the program is to be where it is looked for.
        cargo.env_remove("RUSTFLAGS").env_remove("CARGO_BUILD_TARGET").env("CARGO_INCREMENTAL", "1");
        cargo.args([
            "build",
            "--release",
            "--offline",
            "--quiet",
            "--package",
            "winddown-sim",
            "--bin",
            "hunt",
        ]);
        cargo.arg("--jobs").arg(jobs.to_string()).arg("--target-dir").arg(&self.build);
        let output = cargo.current_dir(&self.tree).output().context("failed to run cargo")?;
        if !output.status.success() {
            bail!("{}", first_error(&String::from_utf8_lossy(&output.stderr)));
        }
        Ok(self.build.join("release").join(format!("hunt{}", env::consts::EXE_SUFFIX)))
    }
}

/// The first error among a compiler's messages, to its end.
fn first_error(messages: &str) -> String {
    let blocks = messages.split("\n\n");
    let found = blocks.into_iter().find(|block| block.trim_start().starts_with("error"));
    found.unwrap_or(messages).trim().to_owned()
}

/// The workspace's manifest with only those packages that are copied.
fn smaller(manifest: &str) -> String {
    let quoted: Vec<String> = PACKAGES.iter().map(|package| format!("\"{package}\"")).collect();
    let members = format!("members = [{}]", quoted.join(", "));
    let line = |line: &str| match line {
        _ if line.starts_with("members = ") => Some(members.clone()),
        _ if line.starts_with("default-members = ") => None,
        _ => Some(line.to_owned()),
    };
    manifest.lines().filter_map(line).collect::<Vec<_>>().join("\n")
}

/// Makes one folder the same as another.
fn mirror(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        names.insert(entry.file_name());
        if entry.file_type()?.is_dir() {
            mirror(&entry.path(), &place)?;
        } else {
            write_changed(&place, &fs::read(entry.path())?)?;
        }
    }
    for entry in fs::read_dir(to)? {
        let entry = entry?;
        if names.contains(&entry.file_name()) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn write_changed(file: &Path, content: &[u8]) -> Result<()> {
    if fs::read(file).is_ok_and(|old| old == content) {
        return Ok(());
    }
    fs::write(file, content).with_context(|| format!("failed to write {}", file.display()))
}

/// Runs the hunting program, for as long as it may take.
fn run(program: &Path, effort: Effort) -> Result<Hunted> {
    let Effort { starts, runs, choices, jobs, pct } = effort;
    let mut command = Command::new(program);
    command.args([starts, runs, choices, jobs.into(), pct.into()].map(|number| number.to_string()));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (mut out, mut complaints) = (child.stdout.take(), child.stderr.take());
    let reader = thread::spawn(move || read(out.as_mut()));
    let listener = thread::spawn(move || read(complaints.as_mut()));
    let limit =
        HUNT_MIN + Duration::from_secs(starts.saturating_mul(runs) * (1 + u64::from(pct)) / RUNS_A_SECOND);
    let until = Instant::now() + limit;
    let status = loop {
        match child.try_wait()? {
            Some(status) => break Some(status),
            None if Instant::now() >= until => {
                child.kill()?;
                child.wait()?;
                break None;
            }
            None => thread::sleep(GLANCE),
        }
    };
    let lines = reader.join().unwrap_or_else(|_| Ok(String::new()))?;
    let hunts: Vec<Hunt> = lines.lines().map(Hunt::read).collect::<Result<_>>()?;
    let complaints = listener.join().unwrap_or_else(|_| Ok(String::new()))?;
    Ok(match status {
        None => Hunted::Hung(hunts),
        Some(status) if status.success() => Hunted::Over(hunts),
        Some(status) => Hunted::Crashed(format!("{status} {}", complaints.trim())),
    })
}

fn read(from: Option<&mut impl io::Read>) -> io::Result<String> {
    let mut text = String::new();
    if let Some(from) = from {
        from.read_to_string(&mut text)?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smaller_manifest_has_what_is_copied() {
        let manifest =
            "[workspace]\nmembers = [\"core\", \"host\"]\ndefault-members = [\"core\"]\n[profile.dev]";
        assert_eq!(smaller(manifest), "[workspace]\nmembers = [\"core\", \"sim\"]\n[profile.dev]");
    }

    #[test]
    fn the_first_error_is_told_and_no_warning() {
        let messages = "warning: unused\n --> a\n\nerror[E0308]: mismatched\n --> b\n\nerror: aborting";
        assert_eq!(first_error(messages), "error[E0308]: mismatched\n --> b");
        assert_eq!(first_error("cannot\n"), "cannot");
    }

    /// A workshop whose copy is one file with one line, and a patch that expects this one there.
    fn planted(expected: &str) -> (tempfile::TempDir, Workshop, Planted) {
        let folder = tempfile::tempdir().unwrap();
        let shop = Workshop::at(folder.path()).unwrap();
        fs::write(shop.tree.join("a.txt"), "stop\n").unwrap();
        let file = folder.path().join("a.patch");
        let patch = format!("Title: a\n\n--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-{expected}\n+go\n");
        fs::write(&file, patch).unwrap();
        let bug = Planted {
            name: "a".to_owned(),
            title: "a".to_owned(),
            system: "none".to_owned(),
            reference: None,
            claims: Vec::new(),
            file,
        };
        (folder, shop, bug)
    }

    #[test]
    fn a_patch_that_fits_is_applied_to_the_copy() {
        let (_folder, shop, bug) = planted("stop");
        shop.apply(&bug).unwrap();
        assert_eq!(fs::read_to_string(shop.tree.join("a.txt")).unwrap(), "go\n");
    }

    #[test]
    fn a_patch_that_does_not_fit_says_so_and_changes_nothing() {
        let (_folder, shop, bug) = planted("halt");
        let error = shop.apply(&bug).unwrap_err().to_string();
        assert!(error.contains("a.txt"), "{error}");
        assert_eq!(fs::read_to_string(shop.tree.join("a.txt")).unwrap(), "stop\n");
    }

    #[test]
    fn one_hunt_at_a_time() {
        let (folder, _shop, _bug) = planted("stop");
        let error = format!("{:#}", Workshop::at(folder.path()).unwrap_err());
        assert!(error.contains("another hunt"), "{error}");
    }
}
