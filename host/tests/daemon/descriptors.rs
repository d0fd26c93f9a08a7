//! What a daemon does about its limit of open files.

use std::{fs, process::Command, thread::sleep, time::Duration};

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use winddown_host::ipc::{Answer, Said};

use crate::harness::{Daemon, Home, until};

/// A unit that leaves a process outside of its group, and is stopped soon.
const FLEES: &str = r#"
[ladder.short]
rungs = [
    { do = "terminate", grace = "0s", patience = "300ms" },
    { do = "kill", patience = "300ms", always = true },
    { do = "forget", patience = "0s", always = true },
]
[kind.short]
ladder = "short"
body = "process"
[[unit]]
name = "flees"
kind = "short"
command = ["sh", "-c", "setsid sleep 4001 & echo child $!; exec sleep 4000"]
start = true
"#;

/// The first number that no open file of a daemon has.
fn first_free(daemon: &Daemon<'_>) -> u64 {
    let is_open =
        |number: &u64| fs::exists(format!("/proc/{}/fd/{number}", daemon.pid())).expect("it can be asked");
    (0..).find(|number| !is_open(number)).expect("there is always one more")
}

fn limit(daemon: &Daemon<'_>, files: Option<u64>) -> Option<u64> {
    let pid = Pid::from_raw(daemon.pid().cast_signed()).expect("a process");
    let hard = rustix::process::getrlimit(Resource::Nofile).maximum;
    let before = prlimit(Some(pid), Resource::Nofile, Rlimit { current: files, maximum: hard });
    before.expect("it can be set").current
}

#[test]
fn what_cannot_be_looked_for_is_leaked_until_it_is_known_to_be_gone() {
    // With none, the list of processes cannot be opened. With the one that is free again when the first process is
    // gone, none of the processes on it can.
    for few in [true, false] {
        let home = Home::new(FLEES);
        let mut daemon = home.start();
        until("it has left the group", || home.ask(&["inspect", "flees"]).contains("child "));
        let said = home.ask(&["inspect", "flees"]);
        let child = said.split_once("child ").and_then(|(_, rest)| rest.split_whitespace().next());
        let command = format!("/proc/{}/cmdline", child.expect("its number"));
        let lives = || fs::read_to_string(&command).is_ok_and(|it| it.contains("4001"));
        until("it runs", lives);

        let mut line = home.connect();
        let inspect = r#"{"v":1,"id":1,"do":{"inspect":{"unit":"flees"}}}"#;
        line.say(inspect);
        line.hear().expect("it has taken the connection");
        // The connections that are closed are so, also to the daemon.
        sleep(Duration::from_millis(100));
        let before = limit(&daemon, Some(if few { 3 } else { first_free(&daemon) }));
        line.say(r#"{"v":1,"id":2,"do":{"stop":{"unit":"flees"}}}"#);
        let said = line.hear().expect("an answer").said;
        assert!(lives(), "nobody could look for it");
        assert!(matches!(said, Said::Ok(Answer::Stopped { leaked: true, .. })), "{few}: {said:?}");
        line.say(inspect);
        let said = line.hear().expect("an answer").said;
        let Said::Ok(Answer::Unit(unit)) = said else { panic!("{said:?}") };
        assert!(unit.leaked && unit.error.is_some_and(|it| it.contains("Too many open files")));

        limit(&daemon, before);
        until("it is looked for again, and ended", || !lives());
        until("that is known", || !home.ask(&["inspect", "flees"]).contains("not proven gone"));
        home.winddown(&["shutdown"]);
        assert_eq!(daemon.wait().code(), Some(1), "{}", daemon.log());
        let unit = &home.record().units[0].report;
        assert!(unit.overran && !unit.leaked, "{unit:?}");
    }
}

#[test]
fn a_daemon_takes_as_many_open_files_as_it_may_have() {
    let home = Home::new("");
    let mut few = Command::new("sh");
    few.args(["-c", "ulimit -S -n 64 && exec \"$@\"", "sh", env!("CARGO_BIN_EXE_winddownd")]);
    let daemon = home.start_as(few);
    let limits = fs::read_to_string(format!("/proc/{}/limits", daemon.pid())).expect("it is there");
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")).expect("a limit");
    let files: Vec<&str> = files.split_whitespace().collect();
    assert_eq!(files[0], files[1], "{files:?}");
}
