//! `cargo xtask` as its users meet it: the program, its output, its exit codes.

#![expect(clippy::unwrap_used, reason = "in a test, what must not be is a panic")]

mod cli;
mod journal;
mod kept;
mod look;
mod sweeps;

use std::process::{Command, Output, Stdio};

pub(crate) fn xtask(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
pub(crate) fn check(arguments: &[&str], code: i32, words: &[&str]) -> String {
    let output = xtask(arguments);
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{said}");
    for word in words {
        assert!(said.contains(word), "{arguments:?} should say {word:?}:\n{said}");
    }
    assert!(!said.contains('\u{1b}'), "no colour was wanted");
    said
}
