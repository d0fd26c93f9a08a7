use std::{
    os::unix::process::ExitStatusExt as _,
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use winddown_host::Status;

use crate::{
    harness::{Home, until},
    life::SURVEY,
};

/// A unit whose gentle rung is waited for, and never done.
const DEAF: &str = r#"
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
