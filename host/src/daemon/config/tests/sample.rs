//! The sample against the reader: what the reader knows is what the sample shows.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use super::*;

/// No key and no word of the file.
const STRANGE: &str = "zzzzzzzzzz";

/// The sample with everything in it that is commented out.
fn whole() -> String {
    let is_setting = |text: &str| {
        let key = text.split_once(" = ").map(|(key, _)| key);
        let is_key =
            |key: &str| !key.is_empty() && key.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'-'));
        text.starts_with(['[', '{']) || key.is_some_and(is_key)
    };
    let line = |line: &str| match line.split_once("# ") {
        Some((before, text)) if before.trim().is_empty() && is_setting(text) => format!("{before}{text}\n"),
        Some(_) | None => format!("{line}\n"),
    };
    SAMPLE.lines().map(line).collect()
}

/// A place in the file: keys, and numbers in lists.
type Path<'a> = &'a [Step];

#[derive(Clone)]
enum Step {
    Key(String),
    Place(usize),
}

/// Every value in the file, with where it is.
fn walk(value: &Value, path: &mut Vec<Step>, seen: &mut impl FnMut(Path<'_>, &Value)) {
    seen(path, value);
    let children: Vec<(Step, &Value)> = match value {
        Value::Table(table) => table.iter().map(|(key, value)| (Step::Key(key.clone()), value)).collect(),
        Value::Array(values) => values.iter().enumerate().map(|(at, it)| (Step::Place(at), it)).collect(),
        Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {
            Vec::new()
        }
    };
    for (step, child) in children {
        path.push(step);
        walk(child, path, seen);
        path.pop();
    }
}

/// What the reader says when something strange is there.
fn complaint(all: &Value, path: Path<'_>, strange: impl Fn(&mut Value)) -> Option<String> {
    let mut all = all.clone();
    let place = path.iter().try_fold(&mut all, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Place(place) => value.get_mut(place),
    });
    strange(place.expect("it is there"));
    // Only the whole file is one that cannot be anything but a table.
    parse(&toml::to_string(&all).ok()?).err().map(|wrong| wrong.why)
}

/// What the reader knows in a place, where it says so.
fn known(complaint: &str) -> Option<BTreeSet<String>> {
    let (_, known) = complaint.split_once(&format!("`{STRANGE}`;"))?.1.split_once("known are: ")?;
    Some(known.split(", ").map(str::to_owned).collect())
}

#[test]
fn every_key_of_the_reader_stands_in_the_sample() {
    let all: Value = toml::from_str::<Table>(&whole()).expect("it is TOML").into();
    // Tables that know the same are of one kind: what one of them shows, all do.
    let mut shown: BTreeMap<BTreeSet<String>, BTreeSet<String>> = BTreeMap::new();
    walk(&all, &mut Vec::new(), &mut |path, value| {
        let Value::Table(table) = value else { return };
        let strange =
            |value: &mut Value| drop(value.as_table_mut().map(|it| it.insert(STRANGE.into(), 0.into())));
        if let Some(known) = complaint(&all, path, strange).as_deref().and_then(known) {
            shown.entry(known).or_default().extend(table.keys().cloned());
        }
    });
    for (known, shown) in &shown {
        let missing: Vec<&String> = known.difference(shown).collect();
        assert!(missing.is_empty(), "{missing:?} stand nowhere in the sample beside {shown:?}");
    }
    assert_eq!(shown.len(), 8, "a file, its HTTP, ladders, rungs, kinds, both restarts and units: {shown:?}");
}

#[test]
fn every_word_of_the_reader_stands_in_the_sample() {
    let all: Value = toml::from_str::<Table>(&whole()).expect("it is TOML").into();
    let mut all_known = BTreeSet::new();
    walk(&all, &mut Vec::new(), &mut |path, value| {
        if matches!(value, Value::String(_) | Value::Table(_)) {
            let strange = |value: &mut Value| *value = STRANGE.into();
            all_known.extend(complaint(&all, path, strange).as_deref().and_then(known).unwrap_or_default());
        }
    });
    let words: BTreeSet<&str> = SAMPLE.split(|it: char| !it.is_ascii_lowercase() && it != '-').collect();
    let missing: Vec<&String> = all_known.iter().filter(|known| !words.contains(known.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?} stand nowhere in the sample");
    assert!(all_known.len() > 20, "actions, bodies, promises, restarts and demos: {all_known:?}");
}

#[test]
fn what_is_commented_out_in_the_sample_can_be_used_as_well() {
    let config = parse(&whole()).expect("it is sound");
    assert!(config.journal);
    assert_eq!(config.at_once, Some(8));
    let http = config.http.expect("it is there");
    assert_eq!(http.tokens, std::path::Path::new("/etc/winddown/winddownd.tokens"));
    assert_eq!(config.units.len(), 4);
}
