//! Baseline against now: what has become worse.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{
    baseline::Baseline,
    measure::{Figures, Measured},
};
use crate::output::{BAD, GOOD, styled};

/// How far a kind of figure may move, in thousandths.
const EXACT: u64 = 0;
const INSTRUCTIONS: u64 = 20;
const RATIOS: u64 = 250;

/// What is said of one figure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Word {
    /// Within its tolerance.
    Same,
    /// Smaller, beyond its tolerance: the baseline could be blessed anew.
    Better,
    /// Larger, beyond its tolerance.
    Worse,
    /// Larger, but not of a kind that is judged here.
    Noted,
    /// There is no baseline for it.
    New,
    /// It is in the baseline, and is no longer measured.
    Gone,
}

impl Word {
    const fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Better => "better",
            Self::Worse => "WORSE",
            Self::Noted => "larger, not judged",
            Self::New => "NEW",
            Self::Gone => "GONE",
        }
    }

    /// A figure without a counterpart is as bad as one that is worse: it gates nothing.
    const fn is_bad(self) -> bool {
        matches!(self, Self::Worse | Self::New | Self::Gone)
    }
}

#[derive(Debug)]
struct Row {
    kind: &'static str,
    name: String,
    before: Option<u64>,
    now: Option<u64>,
    word: Word,
}

impl Row {
    fn change(&self) -> String {
        let (Some(before), Some(now)) = (self.before, self.now) else { return String::new() };
        if before == 0 {
            return if now == 0 { String::new() } else { format!("+{now}") };
        }
        let sign = if now < before { '-' } else { '+' };
        let per_mille = now.abs_diff(before) * 10_000 / before;
        format!("{sign}{}.{:02} %", per_mille / 100, per_mille % 100)
    }

    fn cells(&self) -> [String; 5] {
        let number = |figure: Option<u64>| figure.map_or_else(|| "-".to_owned(), |figure| figure.to_string());
        [
            format!("{} {}", self.kind, self.name),
            number(self.before),
            number(self.now),
            self.change(),
            self.word.name().to_owned(),
        ]
    }
}

/// The whole comparison.
#[derive(Debug)]
pub(super) struct Verdicts {
    rows: Vec<Row>,
    notes: Vec<String>,
}

impl Verdicts {
    pub(super) fn new(baseline: &Baseline, measured: &Measured, strict_time: bool) -> Self {
        let mut all = Self { rows: Vec::new(), notes: Vec::new() };
        all.compare("counter", &baseline.counters, &measured.counters, EXACT, true);
        match (&measured.instructions, baseline.instructions.get(&measured.compiler)) {
            (Some(now), Some(before)) => all.compare("instructions", before, now, INSTRUCTIONS, true),
            (Some(now), None) => all.other_compiler(baseline, measured, now),
            (None, _) => all.notes.push("instructions were not counted: valgrind is not there".to_owned()),
        }
        all.compare("ratio (1/1000)", &baseline.ratios, &measured.ratios, RATIOS, strict_time);
        all
    }

    /// Another compiler makes other instructions: told beside those of the baseline, and not judged.
    fn other_compiler(&mut self, baseline: &Baseline, measured: &Measured, now: &Figures) {
        let known: Vec<&str> = baseline.instructions.keys().map(String::as_str).collect();
        self.notes.push(format!(
            "instructions are told and not judged: this is {}, the baseline has {}",
            measured.compiler,
            known.join(", ")
        ));
        if let Some(before) = baseline.instructions.values().next_back() {
            self.compare("instructions", before, now, INSTRUCTIONS, false);
        }
    }

    fn compare(&mut self, kind: &'static str, before: &Figures, now: &Figures, tolerance: u64, judged: bool) {
        for (name, figure) in now {
            let known = before.get(name).copied();
            let word = known.map_or(Word::New, |known| compare(known, *figure, tolerance, judged));
            self.rows.push(Row { kind, name: name.clone(), before: known, now: Some(*figure), word });
        }
        for (name, figure) in before.iter().filter(|(name, _)| !now.contains_key(*name)) {
            let (before, now, word) = (Some(*figure), None, Word::Gone);
            self.rows.push(Row { kind, name: name.clone(), before, now, word });
        }
    }

    pub(super) fn are_good(&self) -> bool {
        !self.rows.iter().any(|row| row.word.is_bad())
    }

    /// What is worth a line: nothing that was and is zero.
    fn told(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| (row.before, row.now) != (Some(0), Some(0)))
    }

    pub(super) fn text(&self) -> String {
        let head = ["benchmark", "baseline", "now", "change", "verdict"].map(str::to_owned);
        let told = self.told().map(|row| (row.cells(), Some(row.word)));
        let lines: Vec<_> = core::iter::once((head, None)).chain(told).collect();
        let width = |column: usize| {
            lines.iter().map(|(cells, _)| cells[column].chars().count()).max().unwrap_or_default()
        };
        let [name, before, now, change] = [0, 1, 2, 3].map(width);
        let mut text = String::new();
        for ([a, b, c, d, word], kind) in &lines {
            let word = match kind {
                Some(kind) if kind.is_bad() => styled(BAD, word),
                Some(Word::Better) => styled(GOOD, word),
                _ => word.clone(),
            };
            let _always_fits = writeln!(text, "{a:<name$}  {b:>before$}  {c:>now$}  {d:>change$}  {word}");
        }
        for note in &self.notes {
            let _always_fits = writeln!(text, "note: {note}");
        }
        text
    }

    pub(super) fn markdown(&self) -> String {
        let mut text =
            "| benchmark | baseline | now | change | verdict |\n|---|--:|--:|--:|---|\n".to_owned();
        for row in self.told() {
            let _always_fits = writeln!(text, "| {} |", row.cells().join(" | "));
        }
        for note in &self.notes {
            let _always_fits = writeln!(text, "\n_{note}_");
        }
        text
    }

    /// One annotation for each figure that has become worse.
    pub(super) fn annotations(&self) -> String {
        let mut text = String::new();
        for row in self.rows.iter().filter(|row| row.word.is_bad()) {
            let [name, before, now, change, word] = row.cells();
            // A `%` is the beginning of an escape there.
            let line = format!("{name}: {before} before, {now} now {change} {word}").replace('%', "%25");
            let _always_fits =
                writeln!(text, "::error file=benches/baseline.json,title=benchmark gate::{line}");
        }
        text
    }

    pub(super) fn json(&self) -> Value {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                json!({
                    "kind": row.kind, "name": row.name, "baseline": row.before, "now": row.now,
                    "verdict": row.word.name(),
                })
            })
            .collect();
        json!({ "type": "bench", "schema": 1, "good": self.are_good(), "rows": rows, "notes": self.notes })
    }
}

fn compare(before: u64, now: u64, tolerance: u64, judged: bool) -> Word {
    let room = before * tolerance / 1_000;
    if now > before + room {
        if judged { Word::Worse } else { Word::Noted }
    } else if now + room < before {
        Word::Better
    } else {
        Word::Same
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(list: &[(&str, u64)]) -> Figures {
        list.iter().map(|(name, figure)| ((*name).to_owned(), *figure)).collect()
    }

    fn measured(counters: &[(&str, u64)], instructions: Option<&[(&str, u64)]>) -> Measured {
        Measured {
            counters: figures(counters),
            instructions: instructions.map(figures),
            ratios: figures(&[("storm", 4_000)]),
            compiler: "rustc 1 here".to_owned(),
        }
    }

    fn words(baseline: &Baseline, now: &Measured, strict: bool) -> Vec<&'static str> {
        Verdicts::new(baseline, now, strict).rows.iter().map(|row| row.word.name()).collect()
    }

    #[test]
    fn each_kind_of_figure_has_its_tolerance() {
        let base = Baseline::default().with(&measured(&[("a/steps", 100)], Some(&[("a", 1_000)])), "first");
        assert_eq!(words(&base, &measured(&[("a/steps", 100)], Some(&[("a", 1_020)])), false), ["same"; 3]);
        let worse = measured(&[("a/steps", 101)], Some(&[("a", 1_021)]));
        assert_eq!(words(&base, &worse, false), ["WORSE", "WORSE", "same"]);
        assert!(!Verdicts::new(&base, &worse, false).are_good());
        let better = measured(&[("a/steps", 99)], Some(&[("a", 900)]));
        assert_eq!(words(&base, &better, false), ["better", "better", "same"]);
        assert!(Verdicts::new(&base, &better, false).are_good());
    }

    #[test]
    fn times_are_judged_only_where_that_is_asked_for() {
        let base = Baseline::default().with(&measured(&[], Some(&[])), "first");
        let mut now = measured(&[], Some(&[]));
        now.ratios = figures(&[("storm", 5_001)]);
        assert_eq!(words(&base, &now, false), ["larger, not judged"]);
        assert_eq!(words(&base, &now, true), ["WORSE"]);
    }

    #[test]
    fn what_gates_nothing_is_bad() {
        let base = Baseline::default().with(&measured(&[("a/steps", 1)], Some(&[])), "first");
        assert_eq!(words(&base, &measured(&[("b/steps", 1)], Some(&[])), false), ["NEW", "GONE", "same"]);
    }

    #[test]
    fn another_compiler_and_no_valgrind_are_said_and_not_judged() {
        let base = Baseline::default().with(&measured(&[], Some(&[("a", 1_000)])), "first");
        let mut other = measured(&[], Some(&[("a", 2_000)]));
        other.compiler = "rustc 2 there".to_owned();
        let verdicts = Verdicts::new(&base, &other, false);
        assert!(verdicts.are_good() && verdicts.text().contains("rustc 2 there"), "{}", verdicts.text());
        let verdicts = Verdicts::new(&base, &measured(&[], None), false);
        assert!(verdicts.are_good() && verdicts.text().contains("valgrind"), "{}", verdicts.text());
    }

    #[test]
    fn annotations_name_what_is_worse() {
        let base = Baseline::default().with(&measured(&[("a/steps", 100)], Some(&[])), "first");
        let verdicts = Verdicts::new(&base, &measured(&[("a/steps", 150)], Some(&[])), false);
        assert_eq!(
            verdicts.annotations(),
            "::error file=benches/baseline.json,title=benchmark gate::counter a/steps: 100 before, 150 now \
             +50.00 %25 WORSE\n"
        );
    }
}
