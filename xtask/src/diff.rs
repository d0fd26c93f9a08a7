//! Two runs beside each other: where they part.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use winddown_sim::{plain, without_mark};

use crate::{
    cli::{Format, SimArguments},
    json::{self, SCHEMA},
    look,
    output::{Code, complain, plain_lines, print, print_json},
};

/// So many entries are shown before the two part, and after it.
const CONTEXT: usize = 3;

/// What says nothing about the run itself.
const BESIDE: [&str; 3] = ["schema", "text", "kept"];

pub(crate) fn run(arguments: &SimArguments) -> Result<Code> {
    let file = arguments.diff.as_deref().unwrap_or_else(|| Path::new(""));
    let there = read(file)?;
    let told = look::subject(arguments)?.tell();
    let here = json::run(&told);
    let (there_head, here_head) = (&there[0], &here[0]);
    for what in ["semantics", "rng", "toml"].into_iter().filter(|what| there_head[what] != here_head[what]) {
        complain(&plain(&other_head(what, &there_head[what], &here_head[what])));
    }
    let alike = here[1..].iter().zip(&there[1..]).take_while(|(one, other)| differing(one, other).is_empty());
    let parted = 1 + alike.count();
    let code = if parted == here.len() && parted == there.len() { Code::Clean } else { Code::Broken };
    let parts = Parts { file, there: &there, here: &here, parted };
    match arguments.format {
        Format::Text if code == Code::Clean => {
            print(&format!("the same run: {} entries are alike, and so is the end\n", parted - 1))?;
        }
        Format::Text => print(&plain_lines(&parts.text()))?,
        Format::Json => print_json(&parts.json())?,
    }
    Ok(code)
}

/// What an earlier run has printed. The first line says what it was a run of.
fn read(file: &Path) -> Result<Vec<Value>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let how = "expected what `cargo xtask sim` prints with `--format json` for --seed or --replay";
    let mut lines = Vec::new();
    for (number, line) in without_mark(&text).lines().enumerate() {
        let place = || format!("{}: line {}: no line of JSON; {how}", file.display(), number + 1);
        let value: Value = serde_json::from_str(line).with_context(place)?;
        let schema = &value["schema"];
        if *schema != json!(SCHEMA) {
            bail!(
                "{}: line {}: schema {schema}, and only {SCHEMA} is read here; {how}",
                file.display(),
                number + 1
            );
        }
        lines.push(value);
    }
    if lines.first().is_none_or(|first| first["type"] != "run") {
        bail!("{}: line 1: this is not about a run; {how}", file.display());
    }
    Ok(lines)
}

fn other_head(what: &str, there: &Value, here: &Value) -> String {
    let (Some(one), Some(other)) = (there.as_str(), here.as_str()) else {
        return format!("{what}: {there} there, {here} here");
    };
    let mut lines = one.lines().zip(other.lines());
    let first = lines.find(|(one, other)| one != other);
    let (one, other) = first.unwrap_or(("one is longer", "than the other"));
    format!("not the same scenario: `{one}` there, `{other}` here")
}

/// The fields that differ.
fn differing<'a>(one: &'a Value, other: &'a Value) -> Vec<&'a str> {
    let (Some(fields), Some(others)) = (one.as_object(), other.as_object()) else { return vec!["line"] };
    let names = fields.keys().chain(others.keys().filter(|name| !fields.contains_key(*name)));
    let names = names.map(String::as_str).filter(|name| !BESIDE.contains(name));
    names.filter(|name| fields.get(*name) != others.get(*name)).collect()
}

/// Two runs, alike up to a place.
struct Parts<'a> {
    file: &'a Path,
    there: &'a [Value],
    here: &'a [Value],
    /// Where they part; one of them may be over by then.
    parted: usize,
}

impl Parts<'_> {
    fn text(&self) -> String {
        let mut text = String::new();
        for entry in &self.here[self.parted.saturating_sub(CONTEXT).max(1)..self.parted] {
            text.push_str(&words(entry));
        }
        let steps = self.here[..self.parted].iter().filter(|entry| entry["type"] == "step").count();
        text.push_str(&format!("the runs part after step {steps}\n"));
        for (name, run) in [(self.file.display().to_string(), self.there), ("here".to_owned(), self.here)] {
            text.push_str(&format!("{name}, line {}:\n", self.parted + 1));
            for entry in run.iter().skip(self.parted).take(CONTEXT) {
                text.push_str(&words(entry));
            }
            if run.len() == self.parted {
                text.push_str("  (nothing more)\n");
            }
        }
        if let (Some(there), Some(here)) = (self.there.get(self.parted), self.here.get(self.parted)) {
            for field in differing(there, here) {
                text.push_str(&format!("{field}: {} there, {} here\n", there[field], here[field]));
            }
        }
        text
    }

    fn json(&self) -> Value {
        let (there, here) = (self.there.get(self.parted), self.here.get(self.parted));
        let fields = there.zip(here).map(|(there, here)| differing(there, here)).unwrap_or_default();
        json!({
            "type": "diff", "schema": SCHEMA, "file": self.file.display().to_string(),
            "same": there.is_none() && here.is_none(), "line": self.parted + 1, "there": there, "here": here,
            "fields": fields,
        })
    }
}

/// An entry as the timeline tells it, or as it stands in the file.
fn words(entry: &Value) -> String {
    let lines = entry["text"].as_array().filter(|lines| !lines.is_empty());
    let lines = lines.map(|lines| lines.iter().filter_map(Value::as_str).map(|line| format!("  {line}\n")));
    lines.map_or_else(|| format!("  {entry}\n"), Iterator::collect)
}
