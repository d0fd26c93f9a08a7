//! The shape of a scenario file: its tables and fields, and how each value is read.
//!
//! What is wrong with one value by itself is said here, with its place; what only shows when the whole
//! file is known is said where it is put together.

use core::fmt;
use std::collections::BTreeMap;

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, Visitor},
};
use toml::Spanned;
use winddown_core::{Patience, SPAN_FORM, Span, Within};

use super::{
    Order, Outer, Range, Reaction, System,
    ladder::LadderFile,
    number::{Number, number},
    span_text::{no_time, parse_range, parse_span},
};
use crate::plain::plain;

/// How often a fault strikes, in thousandths.
pub(super) type Rate = Number<i64, 0, 1_000>;

/// As long as the longest name.
const LONGEST_QUOTE: usize = 64;

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
    #[serde(default)]
    pub(super) faults: BTreeMap<Spanned<String>, Spanned<Rate>>,
    #[serde(default)]
    pub(super) expect: ExpectFile,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table, written as [expect]")]
pub(super) struct ExpectFile {
    #[serde(default, deserialize_with = "number::<_, _, 0, 1>")]
    pub(super) exit: Option<Spanned<u8>>,
    #[serde(default, deserialize_with = "span")]
    pub(super) within: Option<Span>,
    pub(super) killed: Option<Spanned<bool>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table, written as [host]")]
pub(super) struct HostFile {
    #[serde(default, deserialize_with = "span")]
    pub(super) deadline: Option<Span>,
    #[serde(default, deserialize_with = "number::<_, _, 1, 65535>")]
    pub(super) at_once: Option<Spanned<u16>>,
    #[serde(default, deserialize_with = "number::<_, _, 1, 4294967295>")]
    pub(super) owner_cap: Option<Spanned<u32>>,
    pub(super) lease: Option<bool>,
    pub(super) running: Option<bool>,
    #[serde(default, deserialize_with = "number::<_, _, 0, 100>")]
    pub(super) clients: Option<Spanned<u16>>,
    #[serde(default, deserialize_with = "number::<_, _, 0, 100>")]
    pub(super) broken_clients: Option<Spanned<u16>>,
    #[serde(default, deserialize_with = "range")]
    pub(super) client_takes: Option<Range>,
    #[serde(default, deserialize_with = "range")]
    pub(super) row_takes: Option<Range>,
    #[serde(default, deserialize_with = "range")]
    pub(super) checkpoint_takes: Option<Range>,
    #[serde(default, deserialize_with = "outer")]
    pub(super) outer: Outer,
    #[serde(default, deserialize_with = "spanned_span")]
    pub(super) outer_grace: Option<Spanned<Span>>,
    pub(super) outer_known: Option<Spanned<bool>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table, written as [[unit]]")]
pub(super) struct UnitFile {
    pub(super) name: Spanned<String>,
    #[serde(deserialize_with = "system")]
    pub(super) system: System,
    #[serde(default, deserialize_with = "number::<_, _, 1, 1000>")]
    pub(super) count: Option<Spanned<u32>>,
    pub(super) ladder: Option<LadderFile>,
    pub(super) probed: Option<Spanned<bool>>,
    #[serde(default, deserialize_with = "number::<_, _, 0, 65535>")]
    pub(super) owner: Option<Spanned<u16>>,
    #[serde(default)]
    pub(super) depends_on: Vec<Spanned<String>>,
    #[serde(default, deserialize_with = "restart")]
    pub(super) restart: RestartName,
    #[serde(default, deserialize_with = "number::<_, _, 0, 65535>")]
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
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table, written as [unit.body]")]
pub(super) struct BodyFile {
    #[serde(default, deserialize_with = "range")]
    pub(super) up_after: Option<Range>,
    #[serde(default, deserialize_with = "range_or_forever")]
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
    #[serde(default, deserialize_with = "reaction")]
    pub(super) on_probe: Option<Reaction>,
    #[serde(default, deserialize_with = "reaction")]
    pub(super) on_checkpoint: Option<Reaction>,
    #[serde(default, deserialize_with = "reaction")]
    pub(super) on_remove: Option<Reaction>,
    #[serde(default, deserialize_with = "range")]
    pub(super) cancels_itself_after: Option<Range>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", expecting = "a table, written as [[operator]]")]
pub(super) struct OperatorFile {
    #[serde(deserialize_with = "must_range")]
    pub(super) at: Range,
    #[serde(default, deserialize_with = "number::<_, _, 1, 10000>")]
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

/// "unknown X `y`; did you mean `z`? known are: …"
pub(crate) fn unknown(what: &str, text: &str, names: &[&str]) -> String {
    if names.is_empty() {
        return format!("unknown {what} `{}`; there are none", shortened(text));
    }
    let text = shortened(text);
    let distance = |name: &str| strsim::levenshtein(&text, name);
    let nearest = names.iter().min_by_key(|name| distance(name));
    let hint = nearest.filter(|name| distance(name) <= 1 + name.len() / 3);
    let hint = hint.map_or_else(String::new, |name| format!(" did you mean `{name}`?"));
    format!("unknown {what} `{text}`;{hint} known are: {}", names.join(", "))
}

/// The text as a message quotes it: a file may hold a line of a megabyte, or what moves a terminal's cursor, and a
/// message must not.
pub(crate) fn shortened(text: &str) -> String {
    let more = if text.chars().nth(LONGEST_QUOTE).is_some() { "…" } else { "" };
    plain(&text.chars().take(LONGEST_QUOTE).collect::<String>()) + more
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

/// Reads a string; anything else is answered with what was expected in its place.
struct Words(&'static str);

impl Visitor<'_> for Words {
    type Value = String;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}

/// The text of a time, kept with its place.
struct TimeText(String);

impl<'de> Deserialize<'de> for TimeText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Words(SPAN_FORM)).map(Self)
    }
}

/// Reads a time with a parser whose error says what was expected.
fn parsed<'de, D: Deserializer<'de>, T>(
    from: D,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<T, D::Error> {
    parse(&TimeText::deserialize(from)?.0).map_err(D::Error::custom)
}

fn parse_one_span(text: &str) -> Result<Span, String> {
    parse_span(text).ok_or_else(|| no_time(text))
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

/// A range, or the one word that means that there is none.
fn range_or(word: &str, text: &str) -> Result<Option<Range>, String> {
    if text == word {
        return Ok(None);
    }
    parse_range(text).map(Some).map_err(|error| format!("{error}; or `{word}`"))
}

fn range_or_never<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<Range>>, D::Error> {
    parsed(from, |text| range_or("never", text)).map(Some)
}

fn range_or_forever<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<Range>>, D::Error> {
    parsed(from, |text| range_or("forever", text)).map(Some)
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

pub(super) fn spanned_span<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Spanned<Span>>, D::Error> {
    let text = Spanned::<TimeText>::deserialize(from)?;
    let span = parse_one_span(&text.get_ref().0).map_err(D::Error::custom)?;
    Ok(Some(Spanned::new(text.span(), span)))
}

pub(super) fn spanned_patience<'de, D: Deserializer<'de>>(from: D) -> Result<Spanned<Patience>, D::Error> {
    let text = Spanned::<TimeText>::deserialize(from)?;
    let patience = match text.get_ref().0.as_str() {
        "rest" => Patience::Rest,
        other => Patience::For(
            parse_one_span(other).map_err(|error| D::Error::custom(format!("{error}; or `rest`")))?,
        ),
    };
    Ok(Spanned::new(text.span(), patience))
}

fn within<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Spanned<Within>>, D::Error> {
    let text = Spanned::<TimeText>::deserialize(from)?;
    let within = match text.get_ref().0.as_str() {
        "unlimited" => Within::Unlimited,
        other => Within::For(
            parse_one_span(other).map_err(|error| D::Error::custom(format!("{error}; or `unlimited`")))?,
        ),
    };
    Ok(Some(Spanned::new(text.span(), within)))
}
