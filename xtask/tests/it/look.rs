//! Looking into a run: the state at a place of it, and where two runs part.

use crate::{check, text, xtask};

const WORKERS: [&str; 5] = ["sim", "--scenario", "stop-storm", "--seed", "1"];

#[track_caller]
fn at(more: &[&str], code: i32, words: &[&str]) -> String {
    check(&[WORKERS.as_slice(), more].concat(), code, words)
}

/// The timeline's lines that are about inputs.
fn steps(said: &str) -> usize {
    let line =
        |line: &&str| line.split_once("s  ").is_some_and(|(time, _)| time.trim().parse::<f64>().is_ok());
    said.lines().take_while(|line| !line.starts_with("state at")).filter(line).count()
}

#[test]
fn the_whole_state_stands_below_the_timeline_up_to_a_step() {
    let words = [
        "state at 196.346s, after step 23: storm",
        "host     up",
        "worker-4   stopped, start 1; to be stopped by force: waits for its final row;",
        "its budget ends at 196.346s (over); timer at 197.346s (1s left); 1 body;",
        "row: running of start 1, 0 findings, the final one on its way;",
        "1 caller waits",
        "clients  0 attached, 1 attached, 2 attached",
        "pending   196.349s  a row of worker-4 is written",
        "--seed 1 --until 23",
    ];
    let said = at(&["--until", "23"], 0, &words);
    assert_eq!(steps(&said), 23, "{said}");
    assert!(!said.contains("verdict"), "it goes on from here:\n{said}");
}

#[test]
fn a_shutdown_shows_its_phase_its_budget_and_each_rung() {
    let words = [
        "shutting down by",
        "left)",
        "its units by",
        "in stop-units until",
        "on rung 1, checkpoint",
        "timer at",
    ];
    check(&["sim", "--scenario", "daemon", "--seed", "1", "--at", "60.109s"], 0, &words);
}

#[test]
fn a_time_is_a_place_as_well() {
    let said = at(&["--at", "196.346s"], 0, &["after step 23", "--seed 1 --at 196.346s"]);
    assert_eq!(steps(&said), 23, "all that the timeline shows for that millisecond:\n{said}");
    at(&["--at", "196.345s"], 0, &["after step 22"]);
    at(&["--at", "0s"], 0, &["state at 0.000s"]);
}

#[test]
fn the_last_step_has_a_state_and_a_verdict_and_what_is_past_it_is_usage() {
    let whole = text(&xtask(&WORKERS).stdout);
    let last = steps(&whole).to_string();
    at(&["--until", &last], 0, &["verdict: all claims held", "host     exited", "worker-10"]);
    let past = (steps(&whole) + 1).to_string();
    at(&["--until", &past], 2, &[&format!("the run is over after step {last}")]);
    at(&["--at", "100000s"], 2, &["the run is over at"]);
    check(&["sim", "--until", "3"], 2, &["--seed"]);
    check(&["sim", "--seeds", "3", "--until", "3"], 2, &["cannot be used with"]);
    at(&["--until", "3", "--at", "3s"], 2, &["cannot be used with"]);
}

#[test]
fn the_state_is_there_for_programs_too() {
    let said = at(&["--until", "23", "--format", "json"], 0, &[]);
    let last: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!((&last["type"], &last["step"]), (&"state".into(), &23.into()));
    assert_eq!((&last["units"][3]["status"], &last["units"][3]["callers"]), (&"stopped".into(), &1.into()));
    assert_eq!(last["units"][3]["final_row"], "writing");
    assert!(last["pending"].as_array().unwrap().len() > 12, "{last}");
}

/// A folder with what a run has printed for programs.
fn printed(arguments: &[&str]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let output = xtask(&[arguments, &["--format", "json"]].concat());
    std::fs::write(folder.path().join("before.json"), output.stdout).unwrap();
    let file = folder.path().join("before.json").to_str().unwrap().to_owned();
    (folder, file)
}

#[test]
fn the_same_run_is_the_same() {
    let (_folder, file) = printed(&WORKERS);
    at(&["--diff", &file], 0, &["the same run"]);
    at(&["--diff", &file, "--format", "json"], 0, &["\"same\":true"]);
}

#[test]
fn two_runs_part_at_the_first_step_that_differs() {
    let (_folder, file) = printed(&WORKERS);
    let text = std::fs::read_to_string(&file).unwrap();
    let line = text.lines().position(|line| line.contains("\"step\":23,")).unwrap();
    let changed: Vec<String> = text
        .lines()
        .map(|line| {
            if line.contains("\"step\":23,") {
                line.replace("\"abort\"", "\"kill\"")
            } else {
                line.to_owned()
            }
        })
        .collect();
    std::fs::write(&file, changed.join("\n")).unwrap();
    let place = format!("before.json, line {}:", line + 1);
    let words =
        ["worker-6 records a finding", "the runs part after step 22", &place, "here, line", "effects: "];
    let said = at(&["--diff", &file], 1, &words);
    assert!(!said.contains("0.000s"), "only what stands near it is shown:\n{said}");
    let said = at(&["--diff", &file, "--format", "json"], 1, &[]);
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&said["line"], &said["fields"]), (&(line + 1).into(), &serde_json::json!(["effects"])));
}

#[test]
fn another_scenario_and_a_run_that_is_shorter_are_said() {
    let (_folder, file) = printed(&["sim", "--seed", "5"]);
    check(&["sim", "--seed", "6", "--diff", &file], 1, &["not the same scenario: `storm = ", "after step 0"]);
    let text = std::fs::read_to_string(&file).unwrap();
    let half: Vec<&str> = text.lines().take(5).collect();
    std::fs::write(&file, half.join("\n")).unwrap();
    check(&["sim", "--seed", "5", "--diff", &file], 1, &["line 6:\n  (nothing more)", "here, line 6"]);
}

#[test]
fn what_is_no_output_of_a_run_cannot_be_compared() {
    let (folder, file) = printed(&["sim", "--seeds", "5"]);
    check(&["sim", "--seed", "5", "--diff", &file], 2, &["before.json: line 1: this is not about a run"]);
    let other = folder.path().join("other.txt");
    std::fs::write(&other, "winddown-run 1\n").unwrap();
    let other = other.to_str().unwrap();
    check(
        &["sim", "--seed", "5", "--diff", other],
        2,
        &["other.txt: line 1: no line of JSON", "--format json"],
    );
    check(&["sim", "--seed", "5", "--diff", "no/such"], 2, &["cannot read no/such"]);
}
