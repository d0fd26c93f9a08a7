use std::{
    fs::{self, File},
    process::{Command, Stdio},
};

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};

use crate::harness::{Home, Killed, until};

const WORKER: &str = r#"
[ladder.brisk]
rungs = [{ do = "kill", patience = "5s" }]
[kind.worker]
ladder = "brisk"
body = "process"
[[unit]]
name = "worker"
kind = "worker"
command = ["sleep", "1000"]
"#;

/// A daemon to which a file that becomes too large is an error, and no signal that ends it.
fn spawn(home: &Home) -> Killed {
    let log = File::create(home.config().with_file_name("log")).expect("it can be made");
    let child = Command::new("sh")
        .args(["-c", "trap '' 25; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_winddownd"), "--config"])
        .arg(home.config())
        .arg("--state-dir")
        .arg(home.state(""))
        .stderr(log)
        .stdin(Stdio::null())
        .spawn();
    Killed(child.expect("it can be started"))
}

/// No write of the store has room in a page; the few lines of the log have.
fn have_room(daemon: &Killed, room: bool) {
    let pid = i32::try_from(daemon.0.id()).ok().and_then(Pid::from_raw);
    let limit = Rlimit { current: (!room).then_some(4096), maximum: None };
    prlimit(pid, Resource::Fsize, limit).expect("it can be set");
}

#[test]
fn a_database_that_is_removed_or_replaced_is_a_store_that_fails() {
    for file in ["winddown.db", "winddown.db-wal"] {
        let home = Home::new(WORKER);
        let daemon = home.start();
        home.ask(&["start", "worker"]);
        let (path, aside) = (home.state(file), home.state("aside"));
        fs::rename(&path, &aside).expect("it can be moved");
        fs::copy(&aside, &path).expect("it can be copied");
        let stop = home.winddown(&["stop", "worker"]);
        let text = String::from_utf8_lossy(&stop.stderr);
        assert_eq!(stop.status.code(), Some(1), "{file}: {text}");
        assert!(text.contains("could not be recorded"), "{file}: {text}");
        let told = format!("{file} was removed or replaced while it is in use");
        until("it is told", || daemon.log().contains(&told));
        // What is put back is what was opened.
        fs::rename(&aside, &path).expect("it can be moved");
        assert!(home.ask(&["stop", "worker"]).contains("on record"));
        until("it works again", || daemon.log().contains("works again"));
        home.ask(&["shutdown"]);
    }
}

#[test]
fn a_database_that_is_removed_is_noticed_also_where_nothing_is_written() {
    let home = Home::new(WORKER);
    let mut daemon = home.start();
    fs::remove_file(home.state("winddown.db")).expect("it can be removed");
    until("it is told", || daemon.log().contains("was removed or replaced while it is in use"));
    daemon.signal(Signal::TERM);
    daemon.wait();
}

#[test]
fn a_disk_that_takes_nothing_more_is_told_once_and_told_when_it_works_again() {
    let home = Home::new(WORKER);
    let daemon = spawn(&home);
    until("it is ready", || home.log().contains(" ready "));
    have_room(&daemon, false);
    for start in ["1", "2"] {
        drop(home.winddown(&["start", "worker"]));
        let told = || home.ask(&["inspect", "worker"]);
        until("it has failed", || {
            told().contains("failed") && told().contains(&format!("start        {start}\n"))
        });
        assert!(
            told().contains("error        its start could not be recorded: disk I/O error"),
            "{}",
            told()
        );
    }
    let list = home.ask(&["list"]);
    assert!(list.contains("its start could not be recorded: disk I/O error"), "{list}");
    let log = home.log();
    assert_eq!(log.matches("the store fails").count(), 1, "{log}");
    let line = log.lines().find(|line| line.contains("the store fails")).expect("it is there");
    assert!(line.contains(" WARN ") && line.contains("disk I/O error"), "{line}");
    have_room(&daemon, true);
    assert!(home.ask(&["start", "worker"]).contains("asked to start"));
    until("it is told", || home.log().lines().any(|it| it.contains(" INFO ") && it.contains("works again")));
    until("it runs", || home.ask(&["inspect", "worker"]).contains("running"));
    assert!(!home.ask(&["inspect", "worker"]).contains("error"), "it runs, and nothing is wrong with it");
}
