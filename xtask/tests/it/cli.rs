//! The command line as a user meets it.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Command, Output, Stdio},
};

use crate::{check, text, xtask};

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
    let words = [
        "navigation (container)",
        "#2: navigation is asked to stop: ignored, it is stopped already",
        "369.000s  s  navigation exits: failed",
        "exit code 0: everything recorded is durable",
        "replay: cargo xtask sim --scenario navigation --seed 1",
    ];
    check(&["sim", "--scenario", "navigation", "--seed", "1"], 0, &words);
}

#[test]
fn a_system_stands_for_the_scenario_that_shows_its_contract() {
    let by_system = xtask(&["sim", "--scenario", "container", "--seed", "1"]);
    let by_name = xtask(&["sim", "--scenario", "navigation", "--seed", "1"]);
    let last_but_replay = |output: &Output| text(&output.stdout).lines().rev().nth(1).map(str::to_owned);
    assert_eq!(by_system.status.code(), Some(0));
    assert_eq!(last_but_replay(&by_system), last_but_replay(&by_name), "the same trace");
}

#[test]
fn a_sweep_says_what_it_did() {
    let words = ["runs          500 in", "coverage", "sometimes-claims", "all claims held"];
    check(&["sim", "--seeds", "100..600", "--jobs", "2", "--check-determinism"], 0, &words);
    check(&["sim", "--seeds", "300", "--system", "daemon"], 0, &["system daemon", "not seen: "]);
    let words = ["scenario stop-storm, seeds 0..70", "for seeds 0..70", "all claims held"];
    check(&["sim", "--seeds", "70", "--scenario", "stop-storm"], 0, &words);
}

#[test]
fn another_way_to_look_is_in_every_command_that_repeats_it() {
    let words =
        ["winddown simulation: generated, by priorities, seed 7", "untimed", "--search pct --seed 7\n"];
    check(&["sim", "--seed", "7", "--search", "pct"], 0, &words);
    let words = ["sweep of generated scenarios, by priorities, seeds 0..100", "all claims held"];
    check(&["sim", "--seeds", "100", "--search", "pct"], 0, &words);
    check(&["sim", "--seeds", "9", "--search", "luck"], 2, &["random", "pct"]);
    check(&["sim", "--seed", "7", "--search", "pct", "--scenario", "daemon"], 2, &["cannot be used with"]);
}

/// All but the lines that say how fast it was.
fn without_speed(arguments: &[&str]) -> String {
    let output = xtask(arguments);
    let lines = text(&output.stdout);
    lines.lines().filter(|line| !line.contains(" thread") && !line.contains(" a second")).collect()
}

#[test]
fn the_number_of_threads_changes_the_speed_and_nothing_else() {
    let with = |jobs| without_speed(&["sim", "--seeds", "40..1300", "--until-failure", "--jobs", jobs]);
    assert_eq!(with("1"), with("5"));
}

#[test]
fn the_last_seeds_there_are_can_be_swept() {
    let seeds = "18446744073709551610..18446744073709551615";
    check(&["sim", "--seeds", seeds], 0, &["runs          5 in"]);
    check(&["sim", "--seed", "0xffffffffffffffff"], 0, &["--seed 18446744073709551615"]);
}

#[test]
fn a_sweep_without_time_is_one_in_which_nothing_ran() {
    let said = check(&["sim", "--time", "0s"], 4, &["nothing ran"]);
    assert!(!said.contains("all claims held"));
}

/// The signals that Ctrl-C sends, and who runs it in CI.
#[test]
fn an_interrupted_sweep_says_what_it_did_so_far() {
    interrupts_a_sweep("-INT");
    interrupts_a_sweep("-TERM");
}

#[track_caller]
fn interrupts_a_sweep(signal: &str) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["sim", "--seeds", "9..", "--jobs", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Its first line is out when it listens.
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    out.read_line(&mut said).unwrap();
    assert_eq!(said, "sweep of generated scenarios, seeds 9.., on 1 thread\n");
    let kill = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    out.read_to_string(&mut said).unwrap();
    assert!(said.contains("interrupted: this is what there is so far"), "{said}");
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn what_cannot_be_understood_is_usage_and_teaches() {
    check(&["sim"], 2, &["--seed <SEED>", "--seeds", "--time"]);
    check(&["sim", "--seed", "seven"], 2, &["`seven` is no seed"]);
    check(&["sim", "--seed", "-1"], 2, &["`-1` is no seed; expected a number from 0"]);
    check(&["sim", "--seeds", "-1"], 2, &["`-1` is no seed; expected a number from 0"]);
    check(&["sim", "--seed", "--shrink"], 2, &["a value is required for '--seed <SEED>'"]);
    check(&["torture", "--daemon", "/", "--trials", "1", "kill"], 2, &["failed to run /: Permission denied"]);
    check(&["torture", "--daemon", "/bin/true", "--trials", "1", "kill"], 2, &["is not the daemon"]);
    check(&["torture", "--seed", "-1"], 2, &["`-1` is no seed; expected a number from 0"]);
    check(&["sim", "--seeds", "9..9"], 2, &["empty", "A below B"]);
    check(&["sim", "--seeds", "0"], 2, &["empty"]);
    check(&["sim", "--seed", "1", "--system", "contaner"], 2, &["did you mean `container`?", "daemon"]);
    check(&["sim", "--seed", "1", "--scenario", "no/such.toml"], 2, &["no/such.toml", "stop-storm"]);
    check(&["sim", "--seed", "1", "--scenario", "/"], 2, &["cannot read scenario /"]);
    check(&["sim", "--seed", "1", "--seeds", "5"], 2, &["cannot be used with"]);
    check(&["sim", "--seed", "1", "--jobs", "5"], 2, &["cannot be used with"]);
    for place in [["--until", "3"], ["--at", "3s"]] {
        let words = [["sim", "--seed"], ["1", "--check-determinism"], place].concat();
        check(&words, 2, &["--check-determinism", "cannot be used with"]);
    }
    check(&["sim", "--journal", "FILE", "--search", "pct"], 2, &["--search", "cannot be used with"]);
    check(&["sim", "--time", "3"], 2, &["is no time", "up to 1000 days"]);
    check(&["golden", "--blss"], 2, &["--bless"]);
}

#[test]
fn what_is_no_number_is_answered_with_the_numbers_that_are_meant() {
    for (option, range) in [
        (&["sim", "--seeds", "9", "--jobs"][..], "1 to 512"),
        (&["sim", "--seed", "9", "--until"], "0 to 18446744073709551615"),
        (&["explore", "--units"], "1 to 8"),
        (&["explore", "--delays"], "0 to 8"),
        (&["explore", "--depth"], "0 to 4294967295"),
        (&["mutants", "--all", "--runs"], "1 to 4294967296"),
        (&["mutants", "--all", "--starts"], "1 to 1000"),
        (&["mutants", "--all", "--choices"], "0 to 18446744073709551615"),
        (&["torture", "--trials"], "1 to 18446744073709551615"),
        (&["torture", "--patience"], "1 to 100"),
    ] {
        for other in ["-1", "many", "1.5", "18446744073709551616"] {
            let arguments = [option, &[other]].concat();
            check(&arguments, 2, &[other, &format!("expected a whole number from {range}")]);
        }
    }
    check(&["sim", "--seeds", "9", "--jobs", "513"], 2, &["'513' for '--jobs <N>': expected a whole"]);
}

/// Each of these once measured for minutes and then took what it had measured for the new baseline, or left out
/// what it had been asked for.
#[test]
fn a_baseline_is_only_replaced_by_whoever_says_so() {
    check(&["bench", "--gate", "--why", "x"], 2, &["cannot be used with"]);
    check(&["bench", "--report", "--why", "x"], 2, &["cannot be used with"]);
    check(&["bench", "--report", "--strict-time"], 2, &["cannot be used with"]);
    check(&["bench", "--report", "--format", "json"], 2, &["cannot be used with"]);
    check(&["bench", "--bless", "--why", "x", "--strict-time"], 2, &["cannot be used with"]);
    check(&["bench", "--bless", "--why", "x", "--format", "json"], 2, &["cannot be used with"]);
    check(&["bench", "--bless", "--why", " "], 2, &["it is empty: say in a few words"]);
    check(&["bench", "--bless"], 2, &["--why <TEXT>"]);
}

#[test]
fn an_error_for_programs_is_one_object_on_a_line() {
    for (arguments, word) in [
        (&["sim", "--seed", "1", "--scenario", "no/such.toml", "--format", "json"][..], "no/such.toml"),
        (&["sim", "--seed", "seven", "--format=json"], "`seven` is no seed"),
        (&["golden", "--blss", "--format", "json"], "--bless"),
    ] {
        let output = xtask(arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stdout.is_empty());
        let value: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!(
            (&value["type"], &value["schema"], &value["exit"]),
            (&"error".into(), &1.into(), &2.into())
        );
        assert!(value["message"].as_str().is_some_and(|text| text.contains(word)), "{value}");
    }
}

/// A name stands for what comes with winddown only where there is no such file.
#[test]
fn a_file_that_is_there_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tasks"), b"\xff\xfe").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["sim", "--seed", "1", "--scenario", "tasks"])
        .current_dir(&folder)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("cannot read scenario tasks"), "{}", text(&output.stderr));
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

/// The types of all lines.
fn types_of_lines(arguments: &[&str]) -> Vec<String> {
    let output = xtask(arguments);
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    let read = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["schema"], 1, "{line}");
        value["type"].as_str().unwrap().to_owned()
    };
    text(&output.stdout).lines().map(read).collect()
}

#[test]
fn every_line_of_json_has_a_type_and_a_schema() {
    let types = types_of_lines(&["sim", "--seed", "3", "--format", "json"]);
    assert_eq!(types.first().map(String::as_str), Some("run"));
    assert_eq!(types[types.len() - 2..], ["report", "verdict"]);
    assert!(types[1..types.len() - 2].iter().all(|kind| kind == "step" || kind == "note"), "{types:?}");
    assert_eq!(types_of_lines(&["sim", "--seeds", "50", "--format", "json"]), ["sweep"]);
    assert_eq!(
        types_of_lines(&["sim", "--seed", "7", "--shrink", "--format", "json"]),
        ["nothing-to-shrink"]
    );
    assert_eq!(types_of_lines(&["golden", "--format", "json"]), ["golden"]);
}

#[test]
fn help_teaches() {
    check(&["--help"], 0, &["sim", "golden", "Examples", "Exit codes", "130"]);
    check(&["torture", "--help"], 0, &["Examples", "--full", "Exit codes", "3/n"]);
    check(&["torture", "--list"], 0, &["kill", "orphans", "must hold"]);
    check(&["torture", "tickle"], 2, &["no such torment", "half-open"]);
    check(&["golden", "--help"], 0, &["Examples", "--bless", "Exit codes", "differs"]);
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

#[test]
fn planted_bugs_are_listed_and_named() {
    check(&["mutants", "--list"], 0, &["stop-awaits-body", "the original container manager", "https://"]);
    let listed = check(&["mutants", "--list", "--format", "json"], 0, &["\"type\":\"planted\""]);
    assert!(listed.lines().all(|line| line.starts_with('{')), "{listed}");
    check(&["mutants", "no-such-bug"], 2, &["no planted bug is called `no-such-bug`", "--list"]);
    check(&["mutants"], 2, &["--all", "--list", "NAME"]);
}
