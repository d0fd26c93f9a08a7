//! Sweeps that find something: what they print, and what they keep.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Command, Stdio},
};

use crate::text;

/// A body that finds something every nanosecond, so that its run ends only by a claim.
const ENDLESS: &str =
    "name = \"endless\"\n[[unit]]\nname = \"a\"\nsystem = \"task\"\n[unit.body]\nfinds-every = \"1ns\"\n";

/// Its host is expected to exit in another way than it does.
const EXPECTING: &str = "name = \"web\"\n[[unit]]\nname = \"a\"\nsystem = \"task\"\n[expect]\nexit = 1\n";

/// A workspace of its own, so that what a test keeps is nobody else's.
struct Workspace(tempfile::TempDir);

impl Workspace {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("xtask")).unwrap();
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, file: &str, text: &str) {
        let file = self.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    /// What is kept, by its name.
    fn kept(&self) -> BTreeMap<String, String> {
        let entry = |entry: std::io::Result<fs::DirEntry>| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap())
        };
        fs::read_dir(self.path().join("breaches")).unwrap().map(entry).collect()
    }

    /// Runs a command that finds a broken claim, and returns what it said.
    #[track_caller]
    fn breaks(&self, words: &str) -> String {
        let output = self.command(words).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{words}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.args(words.split(' ')).env("NO_COLOR", "1").stdin(Stdio::null());
        command.current_dir(self.path()).env("CARGO_MANIFEST_DIR", self.path().join("xtask"));
        command
    }
}

/// Sweeps over one seed, and interrupts what follows the summary: what was printed until then, and in all.
#[cfg(unix)]
#[track_caller]
fn interrupted(workspace: &Workspace, words: &str) -> (String, String) {
    let mut child = workspace.command(words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    while !said.contains("  timeline:  ") {
        assert!(out.read_line(&mut said).unwrap() > 0, "{said}");
    }
    // The signal that Ctrl-C sends.
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let summary = said.clone();
    out.read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
    (summary, said)
}

#[cfg(unix)]
#[test]
fn the_summary_is_out_before_anything_is_shrunk_and_an_interrupt_ends_that() {
    let workspace = Workspace::new();
    workspace.write("endless.toml", ENDLESS);
    let (summary, said) = interrupted(&workspace, "sim --scenario endless.toml --seeds 1 --jobs 1");
    for word in
        ["verdict       1 of 1 runs broke a claim", "BROKEN  ", "  replay:    ", "--seed 0 --shrink\n"]
    {
        assert!(summary.contains(word), "{word}: {said}");
    }
    assert!(said.contains("interrupted: this may not be the smallest"), "{said}");
    let (_, replay) = said.rsplit_once("  replay:    cargo xtask ").unwrap();
    let replayed = workspace.command(replay.trim_end()).output().unwrap();
    assert_eq!(replayed.status.code(), Some(1), "the smallest so far was kept: {}", text(&replayed.stderr));
}

#[cfg(unix)]
#[test]
fn a_run_that_goes_round_in_circles_does_not_fill_the_disk() {
    let workspace = Workspace::new();
    workspace.write("endless.toml", ENDLESS);
    let (summary, _) = interrupted(&workspace, "sim --scenario endless.toml --seeds 1 --jobs 1");
    let (_, file) = summary.rsplit_once("  timeline:  ").unwrap();
    let kept = fs::read_to_string(workspace.path().join(file.trim_end())).unwrap();
    assert!(kept.lines().count() < 2_010, "{} lines", kept.lines().count());
    for word in [
        "legend",
        " lines are left out; all of them: cargo xtask sim --scenario endless.toml --seed 0\n",
        "verdict: BROKEN",
        "the host still runs after 50000 steps, in 50us of virtual time",
    ] {
        assert!(kept.contains(word), "{word}");
    }
}

#[test]
fn what_is_kept_is_not_lost_to_what_is_about_something_else() {
    let workspace = Workspace::new();
    workspace.write("a/web.toml", EXPECTING);
    workspace.write("b/web.toml", &EXPECTING.replace("\"a\"", "\"b\""));
    workspace.breaks("sim --scenario a/web.toml --seed 6 --shrink");
    workspace.breaks("sim --scenario b/web.toml --seeds 5..8 --jobs 1");
    let before = workspace.kept();
    assert_eq!(before.keys().filter(|name| name.ends_with(".run")).count(), 2, "{:?}", before.keys());
    workspace.breaks("sim --scenario a/web.toml --seeds 5..8 --jobs 1");
    let after = workspace.kept();
    assert!(before.iter().all(|(name, text)| after.get(name) == Some(text)), "{:?}", after.keys());
    assert_eq!(after.keys().filter(|name| name.ends_with("seed-7.txt")).count(), 2, "{:?}", after.keys());
}

#[test]
fn another_small_run_of_the_same_name_gets_a_number() {
    let workspace = Workspace::new();
    workspace.write("web.toml", EXPECTING);
    workspace.breaks("sim --scenario web.toml --seed 6 --shrink");
    let (name, run) = workspace.kept().pop_first().unwrap();
    let said = workspace.breaks(&format!("sim --replay breaches/{name} --format json"));
    assert!(said.contains("\"same\":true"), "{said}");
    workspace.write("foo.run", &run);
    workspace.write("breaches/foo-small.run", "kept by somebody else");
    for _ in 0..2 {
        let said = workspace.breaks("sim --replay foo.run --shrink");
        assert!(said.ends_with("kept: breaches/foo-small-2.run\n"), "{said}");
    }
    assert_eq!(workspace.kept()["foo-small.run"], "kept by somebody else");
    assert_eq!(workspace.kept().len(), 3, "the same run is kept once: {:?}", workspace.kept().keys());
}

#[test]
fn a_summary_names_files_that_are_there() {
    let workspace = Workspace::new();
    workspace.write("sim/web.toml", EXPECTING);
    let mut command = workspace.command("sim --scenario web.toml --seeds 3 --jobs 1");
    let said = text(&command.current_dir(workspace.path().join("sim")).output().unwrap().stdout);
    let named: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("  timeline:  ")).collect();
    let there = |file: &&str| workspace.path().join("sim").join(file).is_file();
    assert!(named.len() == 3 && named.iter().all(there), "{named:?}");

    fs::remove_dir_all(workspace.path().join("breaches")).unwrap();
    workspace.write("breaches", "a plain file");
    let output = workspace.command("sim --scenario sim/web.toml --seeds 3 --jobs 1").output().unwrap();
    let (said, complaint) = (text(&output.stdout), text(&output.stderr));
    assert!(said.contains("--seed 2 --shrink\n") && !said.contains("timeline:"), "{said}");
    assert_eq!(complaint.lines().count(), 1, "{complaint}");
    assert!(complaint.contains("failed to keep seed 0"), "{complaint}");
}
