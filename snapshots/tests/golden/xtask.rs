//! `cargo xtask` as a user meets it.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

/// Runs it from the root of the repository, in 100 columns.
pub(crate) fn xtask(arguments: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.args(arguments).current_dir(root()).env("NO_COLOR", "1").env("COLUMNS", "100");
    command.output().expect("it runs")
}

/// What it said, and where.
pub(crate) fn said(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("it says what is text")
}

fn root() -> &'static Path {
    crate::folder::package().parent().expect("the package is in the workspace")
}

/// The program, built if it is not.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args(["build", "--quiet", "--package", "xtask", "--message-format", "json"])
            .current_dir(root());
        let built = cargo.output().expect("cargo runs");
        let messages = said(&built.stdout);
        let path = messages.lines().find_map(executable);
        path.unwrap_or_else(|| panic!("xtask is not built:\n{}", said(&built.stderr)))
    })
}

/// What one of cargo's messages says about a program that was built.
fn executable(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    message.get("executable")?.as_str().map(PathBuf::from)
}
