//! What the client says when something did not work, and with which exit code.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, ChildStderr, Command, Stdio},
};

use rustix::process::Signal;
use serde_json::Value;

use crate::{
    harness::{Home, until},
    life::{NAVIGATION, SURVEY},
    signals::DEAF,
};

/// A client that is attached, and the rest of what it says.
fn attached(home: &Home, arguments: &[&str]) -> (Child, BufReader<ChildStderr>) {
    let mut client = Command::new(env!("CARGO_BIN_EXE_winddown"))
        .args(["attach", "--state-dir"])
        .arg(home.state(""))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it can be run");
    let mut stderr = BufReader::new(client.stderr.take().expect("it has one"));
    let mut first = String::new();
    stderr.read_line(&mut first).expect("it says something");
    assert!(first.contains("attached"), "{first}");
    (client, stderr)
}

#[test]
fn an_attach_that_is_cut_off_is_an_error() {
    let home = Home::new(NAVIGATION);
    let mut daemon = home.start();
    let (mut client, mut said) = attached(&home, &[]);
    daemon.signal(Signal::KILL);
    daemon.wait();
    assert_eq!(client.wait().expect("it ends").code(), Some(5));
    let mut text = String::new();
    std::io::Read::read_to_string(&mut said, &mut text).expect("it can be read");
    assert!(text.contains("error: cut off: the connection ended") && text.contains("attach again"), "{text}");
}

#[test]
fn an_attach_whose_daemon_dies_in_its_shutdown_is_cut_off_as_well() {
    let home = Home::new(DEAF);
    let mut daemon = home.start();
    let (mut client, _said) = attached(&home, &["--format", "json"]);
    daemon.signal(Signal::TERM);
    until("it shuts down", || daemon.log().contains("shutting down"));
    // The client has heard of it: what it is told is told before units are stopped.
    let stdout = client.stdout.take().expect("it has one");
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).expect("it can be read");
    assert!(line.contains("daemon_shutdown"), "{line}");
    daemon.signal(Signal::KILL);
    daemon.wait();
    assert_eq!(client.wait().expect("it ends").code(), Some(5));
}

#[test]
fn an_error_can_be_read_by_a_program() {
    let home = Home::new(&format!("{NAVIGATION}{SURVEY}"));
    let check = |arguments: &[&str], code: &str, exit: i32| {
        let all = [&["--format", "json"], arguments].concat();
        let output = home.winddown(&all);
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}: {output:?}");
        let text = String::from_utf8_lossy(&output.stderr);
        let error: Value = serde_json::from_str(&text).unwrap_or_else(|why| panic!("{why}: {text}"));
        assert_eq!(text.lines().count(), 1, "{text}");
        assert_eq!(error["type"], "error", "{text}");
        assert_eq!(error["v"], 1, "{text}");
        assert_eq!(error["code"], code, "{text}");
        assert_eq!(error["exit"], exit, "{text}");
        let message = error["message"].as_str().expect("a message");
        assert!(!message.is_empty() && !message.starts_with("error"), "{text}");
        error["hint"].as_str().unwrap_or_default().to_owned()
    };
    let hint = check(&["list", "--wait", "0s"], "no-daemon", 3);
    assert!(hint.starts_with("start one with `winddownd --config FILE`"), "{hint}");
    check(&["report"], "no-report", 1);
    let hint = check(&["fly"], "usage", 2);
    assert!(hint.contains("Usage: winddown"), "{hint}");
    check(&["stop", "navigation", "--within", "5"], "usage", 2);
    let mut daemon = home.start();
    check(&["stop", "none"], "unknown-unit", 4);
    check(&["pause", "navigation"], "refused", 1);
    daemon.signal(Signal::TERM);
    daemon.wait();
    // Help is an answer, whoever reads it.
    let help = home.winddown(&["--format=json", "--help"]);
    assert!(help.status.success() && !help.stdout.is_empty(), "{help:?}");
}
