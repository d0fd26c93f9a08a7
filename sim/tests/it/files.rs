//! Scenario files: what is read, and what is said about what cannot be.

use winddown_sim::{
    chooser::{Chooser as _, Label, Random},
    scenario::{Scenario, catalog::SHIPPED},
};

#[test]
fn everything_shipped_reads_back_from_what_is_printed() {
    for (name, text) in SHIPPED {
        let scenario = Scenario::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(scenario.name, name);
        let printed = scenario.to_toml();
        assert_eq!(Scenario::parse(&printed), Ok(scenario), "{printed}");
    }
}

/// A file, and words that its error has to have.
const BAD: &[(&str, &[&str])] = &[
    ("", &["missing field `name`"]),
    ("name = 3", &["line 1, column 8", "string"]),
    ("name = \"a\"\nstrom = \"3s\"", &["line 2, column 1", "unknown field `strom`", "storm"]),
    ("name = \"a\"\nstorm = 3", &["line 2, column 9", "a time with its unit"]),
    ("name = \"a\"\nstorm = \"3\"", &["line 2, column 9", "`3` is no time", "369s"]),
    ("name = \"a\"\nstorm = \"3y\"", &["`3y` is no time", "20ms"]),
    ("name = \"two words\"", &["line 1, column 8", "cannot be a name"]),
    ("name = \"a\"\norder = \"random\"", &["line 2, column 9", "unknown order", "timed, untimed"]),
    ("name = \"a\"\n[host]\nat-once = 0", &["line 3, column 11", "no unit could ever stop"]),
    ("name = \"a\"\n[host]\nowner-cap = 0", &["line 3, column 13", "no unit could ever start"]),
    ("name = \"a\"\n[host]\nouter = \"dokcer\"", &["did you mean `docker`?"]),
    ("name = \"a\"\n[host]\nclients = 999", &["999 clients"]),
    (
        "name = \"a\"\n[[unit]]\nname = \"u\"\nsystem = \"contaner\"",
        &["line 4", "did you mean `container`?", "provider"],
    ),
    ("name = \"a\"\n[[unit]]\nname = \"u\"", &["missing field `system`"]),
    ("name = \"a\"\n[[unit]]\nname = \"u\"\nsystem = \"task\"\ncount = 0", &["line 5, column 9", "no unit"]),
    ("name = \"a\"\n[[unit]]\nname = \"u\"\nsystem = \"task\"\ncount = 1001", &["at most 1000"]),
    (
        "name = \"a\"\n[[unit]]\nname = \"u\"\nsystem = \"daemon\"\ngrace = \"3s\"",
        &["line 5, column 9", "only a task has a grace"],
    ),
    (
        "name = \"a\"\n[[unit]]\nname = \"u\"\nsystem = \"task\"\nprobed = true",
        &["only a provider's container"],
    ),
    (
        "name = \"a\"\n[[unit]]\nname = \"u\"\nsystem = \"task\"\ndepends-on = [\"v\"]",
        &["line 5, column 15", "unknown unit further up `v`"],
    ),
    ("name = \"a\"\n[[unit]]\nname = \"u\"\nsystem = \"task\"\nrestart-limit = 3", &["never restarts"]),
    (
        "name = \"a\"\n[[unit]]\nname = \"u\"\nsystem = \"task\"\n[unit.body]\non-cancel = \"maybe\"",
        &["line 6", "`ignores`"],
    ),
    (
        "name = \"a\"\n[[unit]]\nname = \"u\"\nsystem = \"task\"\n[unit.body]\nlasts = \"9s..1s\"",
        &["ends before it begins"],
    ),
    (
        "name = \"a\"\n[[unit]]\nname = \"u\"\nsystem = \"task\"\n[[unit]]\nname = \"u\"\nsystem = \"task\"",
        &["line 6, column 8", "further up"],
    ),
    (
        "name = \"a\"\n[[operator]]\nat = \"1s\"\nask = \"stopp\"",
        &["line 4, column 7", "did you mean `stop`?"],
    ),
    ("name = \"a\"\n[[operator]]\nat = \"1s\"\nask = \"stop\"", &["needs a `unit`"]),
    (
        "name = \"a\"\n[[operator]]\nat = \"1s\"\nask = \"stop\"\nunit = \"x\"",
        &["line 5, column 8", "unknown unit `x`"],
    ),
    ("name = \"a\"\n[[operator]]\nat = \"1s\"\nask = \"hangup\"\nforce = true", &["`hangup` has no `force`"]),
    ("name = \"a\"\n[[operator]]\nat = \"1s\"\nask = \"terminate\"\ntimes = 0", &["expected 1 to 10000"]),
    ("name = \"a\"\n[[operator]]\nat = \"1s\"\nask = \"shutdown\"\nwithin = \"soon\"", &["or `unlimited`"]),
    ("name = \"a\"\n[faults]\ncrash = 1001", &["line 3, column 9", "expected 0 to 1000"]),
    ("name = \"a\"\n[faults]\ncrush = 10", &["did you mean `crash`?"]),
    ("name = \"a\"\n[[unit]\n", &["line 2"]),
];

#[test]
fn every_mistake_is_answered_with_its_place_and_what_was_expected() {
    for (text, words) in BAD {
        let error = Scenario::parse(text).expect_err(text).to_string();
        for word in *words {
            assert!(error.contains(word), "{text:?} is answered with\n{error}\nand should say {word:?}");
        }
    }
    let long = format!("name = \"a\"\n# {}", "x".repeat(1 << 20));
    assert!(Scenario::parse(&long).unwrap_err().to_string().contains("at most 1 MiB"));
}

#[test]
fn what_is_no_number_is_answered_with_the_numbers_that_are_meant() {
    let task = "[[unit]]\nname = \"u\"\nsystem = \"task\"\nrestart = \"on-failure\"";
    let operator = "[[operator]]\nat = \"1s\"\nask = \"terminate\"";
    for (table, key, range) in [
        ("[host]", "at-once", "1 to 65535"),
        ("[host]", "owner-cap", "1 to 4294967295"),
        ("[host]", "clients", "0 to 100"),
        ("[host]", "broken-clients", "0 to 100"),
        (task, "count", "1 to 1000"),
        (task, "owner", "0 to 65535"),
        (task, "restart-limit", "0 to 65535"),
        (operator, "times", "1 to 10000"),
        ("[faults]", "crash", "0 to 1000"),
        ("[expect]", "exit", "0 to 1"),
    ] {
        let most = u128::MAX.to_string();
        for other in ["-99999999999999999999", "99999999999999999999", &most, "1.5", "\"three\"", "true"] {
            let text = format!("name = \"a\"\n{table}\n{key} = {other}");
            let said = Scenario::parse(&text).unwrap_err().to_string();
            let place = format!("line {}, column {}: ", text.lines().count(), key.len() + 4);
            assert!(said.starts_with(&place), "{said}");
            assert!(said.ends_with(&format!(", expected a whole number from {range}")), "{said}");
            assert!(!said.contains("i128"), "{said}");
        }
    }
}

#[test]
fn what_is_no_table_is_answered_with_how_it_is_written() {
    let body = "[[unit]]\nname = \"u\"\nsystem = \"task\"\nbody = 3";
    for (text, form) in [
        ("host = 3", "[host]"),
        ("unit = [3]", "[[unit]]"),
        (body, "[unit.body]"),
        ("operator = [3]", "[[operator]]"),
        ("expect = 3", "[expect]"),
    ] {
        let said = Scenario::parse(&format!("name = \"a\"\n{text}")).unwrap_err().to_string();
        assert!(said.ends_with(&format!("integer `3`, expected a table, written as {form}")), "{said}");
    }
}

/// That it is not killed may be said whoever runs it.
#[test]
fn what_is_expected_of_an_outer_supervisor_is_printed_as_it_was_read() {
    for (outer, killed) in [("none", false), ("docker", false), ("docker", true)] {
        let text = format!("name = \"a\"\n[host]\nouter = \"{outer}\"\n[expect]\nkilled = {killed}\n");
        let scenario = Scenario::parse(&text);
        assert_eq!(scenario.as_ref().map(|it| it.expect.killed), Ok(Some(killed)), "{text}");
        assert_eq!(Scenario::parse(&scenario.as_ref().unwrap().to_toml()), scenario, "{text}");
    }
}

#[test]
fn broken_files_are_errors_and_never_panics() {
    let mut dice = Random::new(4);
    let mut below = |count: usize| usize::try_from(dice.choose(Label::Scenario, count as u64)).unwrap();
    for _ in 0..4_000 {
        let (_, text) = SHIPPED[below(SHIPPED.len())];
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..=below(4) {
            let place = below(bytes.len());
            match below(3) {
                0 => bytes[place] = u8::try_from(below(128)).unwrap(),
                1 => drop(bytes.remove(place)),
                _ => bytes.insert(place, b"\"[]=.-9\n"[below(8)]),
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(scenario) = Scenario::parse(&text) {
            let _either = winddown_sim::Setup::new(scenario);
        }
    }
}
