//! Daemons and clients in PID namespaces of their own, as in containers.

use std::process::{Command, Output};

use crate::{harness::Home, life::NAVIGATION};

/// A program as the first process of a PID namespace. `None`, with a word about it: this machine gives none.
fn first(program: &str) -> Option<Command> {
    let unshare = || {
        let mut unshare = Command::new("unshare");
        unshare.args(["--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc"]);
        unshare
    };
    let tried = unshare().arg("true").output();
    if !tried.as_ref().is_ok_and(|it| it.status.success()) {
        eprintln!("skipped: no PID namespace is to be had here: {tried:?}");
        return None;
    }
    let mut command = unshare();
    command.arg(program);
    Some(command)
}

/// Asks from another PID namespace than the daemon's.
fn ask(home: &Home, arguments: &[&str]) -> Option<Output> {
    let mut client = first(env!("CARGO_BIN_EXE_winddown"))?;
    client.arg("--state-dir").arg(home.state("")).args(arguments);
    Some(client.output().expect("it can be run"))
}

#[test]
fn a_client_from_another_pid_namespace_is_served_but_cannot_wait_for_the_end() {
    let home = Home::new(NAVIGATION);
    let mut daemon = home.start();
    let Some(listed) = ask(&home, &["list"]) else { return };
    assert!(listed.status.success(), "{listed:?}");
    let refused = ask(&home, &["shutdown"]).expect("as before");
    let text = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{text}");
    assert!(text.contains("in another PID namespace") && text.contains("--no-wait"), "{text}");
    assert!(home.ask(&["list"]).contains("navigation"), "nobody has shut it down");
    let asked = ask(&home, &["shutdown", "--no-wait"]).expect("as before");
    assert!(asked.status.success(), "{asked:?}");
    assert_eq!(daemon.wait().code(), Some(0));
}
