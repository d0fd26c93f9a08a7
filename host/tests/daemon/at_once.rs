//! A shutdown that is to take no time.

use std::{fs, time::Duration};

use crate::harness::{Home, until};

/// Each unit has a process in its group and two in sessions of their own, and nobody listens to SIGTERM.
fn deep(home: &str, units: u32) -> String {
    let unit = |number| {
        format!(
            "[[unit]]\nname = \"deep-{number}\"\nkind = \"deep\"\nstart = true\n\
             command = [\"sh\", \"-c\", \"trap '' TERM; for i in 1 2; do setsid sh -c 'echo $$ > \
             {home}/pid-{number}-'$i'; exec sleep 1000' & done; sleep 1000 & echo $! > {home}/pid-{number}-3; wait\"]\n"
        )
    };
    let kind = "[ladder.slow]\nrungs = [{ do = \"terminate\", grace = \"20s\", patience = \"25s\" }, \
                { do = \"kill\", patience = \"2s\" }]\n[kind.deep]\nladder = \"slow\"\nbody = \"process\"\n";
    (0..units).map(unit).fold(kind.to_owned(), |text, unit| text + &unit)
}

/// The state of a process: the letter behind its name.
fn state(pid: &str) -> Option<char> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    text.rsplit_once(") ")?.1.chars().next()
}

#[test]
fn a_shutdown_at_once_ends_whole_trees_and_calls_nobody_leaked() {
    let pids = tempfile::tempdir().expect("a directory");
    let home = Home::new(&deep(&pids.path().display().to_string(), 3));
    let mut daemon = home.start();
    let known = || {
        let files = fs::read_dir(pids.path()).expect("it is there").flatten();
        let texts = files.filter_map(|file| fs::read_to_string(file.path()).ok());
        texts.map(|text| text.trim().to_owned()).filter(|pid| !pid.is_empty()).collect::<Vec<_>>()
    };
    until("all are there", || known().len() == 9);
    let told = home.ask(&["shutdown", "--within", "0s"]);
    assert!(told.starts_with("exit 0: everything is preserved"), "{told}");
    assert_eq!(daemon.wait().code(), Some(0), "{}", daemon.log());
    let took = Duration::from_nanos(home.record().took_nanos);
    assert!(took < Duration::from_secs(1), "{took:?}");
    for pid in known() {
        // Whoever is to hear of its end may not have heard yet.
        assert!(matches!(state(&pid), None | Some('Z' | 'X')), "{pid} lives");
    }
    for unit in &home.record().units {
        assert!(!unit.report.leaked && unit.report.row_durable, "{unit:?}");
    }
    assert!(!home.state("winddownd.sock").exists(), "its socket is removed");
}
