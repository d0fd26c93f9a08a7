//! What the daemon says about its command line and its configuration before it does anything.

use std::{fs, process::Command};

use rustix::process::Signal;

use crate::harness::{Home, until};

const UNIT: &str = "[[unit]]\nname = \"nav\"\nkind = \"container\"\ndemo = \"navigation\"\n";

/// Has the daemon check a configuration: its exit code, and everything that it says.
fn check(config: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let home = Home::new(config);
    let output = Command::new(env!("CARGO_BIN_EXE_winddownd"))
        .args(["--check", "--config"])
        .arg(home.config())
        .args(arguments)
        .output()
        .expect("it can be run");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn a_deadline_that_is_cut_is_told_by_the_check_and_at_the_start() {
    let words = "the deadline of 60s is cut to 36s: an outer-grace of 40s leaves no more";
    let config = format!("deadline = \"60s\"\nouter-grace = \"40s\"\n{UNIT}");
    let (code, said) = check(&config, &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(words) && said.ends_with(": 1 unit, can be used, see the warnings\n"), "{said}");
    let (code, said) = check(UNIT, &[]);
    assert!(code == Some(0) && said.ends_with(": 1 unit, sound\n") && said.lines().count() == 1, "{said}");
    let home = Home::new(&config);
    let daemon = home.start();
    assert!(daemon.log().contains(words), "{}", daemon.log());
}

#[test]
fn a_configuration_without_units_is_told() {
    let (code, said) = check("", &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("there is no unit, so there is nothing to run"), "{said}");
    assert!(said.ends_with(": 0 units, can be used, see the warnings\n"), "{said}");
}

#[test]
fn a_directory_or_a_program_that_is_not_there_is_told() {
    let unit = "[[unit]]\nname = \"worker\"\nkind = \"provider\"\ncommand = ";
    let told = [
        ("[\"true\"]\ndirectory = \"nope\"", "nope is no directory"),
        ("[\"no-such-program\"]", "no directory of PATH has a program \"no-such-program\""),
        ("[\"true\"]\nenvironment = { PATH = \"/no/such\" }", "no directory of PATH has a program \"true\""),
        ("[\"/no/such\"]", "/no/such is no program that can be run"),
        ("[\"./winddownd.toml\"]\ndirectory = \".\"", "winddownd.toml is no program that can be run"),
    ];
    for (rest, words) in told {
        let (code, said) = check(&format!("{unit}{rest}"), &[]);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("unit \"worker\" cannot be started: ") && said.contains(words), "{said}");
        assert!(said.ends_with(": 1 unit, can be used, see the warnings\n"), "{said}");
    }
    let own = "[\"sh\"]\ndirectory = \"/bin\"\nenvironment = { PATH = \".\" }";
    for sound in [own, "[\"/bin/sh\"]", "[\"true\"]\ndirectory = \".\"", "[\"./sh\"]\ndirectory = \"/bin\""] {
        let (_, said) = check(&format!("{unit}{sound}"), &[]);
        assert!(said.ends_with(": 1 unit, sound\n"), "{said}");
    }
}

#[test]
fn a_restart_without_any_wait_is_told() {
    let restart = |backoff: &str| {
        format!(
            "[ladder.gone]\nrungs = [{{ do = \"kill\", patience = \"1s\" }}]\n[kind.worker]\nladder = \"gone\"\n\
             body = \"process\"\nrestart = {{ always = {{ backoff = \"{backoff}\" }} }}\n{UNIT}"
        )
    };
    let (code, said) = check(&restart("0s"), &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("kind \"worker\" starts its units again at once"), "{said}");
    let (_, said) = check(&restart("1ms"), &[]);
    assert!(said.ends_with(": 1 unit, sound\n"), "{said}");
}

#[test]
fn the_sample_is_printed_and_sound() {
    let sample =
        Command::new(env!("CARGO_BIN_EXE_winddownd")).arg("--sample").output().expect("it can be run");
    assert!(sample.status.success(), "{sample:?}");
    let (code, said) = check(&String::from_utf8_lossy(&sample.stdout), &[]);
    assert_eq!((code, said.contains("4 units, sound")), (Some(0), true), "{said}");
    let nothing = Command::new(env!("CARGO_BIN_EXE_winddownd")).output().expect("it can be run");
    assert_eq!(nothing.status.code(), Some(2), "{nothing:?}");
}

#[test]
fn a_mistyped_level_is_refused_and_switches_no_log_off() {
    for levels in ["debgu", "info,winddown_host", "info,", "", "winddown_host=debgu"] {
        let (code, said) = check(UNIT, &["--log", levels]);
        assert_eq!(code, Some(2), "{levels}: {said}");
        assert!(said.contains("is no level; expected off, error, warn"), "{levels}: {said}");
    }
    for levels in ["debug", "WARN", "off", "info,winddown_host::daemon=debug"] {
        let (code, said) = check(UNIT, &["--log", levels]);
        assert_eq!(code, Some(0), "{levels}: {said}");
    }
}

/// Ladders that no host takes: what is in them, what is said about them, and where that is.
const NO_LADDERS: [(&str, &str); 4] = [
    ("rungs = [{ do = \"terminate\", grace = \"1s\", patience = \"3s\" }]", "no rung that ends the body"),
    ("rungs = [{ do = \"disconnect\", patience = \"3s\" }]", "no rung that ends the body"),
    ("rungs = []", "0 rungs; a ladder has 1 to 254"),
    ("rungs = [{ do = \"kill\", patience = \"rest\" }]", "say how much that is: budget = \"30s\""),
];

fn with_ladder(ladder: &str) -> String {
    format!(
        "[ladder.short]\n{ladder}\n[kind.worker]\nladder = \"short\"\nbody = \"process\"\n\
         [[unit]]\nname = \"work\"\nkind = \"worker\"\ncommand = [\"true\"]\n"
    )
}

#[test]
fn a_ladder_that_no_host_takes_is_refused_by_the_check_as_by_the_start() {
    for (ladder, words) in NO_LADDERS {
        let config = with_ladder(ladder);
        let (code, said) = check(&config, &[]);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("winddownd.toml:2:") && said.contains(words), "{said}");
        assert!(said.contains("ladder \"short\"") && said.contains("kind \"worker\""), "{said}");
        let home = Home::new(&config);
        let mut daemon = home.spawn();
        assert_eq!(daemon.wait().code(), Some(1), "{}", daemon.log());
        let told = said.split_once("winddownd.toml:2:").expect("it has a place").1.trim_end();
        assert!(daemon.log().contains(told), "{told:?} is not in {:?}", daemon.log());
    }
}

#[test]
fn a_ladder_that_no_host_takes_is_refused_by_a_reload() {
    let sound = with_ladder("rungs = [{ do = \"kill\", patience = \"3s\" }]");
    let home = Home::new(&sound);
    let daemon = home.start();
    for (seen, (ladder, words)) in NO_LADDERS.into_iter().enumerate() {
        fs::write(home.config(), with_ladder(ladder)).expect("it can be written");
        daemon.signal(Signal::HUP);
        let refusals = || daemon.log().matches("not reloaded, everything stays as it is").count();
        until("it is refused", || refusals() > seen);
        assert!(daemon.log().contains(words), "{}", daemon.log());
    }
    home.ask(&["list"]);
}
