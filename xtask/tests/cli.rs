//! The command line as a user meets it.

#![expect(clippy::unwrap_used, reason = "in a test, what must not be is a panic")]

use std::process::{Command, Output, Stdio};

fn xtask(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn check(arguments: &[&str], code: i32, words: &[&str]) -> String {
    let output = xtask(arguments);
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{said}");
    for word in words {
        assert!(said.contains(word), "{arguments:?} should say {word:?}:\n{said}");
    }
    assert!(!said.contains('\u{1b}'), "no colour was wanted");
    said
}

#[test]
fn a_seed_is_the_same_bytes_in_every_process() {
    let one = xtask(&["sim", "--seed", "7"]);
    assert_eq!(one.stdout, xtask(&["sim", "--seed", "0x7"]).stdout);
    let said = text(&one.stdout);
    for word in [
        "seed 7",
        "rng 1",
        "legend",
        "report",
        "verdict: all claims held",
        "replay: cargo xtask sim --seed 7",
    ] {
        assert!(said.contains(word), "{word}");
    }
}

#[test]
fn a_shipped_scenario_is_found_by_its_name() {
    let said = check(&["sim", "--scenario", "navigation", "--seed", "1"], 0, &["369.000000s", "exit code 0"]);
    assert!(said.contains("request 2: stop navigation   [ignored: it is stopped already]"));
}

#[test]
fn a_sweep_says_what_it_did() {
    let words = ["runs          500 in", "coverage", "sometimes-claims", "all claims held"];
    check(&["sim", "--seeds", "100..600", "--jobs", "2", "--check-determinism"], 0, &words);
    check(&["sim", "--seeds", "300", "--system", "daemon"], 0, &["system daemon"]);
}

#[test]
fn what_cannot_be_understood_is_usage_and_teaches() {
    check(&["sim"], 2, &["--seed"]);
    check(&["sim", "--seed", "seven"], 2, &["`seven` is no seed"]);
    check(&["sim", "--seeds", "9..9"], 2, &["empty", "A below B"]);
    check(&["sim", "--seeds", "0"], 2, &["empty"]);
    check(&["sim", "--seed", "1", "--system", "contaner"], 2, &["did you mean `container`?", "daemon"]);
    check(&["sim", "--seed", "1", "--scenario", "no/such.toml"], 2, &["no/such.toml", "stop-storm"]);
    check(&["sim", "--seed", "1", "--seeds", "5"], 2, &["cannot be used with"]);
    check(&["sim", "--time", "3"], 2, &["is no time"]);
    check(&["golden", "--blss"], 2, &["--bless"]);
}

#[test]
fn a_bad_file_is_answered_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.toml");
    std::fs::write(&file, "name = \"bad\"\n[[unit]]\nname = \"u\"\nsystem = \"tusk\"\n").unwrap();
    check(
        &["sim", "--seed", "1", "--scenario", file.to_str().unwrap()],
        2,
        &["bad.toml", "line 4", "`task`"],
    );
}

#[test]
fn every_line_of_json_has_a_type_and_a_schema() {
    let runs =
        [vec!["sim", "--seed", "3", "--format", "json"], vec!["sim", "--seeds", "50", "--format", "json"]];
    for arguments in runs {
        let output = xtask(&arguments);
        assert_eq!(output.status.code(), Some(0));
        let mut types = Vec::new();
        for line in text(&output.stdout).lines() {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(value["schema"], 1, "{line}");
            types.push(value["type"].as_str().unwrap().to_owned());
        }
        let last = types.last().map(String::as_str);
        assert!(matches!(last, Some("verdict" | "sweep")), "{types:?}");
    }
}

#[test]
fn help_teaches() {
    check(&["--help"], 0, &["sim", "golden", "Exit codes", "130"]);
    check(
        &["sim", "--help"],
        0,
        &["Examples", "navigation.toml", "--until-failure", "Exit codes", "not deterministic"],
    );
}

#[test]
fn nobody_reading_is_no_failure() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["sim", "--scenario", "stop-storm", "--seed", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
}
