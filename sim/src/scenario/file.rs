//! The shape of a scenario file: its tables and fields, and how each value is read.
//!
//! What is wrong with one value by itself is said here, with its place; what only shows when the whole
//! file is known is said where it is put together.

use core::fmt::Display;

use serde::{Deserialize, Deserializer, de::Error as _};
use toml::Spanned;
use winddown_core::{Span, Within};

use super::{
    Order, Outer, Range, Reaction, System,
    span_text::{SPAN_FORM, parse_range, parse_span},
};
use crate::fault::{Fault, Faults};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    pub(super) name: Spanned<String>,
    #[serde(default)]
    pub(super) about: String,
    #[serde(default, deserialize_with = "order")]
    pub(super) order: Order,
    #[serde(default, deserialize_with = "span")]
    pub(super) storm: Option<Span>,
    #[serde(default)]
    pub(super) host: HostFile,
    #[serde(default)]
    pub(super) unit: Vec<UnitFile>,
    #[serde(default)]
    pub(super) operator: Vec<OperatorFile>,
    #[serde(default, deserialize_with = "faults")]
    pub(super) faults: Faults,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct HostFile {
    #[serde(default, deserialize_with = "span")]
    pub(super) deadline: Option<Span>,
    pub(super) at_once: Option<Spanned<u16>>,
    pub(super) owner_cap: Option<u32>,
    pub(super) lease: Option<bool>,
    pub(super) clients: Option<Spanned<u16>>,
    #[serde(default, deserialize_with = "range")]
    pub(super) client_takes: Option<Range>,
    #[serde(default, deserialize_with = "range")]
    pub(super) row_takes: Option<Range>,
    #[serde(default, deserialize_with = "range")]
    pub(super) checkpoint_takes: Option<Range>,
    #[serde(default, deserialize_with = "outer")]
    pub(super) outer: Outer,
    #[serde(default, deserialize_with = "span")]
    pub(super) outer_grace: Option<Span>,
    pub(super) outer_known: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct UnitFile {
    pub(super) name: Spanned<String>,
    #[serde(deserialize_with = "system")]
    pub(super) system: System,
    pub(super) count: Option<Spanned<u32>>,
    pub(super) probed: Option<Spanned<bool>>,
    pub(super) owner: Option<u16>,
    #[serde(default)]
    pub(super) depends_on: Vec<Spanned<String>>,
    #[serde(default, deserialize_with = "restart")]
    pub(super) restart: RestartName,
    pub(super) restart_limit: Option<Spanned<u16>>,
    #[serde(default, deserialize_with = "spanned_span")]
    pub(super) restart_backoff: Option<Spanned<Span>>,
    #[serde(default, deserialize_with = "spanned_span")]
    pub(super) restart_backoff_max: Option<Spanned<Span>>,
    #[serde(default, deserialize_with = "span")]
    pub(super) run_budget: Option<Span>,
    #[serde(default, deserialize_with = "span")]
    pub(super) start_patience: Option<Span>,
    #[serde(default, deserialize_with = "spanned_span")]
    pub(super) grace: Option<Spanned<Span>>,
    #[serde(default, deserialize_with = "range_or_never")]
    pub(super) starts: Option<Option<Range>>,
    #[serde(default)]
    pub(super) body: BodyFile,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct BodyFile {
    #[serde(default, deserialize_with = "range")]
    pub(super) up_after: Option<Range>,
    #[serde(default, deserialize_with = "range_or_never")]
    pub(super) lasts: Option<Option<Range>>,
    pub(super) fails: Option<bool>,
    #[serde(default, deserialize_with = "range")]
    pub(super) finds_every: Option<Range>,
    pub(super) durable: Option<bool>,
    #[serde(default, deserialize_with = "reaction")]
    pub(super) on_cancel: Option<Reaction>,
    #[serde(default, deserialize_with = "reaction")]
    pub(super) on_terminate: Option<Reaction>,
    #[serde(default, deserialize_with = "reaction")]
    pub(super) on_kill: Option<Reaction>,
    #[serde(default, deserialize_with = "reaction")]
    pub(super) on_pause: Option<Reaction>,
    #[serde(default, deserialize_with = "reaction")]
    pub(super) on_disconnect: Option<Reaction>,
    #[serde(default, deserialize_with = "range")]
    pub(super) cancels_itself_after: Option<Range>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct OperatorFile {
    #[serde(deserialize_with = "must_range")]
    pub(super) at: Range,
    pub(super) times: Option<Spanned<u32>>,
    pub(super) ask: Spanned<String>,
    pub(super) unit: Option<Spanned<String>>,
    pub(super) force: Option<Spanned<bool>>,
    pub(super) graceful: Option<Spanned<bool>>,
    #[serde(default, deserialize_with = "within")]
    pub(super) within: Option<Spanned<Within>>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum RestartName {
    #[default]
    Never,
    OnFailure,
    Always,
}

/// Reads a string by a table of names; an unknown one is answered with the nearest and with all.
fn named<'de, D: Deserializer<'de>, T: Copy>(
    from: D,
    what: &str,
    names: &[(&str, T)],
) -> Result<T, D::Error> {
    let text = String::deserialize(from)?;
    pick(&text, what, names).map_err(D::Error::custom)
}

pub(super) fn pick<T: Copy>(text: &str, what: &str, names: &[(&str, T)]) -> Result<T, String> {
    if let Some((_, value)) = names.iter().find(|(name, _)| *name == text) {
        return Ok(*value);
    }
    let list: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
    Err(unknown(what, text, &list))
}

/// "unknown X `y`; did you mean `z`? known: …"
pub(crate) fn unknown(what: &str, text: &str, names: &[&str]) -> String {
    let nearest = names.iter().min_by_key(|name| distance(text, name));
    let hint = nearest.filter(|name| distance(text, name) <= 1 + name.len() / 3);
    let hint = hint.map_or_else(String::new, |name| format!(" did you mean `{name}`?"));
    format!("unknown {what} `{text}`;{hint} known are: {}", names.join(", "))
}

/// How many letters have to be put in, taken out or changed (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (place, letter) in one.chars().take(64).enumerate() {
        let mut diagonal = place;
        row[0] = place + 1;
        for (column, theirs) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *theirs);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

fn order<'de, D: Deserializer<'de>>(from: D) -> Result<Order, D::Error> {
    named(from, "order", &[("timed", Order::Timed), ("untimed", Order::Untimed)])
}

fn system<'de, D: Deserializer<'de>>(from: D) -> Result<System, D::Error> {
    named(from, "system", &System::ALL.map(|system| (system.name(), system)))
}

fn outer<'de, D: Deserializer<'de>>(from: D) -> Result<Outer, D::Error> {
    named(from, "outer supervisor", &Outer::ALL.map(|outer| (outer.name(), outer)))
}

fn restart<'de, D: Deserializer<'de>>(from: D) -> Result<RestartName, D::Error> {
    let names = [
        ("never", RestartName::Never),
        ("on-failure", RestartName::OnFailure),
        ("always", RestartName::Always),
    ];
    named(from, "restart policy", &names)
}

/// Reads a string with a parser whose error says what was expected.
fn parsed<'de, D, T, E: Display>(from: D, parse: impl Fn(&str) -> Result<T, E>) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    parse(&String::deserialize(from)?).map_err(D::Error::custom)
}

fn parse_one_span(text: &str) -> Result<Span, String> {
    parse_span(text).ok_or_else(|| format!("`{text}` is no time; expected {SPAN_FORM}, up to 1000 days"))
}

fn span<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Span>, D::Error> {
    parsed(from, parse_one_span).map(Some)
}

fn range<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Range>, D::Error> {
    parsed(from, parse_range).map(Some)
}

fn must_range<'de, D: Deserializer<'de>>(from: D) -> Result<Range, D::Error> {
    parsed(from, parse_range)
}

fn range_or_never<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<Range>>, D::Error> {
    let parse = |text: &str| match text {
        "never" | "forever" => Ok(None),
        text => parse_range(text).map(Some),
    };
    parsed(from, parse).map(Some)
}

fn reaction<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Reaction>, D::Error> {
    let parse = |text: &str| match text {
        "ignores" => Ok(Reaction::Ignores),
        "fails" => Ok(Reaction::Fails),
        text => parse_range(text)
            .map(Reaction::Obeys)
            .map_err(|error| format!("{error}; or `ignores`, or `fails`")),
    };
    parsed(from, parse).map(Some)
}

fn spanned_span<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Spanned<Span>>, D::Error> {
    let text = Spanned::<String>::deserialize(from)?;
    let span = parse_one_span(text.get_ref()).map_err(D::Error::custom)?;
    Ok(Some(Spanned::new(text.span(), span)))
}

fn within<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Spanned<Within>>, D::Error> {
    let text = Spanned::<String>::deserialize(from)?;
    let within = match text.get_ref().as_str() {
        "unlimited" => Within::Unlimited,
        other => Within::For(
            parse_one_span(other).map_err(|error| D::Error::custom(format!("{error}; or `unlimited`")))?,
        ),
    };
    Ok(Some(Spanned::new(text.span(), within)))
}

fn faults<'de, D: Deserializer<'de>>(from: D) -> Result<Faults, D::Error> {
    let table = std::collections::BTreeMap::<String, u16>::deserialize(from)?;
    let names: Vec<(&str, Fault)> = Fault::ALL.iter().map(|fault| (fault.name(), *fault)).collect();
    let mut faults = Faults::NONE;
    for (name, rate) in table {
        if rate > 1_000 {
            let text = format!("`{name}` strikes {rate} times in a thousand; expected 0 to 1000");
            return Err(D::Error::custom(text));
        }
        faults.set(pick(&name, "fault", &names).map_err(D::Error::custom)?, rate);
    }
    Ok(faults)
}
