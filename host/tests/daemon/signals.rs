use std::{
    fs,
    os::{
        linux::net::SocketAddrExt as _,
        unix::{
            net::{SocketAddr, UnixDatagram},
            process::ExitStatusExt as _,
        },
    },
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use winddown_host::Status;

use crate::{
    harness::{Home, Killed, PATIENCE, until},
    life::SURVEY,
};

/// A unit whose gentle rung is waited for, and never done.
pub(crate) const DEAF: &str = r#"
[ladder.patient]
rungs = [{ do = "request-cancel", patience = "25s" }, { do = "abort", patience = "0s" }]
[kind.patient]
ladder = "patient"
body = "task"
[[unit]]
name = "deaf"
kind = "patient"
demo = "navigation"
start = true
"#;

#[test]
fn sigterm_and_sigint_shut_down_gracefully() {
    for (signal, name) in [(Signal::TERM, "SIGTERM"), (Signal::INT, "SIGINT")] {
        let home = Home::new(SURVEY);
        let mut daemon = home.start();
        home.ask(&["start", "survey"]);
        until("something is found", || !home.ask(&["findings", "survey"]).starts_with("nothing"));
        daemon.signal(signal);
        assert_eq!(daemon.wait().code(), Some(0), "{}", daemon.log());
        let record = home.record();
        assert_eq!((record.reason.as_str(), record.forced), (name, false));
        assert_eq!(record.units[0].report.unsaved(), 0);
        assert!(!home.state("winddownd.sock").exists() && !home.state("winddownd.pid").exists());
    }
}

#[test]
fn the_second_signal_forces() {
    let home = Home::new(DEAF);
    let mut daemon = home.start();
    daemon.signal(Signal::TERM);
    until("it shuts down", || daemon.log().contains("shutting down"));
    sleep(Duration::from_millis(100));
    assert!(!daemon.is_gone(), "it waits for the body that does not listen");
    let began = Instant::now();
    daemon.signal(Signal::INT);
    daemon.wait();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let record = home.record();
    assert!(record.forced && record.reason == "SIGTERM", "{record:?}");
    assert_eq!(record.units[0].report.status, Status::Stopped);
    assert!(!home.state("winddownd.sock").exists() && !home.state("winddownd.pid").exists());
}

#[test]
fn a_signal_at_any_moment_of_the_start_ends_it_and_leaves_nothing() {
    for delay in [0, 1, 2, 4, 6, 8, 10, 15, 20, 40] {
        let home = Home::new("");
        let mut daemon = home.spawn();
        sleep(Duration::from_millis(delay));
        daemon.signal(Signal::TERM);
        let status = daemon.wait();
        // Before there is anything to leave, the kernel may be faster than the first instruction.
        assert!(status.code() == Some(0) || status.signal() == Some(15), "{status:?}\n{}", daemon.log());
        for artifact in ["winddownd.sock", "winddownd.pid", "winddownd.new"] {
            assert!(!home.state(artifact).exists(), "after {delay} ms {artifact} is left\n{}", daemon.log());
        }
    }
}

#[test]
fn a_body_that_never_yields_holds_up_nobody() {
    let spin = "[[unit]]\nname = \"spin\"\nkind = \"container\"\ndemo = \"spin\"\nstart = true\n";
    let home = Home::new(
        &(1..=8)
            .map(|number| spin.replace("spin\"\nkind", &format!("spin-{number}\"\nkind")))
            .collect::<String>(),
    );
    let mut daemon = home.start();
    assert!(home.ask(&["stop", "spin-1"]).contains("on record"));
    home.ask(&["shutdown", "--no-wait"]);
    let status = daemon.wait();
    let record = home.record();
    assert_eq!(status.code(), Some(i32::from(record.code)), "{}", daemon.log());
    assert!(record.units.iter().all(|unit| unit.report.status == Status::Stopped), "{record:?}");
}

/// Another process has the database, and a start waits a second for that.
#[test]
fn a_start_that_is_told_to_end_goes_on_and_gives_up_when_it_is_told_again() {
    let home = Home::new(SURVEY);
    let mut daemon = home.start();
    daemon.signal(Signal::TERM);
    daemon.wait();
    let other = rusqlite::Connection::open(home.state("winddown.db")).expect("it is there");
    other.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").expect("nobody else has it");
    let mut daemon = home.spawn();
    until("it has its state", || home.state("winddownd.pid").exists());
    sleep(Duration::from_millis(50));
    daemon.signal(Signal::TERM);
    until("it has heard that", || daemon.log().contains("to be stopped as soon as it is up"));
    assert!(!daemon.is_gone(), "{}", daemon.log());
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.wait().code(), Some(1));
    assert!(daemon.log().contains("stopped by force before it was up"), "{}", daemon.log());
    drop(other);
    let mut daemon = home.start();
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.wait().code(), Some(0), "and nothing is left that is in the way: {}", daemon.log());
}

#[test]
fn systemd_is_told_what_it_needs_to_know() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("notify");
    let by_path = UnixDatagram::bind(&path).expect("it can be made");
    is_told(&by_path, &path.to_string_lossy());
    // Containers are given a name that is in no file system.
    let name = format!("winddown-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).expect("an address");
    let by_name = UnixDatagram::bind_addr(&address).expect("it can be made");
    is_told(&by_name, &format!("@{name}"));
}

#[test]
fn systemd_waits_as_well_where_a_shutdown_may_take_any_time() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("notify");
    let notify = UnixDatagram::bind(&path).expect("it can be made");
    notify.set_read_timeout(Some(PATIENCE)).expect("it can be set");
    let hear = || {
        let mut bytes = [0; 512];
        let length = notify.recv(&mut bytes).expect("it is told");
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    };
    let home = Home::new(DEAF);
    let _daemon = home.spawn_with(&[("NOTIFY_SOCKET", &*path.to_string_lossy())]);
    assert_eq!(hear(), "READY=1");
    home.ask(&["shutdown", "--within", "unlimited", "--no-wait"]);
    assert_eq!(hear(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=60000000");
}

#[test]
fn a_watchdog_that_waits_for_somebody_else_is_told_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("notify");
    let notify = UnixDatagram::bind(&path).expect("it can be made");
    let home = Home::new("");
    let path = path.to_string_lossy();
    let watchdog = [("WATCHDOG_USEC", "100000"), ("WATCHDOG_PID", "1")];
    let _daemon = home.spawn_with(&[&[("NOTIFY_SOCKET", &*path)], &watchdog[..]].concat());
    let mut bytes = [0; 64];
    notify.set_read_timeout(Some(PATIENCE)).expect("it can be set");
    let length = notify.recv(&mut bytes).expect("it is told");
    assert_eq!(&bytes[..length], b"READY=1");
    notify.set_read_timeout(Some(Duration::from_millis(300))).expect("it can be set");
    assert!(notify.recv(&mut bytes).is_err(), "{}", String::from_utf8_lossy(&bytes));
}

/// Plays systemd, which listens at `notify`, from the start of a daemon to its end.
#[track_caller]
fn is_told(notify: &UnixDatagram, address: &str) {
    let home = Home::new(DEAF);
    notify.set_read_timeout(Some(PATIENCE)).expect("it can be set");
    let hear = || {
        let mut bytes = [0; 512];
        let length = notify.recv(&mut bytes).expect("it is told");
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    };
    let mut daemon = home.spawn_with(&[("NOTIFY_SOCKET", address), ("WATCHDOG_USEC", "400000")]);
    let mut heard = vec![hear(), hear(), hear()];
    assert_eq!(heard.iter().filter(|text| text.contains("READY=1")).count(), 1, "{heard:?}");
    assert!(heard.iter().filter(|text| text.contains("WATCHDOG=1")).count() >= 2, "{heard:?}");
    daemon.signal(Signal::TERM);
    let stopping = loop {
        let text = hear();
        if text.contains("STOPPING=1") {
            break text;
        }
        heard.push(text);
    };
    let micros =
        stopping.lines().find_map(|line| line.strip_prefix("EXTEND_TIMEOUT_USEC=")?.parse::<u32>().ok());
    assert!(micros.is_some_and(|micros| (29_000_000..=32_000_000).contains(&micros)), "{stopping}");
    assert!(hear().contains("WATCHDOG=1"), "it is still alive");
    daemon.signal(Signal::TERM);
    daemon.wait();
}

/// Where there is a systemd to ask. It has something to say about whatever it does not know, and takes it for
/// a success.
#[test]
fn systemd_has_nothing_to_say_about_the_unit_file() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("winddownd.service");
    let text = include_str!("../../winddownd.service");
    let verdict = |text: &str| {
        fs::write(&file, text.replace("/usr/bin/winddownd", env!("CARGO_BIN_EXE_winddownd")))
            .expect("it can be written");
        let output = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&file).output();
        Some(String::from_utf8_lossy(&output.ok()?.stderr).into_owned())
    };
    let Some(said) = verdict(text) else { return };
    assert_eq!(said, "");
    let wrong = verdict(&text.replace("TimeoutStopSec=40s", "TimeoutStopSec=40 parsec")).unwrap_or_default();
    assert!(wrong.contains("40 parsec"), "{wrong}");
}

#[test]
fn a_log_that_nobody_reads_holds_up_nobody() {
    let home = Home::new(DEAF);
    let dir = home.config();
    let daemon = Command::new(env!("CARGO_BIN_EXE_winddownd"))
        .args(["--log", "trace", "--config"])
        .arg(&dir)
        .arg("--state-dir")
        .arg(home.state(""))
        .stderr(Stdio::piped())
        .spawn();
    let mut daemon = Killed(daemon.expect("it can be started"));
    until("it answers", || home.winddown(&["list"]).status.success());
    let mut line = home.connect();
    for id in 1..2_000 {
        // A pipe has 64 KiB; this is more.
        line.say(&format!(r#"{{"v":1,"id":{id},"do":{{"inspect":{{"unit":"deaf"}}}}}}"#));
        line.hear();
    }
    let pid = i32::try_from(daemon.0.id()).ok().and_then(Pid::from_raw).expect("a process");
    kill_process(pid, Signal::TERM).expect("it can be sent");
    until("it shuts down", || home.ask(&["inspect", "deaf"]).contains("stopping"));
    kill_process(pid, Signal::TERM).expect("it can be sent");
    until("it is gone", || daemon.0.try_wait().expect("it can be asked").is_some());
    assert!(home.record().forced);
}

#[test]
fn a_command_is_started_and_killed_beside_bodies_that_never_yield() {
    let spin = |number| {
        format!("[[unit]]\nname = \"spin-{number}\"\nkind = \"container\"\ndemo = \"spin\"\nstart = true\n")
    };
    let command = r#"
        [ladder.brisk]
        rungs = [{ do = "kill", patience = "5s", always = true }]
        [kind.worker]
        ladder = "brisk"
        body = "process"
        [[unit]]
        name = "worker"
        kind = "worker"
        command = ["sleep", "1000"]
        start = true
    "#;
    // More than a machine has threads for bodies.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let home = Home::new(&(0..2 * cores).map(spin).chain([command.to_owned()]).collect::<String>());
    let mut daemon = home.start();
    let inspect = || home.ask(&["--format", "json", "inspect", "worker"]);
    until("the command runs", || !inspect().contains("\"pid\":null"));
    assert!(home.ask(&["stop", "worker"]).contains("on record"));
    home.ask(&["shutdown", "--no-wait"]);
    daemon.wait();
    let record = home.record();
    let worker = record.units.iter().find(|unit| unit.name == "worker").expect("it is in the report");
    assert!(!worker.report.leaked && worker.report.status == Status::Stopped, "{worker:?}");
}
