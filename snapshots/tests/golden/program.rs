//! Programs of this repository as a user meets them.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Mutex, PoisonError},
};

/// `cargo xtask`.
pub(crate) const XTASK: Program = Program { package: "xtask", name: "xtask" };
/// The daemon.
pub(crate) const WINDDOWND: Program = Program { package: "winddown-host", name: "winddownd" };
/// The daemon's client.
pub(crate) const WINDDOWN: Program = Program { package: "winddown-host", name: "winddown" };

/// A program, and the package that it is built from.
#[derive(Clone, Copy)]
pub(crate) struct Program {
    package: &'static str,
    pub(crate) name: &'static str,
}

impl Program {
    /// Runs it from the root of the repository, in 100 columns.
    pub(crate) fn run(self, arguments: &[&str]) -> Output {
        let mut command = Command::new(self.path());
        command.args(arguments).current_dir(root()).env("NO_COLOR", "1").env("COLUMNS", "100");
        command.output().expect("it runs")
    }

    /// Where it is, built if it is not.
    fn path(self) -> PathBuf {
        static BUILT: Mutex<BTreeMap<&str, BTreeMap<String, PathBuf>>> = Mutex::new(BTreeMap::new());
        let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
        let programs = built.entry(self.package).or_insert_with(|| build(self.package));
        programs.get(self.name).unwrap_or_else(|| panic!("{} is not built", self.name)).clone()
    }
}

/// What it said, and where.
pub(crate) fn said(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("it says what is text")
}

fn root() -> &'static Path {
    crate::folder::package().parent().expect("the package is in the workspace")
}

/// Builds a package's programs, and says where they are.
fn build(package: &str) -> BTreeMap<String, PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--quiet", "--bins", "--package", package, "--message-format", "json"])
        .current_dir(root());
    let built = cargo.output().expect("cargo runs");
    assert!(built.status.success(), "{package} is not built:\n{}", said(&built.stderr));
    said(&built.stdout).lines().filter_map(executable).collect()
}

/// What one of cargo's messages says about a program that was built.
fn executable(message: &str) -> Option<(String, PathBuf)> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let path = message.get("executable")?.as_str().map(PathBuf::from)?;
    Some((message.get("target")?.get("name")?.as_str()?.to_owned(), path))
}
