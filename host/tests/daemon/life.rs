use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use winddown_host::{Ending, Status};

use crate::harness::{Home, until};

pub(crate) const NAVIGATION: &str = r#"
[[unit]]
name = "navigation"
kind = "container"
demo = "navigation"
"#;

pub(crate) const SURVEY: &str = r#"
[[unit]]
name = "survey"
kind = "engagement"
demo = "engagement"
"#;

#[test]
fn a_navigation_is_stopped_at_once_and_the_report_tells() {
    let home = Home::new(NAVIGATION);
    let mut daemon = home.start();
    home.ask(&["start", "navigation"]);
    let began = Instant::now();
    let said = home.ask(&["stop", "navigation"]);
    // 369 s is what it must not wait for; the rest is a process that starts on a busy machine.
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(said.starts_with("navigation: stopped, on record"), "{said}");
    assert!(home.ask(&["stop", "navigation"]).contains("on record"), "a repeated stop is a success");
    home.ask(&["start", "navigation"]);
    assert!(
        home.ask(&["restart", "navigation"]).starts_with("navigation: stopped, and asked to start again")
    );
    assert!(home.ask(&["list"]).contains("running        3"), "it is the third start");
    let report = home.ask(&["shutdown"]);
    assert!(report.starts_with("exit 0: everything is preserved"), "{report}");
    assert_eq!(daemon.wait().code(), Some(0));
    assert_eq!(home.ask(&["report"]), report);
    let record = home.record();
    assert_eq!((record.code, record.units.len()), (0, 1));
    assert_eq!(record.units[0].report.status, Status::Stopped);
    for artifact in ["winddownd.sock", "winddownd.pid"] {
        assert!(!home.state(artifact).exists(), "{artifact} is left");
    }
}

#[test]
fn what_was_found_survives_a_shutdown_and_comes_back() {
    let home = Home::new(SURVEY);
    let mut daemon = home.start();
    home.ask(&["start", "survey"]);
    until("something is found", || home.ask(&["findings", "survey"]).lines().count() >= 3);
    home.ask(&["pause", "survey"]);
    until("it holds still", || home.ask(&["inspect", "survey"]).contains("paused"));
    home.ask(&["resume", "survey"]);
    home.ask(&["shutdown"]);
    assert_eq!(daemon.wait().code(), Some(0));
    let unit = home.record().units[0].report;
    assert!(unit.recorded >= 3 && unit.saved == unit.recorded, "{unit:?}");
    assert_eq!(unit.status, Status::Stopped);
    assert_ne!(unit.ending, Ending::NotEnded);
    let _daemon = home.start();
    let found = home.ask(&["findings", "survey"]);
    assert_eq!(found.lines().count(), unit.recorded as usize, "{found}");
    assert!(found.starts_with("place-1  surveyed place 1\nplace-2  "), "{found}");
    home.ask(&["start", "survey"]);
    until("it goes on", || home.ask(&["findings", "survey"]).lines().count() > unit.recorded as usize);
    let last = home.ask(&["findings", "survey", "--after", &unit.recorded.to_string(), "--limit", "1"]);
    assert!(last.starts_with(&format!("place-{}  ", unit.recorded + 1)), "it goes on where it was: {last}");
}

#[test]
fn after_a_kill_9_what_was_read_is_there_and_nothing_seems_to_run() {
    let home = Home::new(SURVEY);
    let mut daemon = home.start();
    home.ask(&["start", "survey"]);
    until("something is found", || home.ask(&["findings", "survey"]).lines().count() >= 3);
    let read = home.ask(&["findings", "survey"]);
    daemon.signal(Signal::KILL);
    daemon.wait();
    assert!(home.state("winddownd.pid").exists(), "nobody was there to remove it");
    let daemon = home.start();
    assert!(daemon.log().contains("is gone without a shutdown; its state is taken over"), "{}", daemon.log());
    let unit = home.ask(&["--format", "json", "inspect", "survey"]);
    assert!(unit.contains(r#""status":"failed""#), "{unit}");
    let found = home.ask(&["findings", "survey"]);
    assert!(found.starts_with(&read), "what was read is gone:\n{read}\n{found}");
    home.ask(&["start", "survey"]);
}

#[test]
fn a_report_is_never_taken_for_that_of_a_later_host() {
    let home = Home::new(NAVIGATION);
    let mut daemon = home.start();
    let report = home.ask(&["shutdown"]);
    daemon.wait();
    let instance = home.record().instance;
    let line = report.lines().nth(1).expect("it has a second line");
    assert!(
        line.starts_with("  written 20") && line.ends_with(&format!(" by instance {instance}")),
        "{report}"
    );
    let has_left_none = || {
        let output = home.winddown(&["report"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{said}");
        assert!(said.contains("the host that came up last has left none"), "{said}");
        assert!(said.contains("report.old"), "{said}");
    };
    let mut daemon = home.start();
    has_left_none();
    daemon.signal(Signal::KILL);
    daemon.wait();
    has_left_none();
    let mut daemon = home.start();
    fs::create_dir(home.state("report.new")).expect("it can be made");
    assert_eq!(home.winddown(&["shutdown"]).status.code(), Some(1));
    assert_eq!(daemon.wait().code(), Some(1), "{}", daemon.log());
    has_left_none();
    let old = fs::read_to_string(home.state("report.old")).expect("it is there");
    assert!(old.contains(&instance), "the last one that was written is kept: {old}");
}

#[test]
fn of_daemons_that_race_for_one_state_exactly_one_survives() {
    let home = Home::new("");
    for _ in 0..3 {
        let mut racers: Vec<_> = (0..4).map(|_| home.spawn()).collect();
        until("all but one are gone", || {
            racers.iter_mut().map(|racer| usize::from(racer.is_gone())).sum::<usize>() == 3
        });
        until("the last one answers", || home.winddown(&["list"]).status.success());
        let socket = fs::metadata(home.state("winddownd.sock")).expect("it is there").ino();
        let mut late = home.spawn();
        assert_eq!(late.wait().code(), Some(1));
        assert!(late.log().contains("another winddownd (process "), "{}", late.log());
        assert_eq!(fs::metadata(home.state("winddownd.sock")).expect("it is there").ino(), socket);
        home.ask(&["shutdown"]);
        let mut codes: Vec<_> = racers.iter_mut().map(|racer| racer.wait().code()).collect();
        codes.sort();
        assert_eq!(codes, [Some(0), Some(1), Some(1), Some(1)]);
    }
}

#[test]
fn nobody_else_can_look_into_the_state() {
    let home = Home::new(SURVEY);
    let _daemon = home.start();
    let mode = |name| fs::metadata(home.state(name)).expect("it is there").permissions().mode() & 0o7777;
    assert_eq!(mode(""), 0o700);
    for name in ["winddownd.sock", "winddownd.pid", "winddownd.lock", "winddown.db"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    home.ask(&["shutdown"]);
    assert_eq!(mode("report.json"), 0o600);
}

#[test]
fn a_daemon_that_cannot_start_says_why_and_leaves_nothing() {
    let home = Home::new("deadline = \"soon\"");
    let mut daemon = home.spawn();
    assert_eq!(daemon.wait().code(), Some(1));
    assert!(
        daemon.log().contains("winddownd.toml:1:12: `soon` is no time; expected a time with its unit"),
        "{}",
        daemon.log()
    );
    assert!(!home.state("").exists());

    let home = Home::new("");
    fs::create_dir(home.state("")).expect("it can be made");
    fs::set_permissions(home.state(""), fs::Permissions::from_mode(0o700)).expect("it can be set");
    fs::write(home.state("winddown.db"), "this is no database, and it is not to be overwritten")
        .expect("it can be");
    let mut daemon = home.spawn();
    assert_eq!(daemon.wait().code(), Some(1));
    assert!(daemon.log().contains("winddown.db"), "{}", daemon.log());
    assert!(!home.state("winddownd.sock").exists() && !home.state("winddownd.pid").exists());
    let kept = fs::read_to_string(home.state("winddown.db")).expect("it is there");
    assert!(kept.starts_with("this is no database"));
}

/// A process with a child of its own, both of which hear nothing of a SIGTERM.
const TREE: &str = r#"
[ladder.short]
rungs = [
    { do = "terminate", grace = "1s", patience = "2s" },
    { do = "kill", patience = "2s", always = true },
]
[kind.tree]
ladder = "short"
[[unit]]
name = "tree"
kind = "tree"
command = ["sh", "-c", "trap '' TERM; sleep 300 & echo child $!; wait"]
start = true
"#;

fn is_alive(pid: u32) -> bool {
    let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    state.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

/// The processes of the tree: the unit's own, and the one that it told about.
#[track_caller]
fn tree(home: &Home) -> [u32; 2] {
    let mut pids = None;
    until("both are there", || {
        let text = home.ask(&["--format", "json", "inspect", "tree"]);
        let unit: serde_json::Value = serde_json::from_str(&text).expect("it can be read");
        let unit = &unit["unit"];
        let child = unit["progress"].as_str().and_then(|text| text.strip_prefix("child ")?.parse().ok());
        let pid = unit["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok());
        pids = child.zip(pid).map(|(child, pid)| [child, pid]);
        pids.is_some()
    });
    let pids = pids.expect("both are there");
    assert!(pids.into_iter().all(is_alive));
    pids
}

#[test]
fn a_command_is_ended_with_everything_that_it_started() {
    let home = Home::new(TREE);
    let mut daemon = home.start();
    let pids = tree(&home);
    home.ask(&["shutdown"]);
    assert_eq!(daemon.wait().code(), Some(0));
    assert!(!pids.into_iter().any(is_alive), "{:?}", home.record());
}

#[test]
fn what_a_killed_daemon_leaves_alive_is_ended_by_the_next_one() {
    let home = Home::new(&TREE.replace("start = true", ""));
    let mut daemon = home.start();
    home.ask(&["start", "tree"]);
    let pids = tree(&home);
    daemon.signal(Signal::KILL);
    daemon.wait();
    assert!(pids.into_iter().all(is_alive), "they are orphans");
    let mut daemon = home.start();
    until("the orphans are gone", || !pids.into_iter().any(is_alive));
    until("it is told", || home.log().contains("an earlier host left"));
    let unit = || home.ask(&["inspect", "tree"]);
    assert!(unit().contains("failed"), "{}", unit());
    until("the daemon has seen it as well", || !unit().contains("not proven gone"));
    home.ask(&["shutdown"]);
    assert_eq!(daemon.wait().code(), Some(0), "{:?}", home.record());
}

#[test]
fn a_daemon_that_is_stopped_while_it_ends_what_another_left_waits_for_that() {
    let by_hand = TREE.replace("start = true", "");
    let tries = [(&*by_hand, 0), (&*by_hand, 1), (&*by_hand, 4), (&*by_hand, 16), (TREE, 0), (TREE, 5)];
    for (config, millis) in tries {
        let home = Home::new(config);
        let mut daemon = home.start();
        if config == by_hand {
            home.ask(&["start", "tree"]);
        }
        let pids = tree(&home);
        daemon.signal(Signal::KILL);
        daemon.wait();
        assert!(pids.into_iter().all(is_alive), "they are orphans");
        let mut daemon = home.spawn();
        // From its first line on it has caught its signals.
        until("it says something", || daemon.is_gone() || !daemon.log().is_empty());
        sleep(Duration::from_millis(millis));
        daemon.signal(Signal::TERM);
        let code = daemon.wait().code();
        let record = home.record();
        assert_eq!(code, Some(0), "after {millis} ms: {record:?}\n{}", daemon.log());
        assert!(record.units.iter().all(|unit| !unit.report.leaked), "after {millis} ms: {record:?}");
        assert!(!pids.into_iter().any(is_alive), "after {millis} ms: {record:?}");
    }
}

#[test]
fn what_the_daemon_did_can_be_played_again() {
    let home = Home::new(&format!("journal = true\n{NAVIGATION}{SURVEY}"));
    let mut daemon = home.start();
    home.ask(&["start", "navigation"]);
    home.ask(&["start", "survey"]);
    until("something is found", || !home.ask(&["findings", "survey"]).starts_with("nothing"));
    home.ask(&["stop", "navigation"]);
    home.ask(&["shutdown"]);
    assert_eq!(daemon.wait().code(), Some(0));
    let record = home.record();
    assert_eq!(record.remarks, Vec::<String>::new());
    let file = home.state(&format!("journal-{}.jsonl", record.instance));
    let text = fs::read(file).expect("it is there");
    let journal = winddown_journal::Journal::read(text.as_slice()).expect("it is sound");
    assert!(journal.steps.len() > 10 && !journal.is_torn, "{} steps", journal.steps.len());
    let played = journal.replay(|_, _, _, _| {}).expect("the plan is sound");
    assert!(played.difference.is_none(), "{:?}", played.difference);
    assert_eq!((played.engine.has_exited(), played.engine.report().code), (true, 0));
}
