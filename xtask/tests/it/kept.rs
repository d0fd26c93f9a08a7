//! Kept runs: files that outlive the seed and the generator that they came from.

use winddown_sim::{
    claims::Claim,
    shrink::{Kept, Recording},
    sweep::Source,
    timeline::SEMANTICS_VERSION,
};

use crate::check;

/// A run that breaks nothing, kept as if it had. Its file, and a folder for more.
struct Shelf {
    folder: tempfile::TempDir,
    text: String,
}

impl Shelf {
    fn new() -> Self {
        let (recording, outcome) = Recording::of_seed(&Source::Generated(None), 3).unwrap();
        let kept = Kept { recording, claim: Claim::StopInTime, trace: outcome.hash };
        Self { folder: tempfile::tempdir().unwrap(), text: kept.to_text() }
    }

    /// The file with one place changed.
    #[track_caller]
    fn file(&self, from: &str, to: &str) -> String {
        assert!(self.text.contains(from), "{from}");
        let file = self.folder.path().join("kept.run");
        std::fs::write(&file, self.text.replacen(from, to, 1)).unwrap();
        file.to_str().unwrap().to_owned()
    }

    /// Replays it.
    #[track_caller]
    fn check(&self, from: &str, to: &str, code: i32, words: &[&str]) -> String {
        check(&["sim", "--replay", &self.file(from, to)], code, words)
    }
}

#[test]
fn a_kept_run_plays_without_its_seed() {
    let shelf = Shelf::new();
    let words =
        ["kept run", "verdict: all claims held", "replay: cargo xtask sim --replay", "it does not here"];
    shelf.check("winddown-run", "\u{feff}winddown-run", 0, &words);
    let said = shelf.check("semantics", "# kept by hand\nsemantics", 0, &words);
    assert!(!said.contains("the trace is"), "the same run has the same trace:\n{said}");
}

#[test]
fn a_run_of_another_semantics_version_is_refused_and_not_played() {
    let found = SEMANTICS_VERSION + 1;
    let (here, there) = (format!("semantics {SEMANTICS_VERSION}"), format!("semantics {found}"));
    let under = format!("kept under semantics {found}");
    let words = ["kept.run", &under, "--scenario FILE --seeds 10000"];
    let said = Shelf::new().check(&here, &there, 2, &words);
    assert!(!said.contains("verdict"), "{said}");
}

#[test]
fn a_damaged_file_is_answered_with_the_line_that_is_wrong() {
    let shelf = Shelf::new();
    shelf.check("winddown-run 1", "winddown-ran 1", 2, &["kept.run: line 1: this is no kept run"]);
    shelf.check("trace ", "trace z", 2, &["kept.run: line 4", "expected up to 16 hex digits"]);
    shelf.check("answers ", "answers x", 2, &["kept.run: line 5: unknown part of the world"]);
    shelf.check("\nscenario\n", "\n", 2, &["kept.run: line", "unknown line"]);
    shelf.check("[[unit]]\nname", "[[unit]]\nnme", 2, &["kept.run: line", "unknown field `nme`"]);
    shelf.check(
        "\nscenario\n",
        "\nscenario foo\n",
        2,
        &["kept.run: line", "`scenario` stands alone in its line"],
    );
    for (line, again) in [("winddown-run", "winddown-run 1"), ("claim", "claim X"), ("trace", "trace 1")] {
        let twice = format!("\n{again}\nscenario\n");
        let second = format!("a second line `{line}`");
        shelf.check("\nscenario\n", &twice, 2, &["kept.run: line", &second]);
    }
    let half = &shelf.text[..shelf.text.len() / 2];
    shelf.check(&shelf.text[half.len()..], "", 2, &["kept.run: line", "is cut off after this"]);
}

#[test]
fn a_file_that_was_changed_by_hand_is_played_and_its_new_trace_is_said() {
    let words = ["the trace is", "when the run was kept", "verdict"];
    Shelf::new().check("trace ", "trace 1\n# was ", 0, &words);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    check(&["sim", "--replay", "no/such.run"], 2, &["cannot read the kept run no/such.run"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bytes.run");
    std::fs::write(&file, [0xff, 0xfe, 0x00]).unwrap();
    check(&["sim", "--replay", file.to_str().unwrap()], 2, &["bytes.run", "UTF-8"]);
}

#[test]
fn nothing_broken_is_nothing_to_shrink() {
    check(&["sim", "--seed", "3", "--shrink"], 0, &["seed 3 breaks no claim: there is nothing to shrink"]);
    let shelf = Shelf::new();
    let file = shelf.file("", "");
    let said = check(&["sim", "--replay", &file, "--shrink"], 0, &["kept.run breaks no claim"]);
    assert!(!said.contains("verdict"), "as with a seed:\n{said}");
    let json = check(&["sim", "--replay", &file, "--shrink", "--format", "json"], 0, &["kept.run"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["type"], "nothing-to-shrink");
}

#[test]
fn programs_are_told_as_well_whether_a_run_is_still_what_was_kept() {
    let shelf = Shelf::new();
    let file = shelf.file("trace ", "trace 1\n# was ");
    let said = check(&["sim", "--replay", &file, "--format", "json"], 0, &[]);
    let verdict: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(verdict["kept"]["claim"], Claim::StopInTime.name());
    assert_eq!(verdict["kept"]["trace"], "0000000000000001");
    assert_eq!(verdict["kept"]["same"], false);
    let before = shelf.folder.path().join("before.json");
    std::fs::write(&before, said).unwrap();
    check(&["sim", "--replay", &file, "--diff", before.to_str().unwrap()], 0, &["the same run"]);
}
