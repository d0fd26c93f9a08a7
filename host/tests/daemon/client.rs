use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::Signal;
use winddown_host::ipc::{ProblemCode, Said};

use crate::{
    harness::{Home, until},
    life::{NAVIGATION, SURVEY},
};

#[test]
fn the_exit_code_says_what_kind_of_answer_it_was() {
    let home = Home::new(NAVIGATION);
    let code = |arguments: &[&str]| home.winddown(arguments).status.code();
    assert_eq!(code(&["list"]), Some(3), "no daemon");
    assert_eq!(code(&["report"]), Some(1), "no report");
    assert_eq!(code(&["fly"]), Some(2));
    assert_eq!(code(&["stop", "../navigation"]), Some(2));
    assert_eq!(code(&["stop", "navigation", "--within", "5"]), Some(2));
    let mut daemon = home.start();
    assert_eq!(code(&["list"]), Some(0));
    assert_eq!(code(&["stop", "none"]), Some(4));
    assert_eq!(code(&["cancel", "navigation"]), Some(1), "it does not run");
    assert_eq!(code(&["pause", "navigation"]), Some(1), "refused");
    assert_eq!(code(&["shutdown"]), Some(0));
    assert_eq!(daemon.wait().code(), Some(0));
    assert_eq!(code(&["report"]), Some(0));
}

#[test]
fn a_daemon_that_is_about_to_listen_is_waited_for() {
    let home = Home::new(NAVIGATION);
    let began = Instant::now();
    assert_eq!(home.winddown(&["list", "--wait", "0s"]).status.code(), Some(3));
    assert!(began.elapsed() < Duration::from_millis(900), "nobody is waited for: {:?}", began.elapsed());
    let began = Instant::now();
    assert_eq!(home.winddown(&["list", "--wait", "200ms"]).status.code(), Some(3));
    assert!(began.elapsed() >= Duration::from_millis(200), "it was waited for: {:?}", began.elapsed());
    let daemon = home.spawn();
    // Whoever pastes two lines does not wait between them.
    let listed = home.winddown(&["--wait", "10s", "list"]);
    assert!(listed.status.success(), "{listed:?}\n{}", daemon.log());
}

#[test]
fn a_start_that_comes_to_nothing_is_not_called_started() {
    let home = Home::new(
        r#"
[ladder.polite]
rungs = [{ do = "kill", patience = "2s", always = true }]

[kind.worker]
ladder = "polite"
body = "process"
restart = { on-failure = { limit = 3, backoff = "60s", backoff-max = "60s" } }

[[unit]]
name = "worker"
kind = "worker"
command = ["/no/such/\"program\"\n"]
"#,
    );
    let mut daemon = home.start();
    assert!(home.ask(&["start", "worker"]).starts_with("worker: asked to start, "));
    until("it waits for its next start", || home.ask(&["list"]).contains("starts again in 5"));
    let error = "failed to run /no/such/\"program\"\\n: No such file or directory (os error 2)\n";
    assert!(home.ask(&["list"]).ends_with(error), "{}", home.ask(&["list"]));
    let unit = home.ask(&["inspect", "worker"]);
    assert!(unit.ends_with(&format!("error        {error}")), "{unit}");
    assert!(unit.contains("status       pending\n") && unit.contains("starts again in 5"), "{unit}");
    home.ask(&["stop", "worker"]);
    assert!(!home.ask(&["list"]).contains("starts again"));
    home.ask(&["shutdown"]);
    daemon.wait();
}

#[test]
fn why_it_was_cancelled_is_told_also_after_a_restart() {
    let home = Home::new(SURVEY);
    let mut daemon = home.start();
    home.ask(&["start", "survey"]);
    let long = home.winddown(&["cancel", "survey", "--reason", &"x".repeat(1_025)]);
    let text = String::from_utf8_lossy(&long.stderr);
    assert!(long.status.code() == Some(2) && text.contains("at most 1024 bytes"), "{text}");
    let mut line = home.connect();
    let long = "x".repeat(1_025);
    line.say(&format!(r#"{{"v":1,"id":7,"do":{{"cancel":{{"unit":"survey","reason":"{long}"}}}}}}"#));
    let said = line.hear().expect("an answer").said;
    assert!(matches!(&said, Said::Error(it) if it.code == ProblemCode::Refused), "{said:?}");
    home.ask(&["cancel", "survey", "--reason", "no budget\u{7} left"]);
    daemon.signal(Signal::KILL);
    daemon.wait();
    let mut daemon = home.start();
    let told = "no budget\\u{7} left";
    let unit = home.ask(&["inspect", "survey"]);
    assert!(unit.contains(&format!("reason       {told}\n")), "{unit}");
    home.ask(&["shutdown"]);
    daemon.wait();
    let report = home.ask(&["report"]);
    assert!(report.contains(&format!("because: {told}\n")), "{report}");
}

#[test]
fn every_answer_can_be_read_by_a_program() {
    let home = Home::new(&format!("{NAVIGATION}{SURVEY}"));
    let _daemon = home.start();
    for arguments in [
        &["start", "survey"][..],
        &["list"],
        &["inspect", "survey"],
        &["stop", "survey"],
        &["findings", "survey"],
        &["shutdown"],
        &["report"],
    ] {
        let all = [&["--format", "json"], arguments].concat();
        let text = home.ask(&all);
        assert!(!text.is_empty(), "{arguments:?}");
        for line in text.lines() {
            assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{arguments:?}: {line}");
        }
    }
}

#[test]
fn no_answer_has_colours_where_nobody_sees_them() {
    let home = Home::new(NAVIGATION);
    let _daemon = home.start();
    let text = home.ask(&["list"]);
    assert!(text.contains("navigation") && !text.contains('\u{1b}'), "{text:?}");
}

#[test]
fn attach_says_when_the_daemon_goes() {
    let home = Home::new(SURVEY);
    let daemon = home.start();
    let mut attached = Command::new(env!("CARGO_BIN_EXE_winddown"))
        .args(["attach", "--state-dir"])
        .arg(home.state(""))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it can be run");
    let mut first = String::new();
    let stderr = attached.stderr.take().expect("it has one");
    BufReader::new(stderr).read_line(&mut first).expect("it says something");
    assert!(first.starts_with("attached"), "{first}");
    home.ask(&["start", "survey"]);
    daemon.signal(Signal::TERM);
    let output = attached.wait_with_output().expect("it ends");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    for part in ["survey #1 started", "the daemon shuts down (SIGTERM), in 30 s at most", "survey #1 stopped"]
    {
        assert!(text.contains(part), "{part:?} is missing in {text}");
    }
}

#[test]
fn a_shutdown_of_a_daemon_that_dies_is_not_taken_for_a_good_one() {
    let home = Home::new(
        "[ladder.patient]\n\
         rungs = [{ do = \"request-cancel\", patience = \"25s\" }, { do = \"abort\", patience = \"0s\" }]\n\
         [kind.patient]\nladder = \"patient\"\nbody = \"task\"\n\
         [[unit]]\nname = \"deaf\"\nkind = \"patient\"\ndemo = \"navigation\"\nstart = true\n",
    );
    let daemon = home.start();
    let client = Command::new(env!("CARGO_BIN_EXE_winddown"))
        .args(["shutdown", "--state-dir"])
        .arg(home.state(""))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it can be run");
    until("it shuts down", || daemon.log().contains("shutting down"));
    daemon.signal(Signal::KILL);
    let output = client.wait_with_output().expect("it ends");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("left no report"), "{text}");
}
