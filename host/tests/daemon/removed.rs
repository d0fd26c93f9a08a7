//! Units of kinds that the configuration does not have any more.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use rustix::process::Signal;
use serde_json::Value;

use crate::{
    harness::{Home, until},
    life::{NAVIGATION, SURVEY},
    namespaces,
};

const OLD: &str = r#"
[ladder.quick]
rungs = [{ do = "kill", patience = "2s", always = true }]
[kind.old]
ladder = "engagement"
body = "task"
[kind.older]
ladder = "quick"
body = "process"
[[unit]]
name = "digger"
kind = "old"
demo = "engagement"
start = true
[[unit]]
name = "sleeper"
kind = "older"
command = ["sleep", "3600"]
start = true
"#;

const DAEMON: &str = env!("CARGO_BIN_EXE_winddownd");

fn forget(home: &Home) -> Output {
    forget_with(&mut Command::new(DAEMON), home)
}

/// The same, by a command that comes to run the daemon.
fn forget_with(daemon: &mut Command, home: &Home) -> Output {
    let daemon = daemon.arg("--config").arg(home.config()).arg("--state-dir").arg(home.state(""));
    daemon.arg("--forget-removed-kinds").output().expect("it can be run")
}

fn findings(home: &Home, unit: &str) -> Vec<Value> {
    let text = home.ask(&["findings", unit, "--format", "json"]);
    let all = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("it is JSON"));
    all.filter_map(|line| line.get("finding").cloned()).collect()
}

/// What a daemon says that is run by this command, and does not forget.
fn refused(command: &mut Command, home: &Home) -> String {
    let refused = forget_with(command.arg(DAEMON), home);
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{text}");
    text
}

#[test]
fn units_of_a_removed_kind_are_named_with_what_to_type_and_forgotten_by_it() {
    let home = Home::new(&format!("{NAVIGATION}{OLD}"));
    let mut daemon = home.start();
    until("it has found something", || findings(&home, "digger").len() > 3);
    let running = forget(&home);
    assert_eq!(running.status.code(), Some(1), "not while a daemon runs: {running:?}");
    assert!(String::from_utf8_lossy(&running.stderr).contains("another winddownd"), "{running:?}");
    let unit = home.ask(&["inspect", "sleeper"]);
    let pid =
        unit.lines().find_map(|line| line.strip_prefix("process")).expect("it has one").trim().to_owned();
    // Its process lives on, and so do findings that nobody has waited for.
    let found = findings(&home, "digger");
    daemon.signal(Signal::KILL);
    daemon.wait();
    assert!(Path::new("/proc").join(&pid).exists(), "it outlives its daemon");

    fs::write(home.config(), format!("{NAVIGATION}{SURVEY}")).expect("it can be written");
    let mut refused = home.spawn();
    assert_eq!(refused.wait().code(), Some(1));
    let log = refused.log();
    for part in
        ["unit \"digger\" of kind \"old\"", "unit \"sleeper\" of kind \"older\"", "--forget-removed-kinds"]
    {
        assert!(log.contains(part), "{part} is not in {log}");
    }
    assert!(Path::new("/proc").join(&pid).exists(), "who refuses changes nothing");

    let forgotten = forget(&home);
    let text = String::from_utf8_lossy(&forgotten.stdout).into_owned();
    assert!(forgotten.status.success(), "{forgotten:?}");
    assert!(
        text.contains("forgotten: \"digger\", with ") && text.contains("forgotten: \"sleeper\""),
        "{text}"
    );
    until("what it left is gone", || !Path::new("/proc").join(&pid).exists());
    let file =
        text.lines().last().and_then(|line| line.strip_prefix("what they were and what they found is in "));
    let saved = fs::read_to_string(file.expect("it says where")).expect("it is there");
    let saved: Vec<Value> = saved.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((&saved[0]["unit"], &saved[0]["kind"]), (&"digger".into(), &"old".into()));
    let exported: Vec<_> = saved.iter().filter(|line| line["id"].is_string()).collect();
    assert!(exported.len() >= found.len(), "{} of {}", exported.len(), found.len());
    for finding in &found {
        let is_same = |line: &&&Value| line["id"] == finding["id"] && line["data"] == finding["data"];
        assert!(exported.iter().any(|line| is_same(&line)), "{finding} is lost");
    }

    let mut daemon = home.start();
    let listed = home.ask(&["list"]);
    assert!(!listed.contains("digger") && !listed.contains("sleeper"), "{listed}");
    home.ask(&["shutdown"]);
    daemon.wait();
    let again = forget(&home);
    assert!(again.status.success(), "{again:?}");
    assert!(String::from_utf8_lossy(&again.stdout).starts_with("nothing to forget"), "{again:?}");
    // Who comes back finds what was found before.
    fs::write(home.config(), format!("{NAVIGATION}{OLD}")).expect("it can be written");
    let _daemon = home.start();
    let kept = findings(&home, "digger");
    assert!(found.iter().all(|finding| kept.contains(finding)), "{} of {}", kept.len(), found.len());
    home.ask(&["shutdown"]);
}

#[test]
fn nothing_is_forgotten_while_nobody_can_say_whether_it_lives() {
    let home = Home::new(OLD);
    let mut daemon = home.start();
    until("it runs", || home.ask(&["inspect", "sleeper"]).contains("running"));
    daemon.signal(Signal::KILL);
    daemon.wait();
    fs::write(home.config(), NAVIGATION).expect("it can be written");
    // A container in which nothing shows any process.
    let Some(mut blind) =
        namespaces::unshare(&["--mount", "sh", "-c", "mount -t tmpfs none /proc && exec \"$@\"", "sh"])
    else {
        return;
    };
    let text = refused(&mut blind, &home);
    assert!(text.contains("is not forgotten, nor is any other one: nobody can say whether"), "{text}");
    fs::write(home.config(), OLD).expect("it can be written");
    let _daemon = home.start();
    assert!(home.ask(&["list"]).contains("sleeper"));
    home.ask(&["shutdown"]);
}

#[test]
fn nothing_is_forgotten_while_what_was_found_cannot_be_written() {
    let home = Home::new(OLD);
    let mut daemon = home.start();
    until("it has found something", || findings(&home, "digger").len() > 11);
    home.ask(&["shutdown"]);
    daemon.wait();
    fs::write(home.config(), NAVIGATION).expect("it can be written");
    // A file has 512 bytes at most: the disk is full as soon as much is written.
    let mut full = Command::new("sh");
    let text = refused(full.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh"]), &home);
    assert!(text.contains("failed to write what was found to "), "{text}");
    fs::write(home.config(), OLD).expect("it can be written");
    let _daemon = home.start();
    assert!(findings(&home, "digger").len() > 11, "they are still there");
    assert!(home.ask(&["list"]).contains("digger"));
    home.ask(&["shutdown"]);
}
