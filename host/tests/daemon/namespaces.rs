//! Daemons and clients in PID namespaces of their own, as in containers.

use std::{
    fs,
    io::{self, Write as _},
    process::{Command, Output},
};

use crate::{
    harness::{Home, until},
    life::NAVIGATION,
};

/// A program in namespaces of its own, with root's rights in them. `None`, with a word about it: this machine gives none.
pub(crate) fn unshare(arguments: &[&str]) -> Option<Command> {
    let unshare = || {
        let mut unshare = Command::new("unshare");
        unshare.args(["--user", "--map-root-user"]);
        unshare
    };
    let tried = unshare().args(["--pid", "--fork", "--mount-proc", "true"]).output();
    if !tried.as_ref().is_ok_and(|it| it.status.success()) {
        // Not caught with what a test prints: a test that was not made is told in every run.
        drop(writeln!(io::stderr(), "skipped: no namespace of one's own is to be had here: {tried:?}"));
        return None;
    }
    let mut command = unshare();
    command.args(arguments);
    Some(command)
}

/// A program as the first process of a PID namespace.
fn first(program: &str) -> Option<Command> {
    unshare(&["--pid", "--fork", "--kill-child", "--mount-proc", program])
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

/// Leaves orphans behind, again and again, and says how many by now.
const LITTER: &str = r#"
[ladder.quick]
rungs = [{ do = "kill", patience = "5s" }]
[kind.worker]
ladder = "quick"
body = "process"
[[unit]]
name = "litter"
kind = "worker"
command = ["sh", "-c", "while :; do (setsid sh -c 'echo . >> litter' &); sleep 0.01; done"]
directory = "."
start = true
[[unit]]
name = "seven"
kind = "worker"
command = ["sh", "-c", "exit 7"]
"#;

/// How many processes have ended and were waited for by nobody, of those whose parent this is.
fn zombies(parent: &str) -> usize {
    let all = fs::read_dir("/proc").expect("it is there").flatten();
    let stats = all.filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
    let rests = stats.filter_map(|stat| Some(stat.rsplit_once(") ")?.1.to_owned()));
    rests.filter(|rest| rest.starts_with(&format!("Z {parent} "))).count()
}

#[test]
fn the_first_process_of_a_container_reaps_orphans_and_takes_no_exit_status_from_its_units() {
    let home = Home::new(LITTER);
    let Some(program) = first(env!("CARGO_BIN_EXE_winddownd")) else { return };
    let mut daemon = home.start_as(program);
    let children = format!("/proc/{0}/task/{0}/children", daemon.pid());
    let first = fs::read_to_string(children).expect("it is there").trim().to_owned();
    let litter = home.config().with_file_name("litter");
    let count = || fs::read_to_string(&litter).map_or(0, |text| text.len());
    for start in 1..=30 {
        home.ask(&["start", "seven"]);
        let told = || home.ask(&["inspect", "seven"]);
        until("it has ended", || {
            told().contains("failed\n") && told().contains(&format!("start        {start}\n"))
        });
        assert!(told().contains("exit status: 7"), "{}", told());
    }
    until("there are orphans", || count() > 100);
    home.ask(&["stop", "litter"]);
    until("all are reaped", || zombies(&first) == 0);
    home.ask(&["shutdown", "--no-wait"]);
    assert_eq!(daemon.wait().code(), Some(0), "{}", daemon.log());
}
