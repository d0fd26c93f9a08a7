//! Sweeps that find something: what they print, and what they keep.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Command, Stdio},
};

use crate::text;

/// A body that finds something every nanosecond, so that its run ends only by a claim.
const ENDLESS: &str =
    "name = \"endless\"\n[[unit]]\nname = \"a\"\nsystem = \"task\"\n[unit.body]\nfinds-every = \"1ns\"\n";

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

    fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.args(words.split(' ')).env("NO_COLOR", "1").stdin(Stdio::null());
        command.current_dir(self.path()).env("CARGO_MANIFEST_DIR", self.path().join("xtask"));
        command
    }
}

/// The signal that Ctrl-C sends.
#[cfg(unix)]
#[test]
fn the_summary_is_out_before_anything_is_shrunk_and_an_interrupt_ends_that() {
    let workspace = Workspace::new();
    workspace.write("endless.toml", ENDLESS);
    let mut command = workspace.command("sim --scenario endless.toml --seeds 1 --jobs 1");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    while !said.contains("  timeline:  ") {
        assert!(out.read_line(&mut said).unwrap() > 0, "{said}");
    }
    for word in
        ["verdict       1 of 1 runs broke a claim", "BROKEN  ", "  replay:    ", "--seed 0 --shrink\n"]
    {
        assert!(said.contains(word), "{word}: {said}");
    }
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    out.read_to_string(&mut said).unwrap();
    assert!(said.contains("interrupted: this may not be the smallest"), "{said}");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let (_, replay) = said.rsplit_once("  replay:    cargo xtask ").unwrap();
    let replayed = workspace.command(replay.trim_end()).output().unwrap();
    assert_eq!(replayed.status.code(), Some(1), "the smallest so far was kept: {}", text(&replayed.stderr));
}
