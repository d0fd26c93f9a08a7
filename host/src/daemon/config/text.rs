//! How values are written in the file, and what is said about those that are written otherwise.

use std::{fmt, marker::PhantomData};

use serde::{Deserialize, Deserializer, de};
use winddown_core::{SPAN_FORM, Span};

/// A text is not quoted any further than this.
const LONGEST_QUOTE: usize = 64;

/// A span with its unit.
#[derive(Clone, Copy)]
pub(super) struct SpanText(pub(super) Span);

#[derive(Clone, Copy)]
pub(super) enum PatienceText {
    For(Span),
    Rest,
}

/// How many of something there may be, at least one.
#[derive(Clone, Copy)]
pub(super) struct Count<T>(pub(super) T);

impl<'de> Deserialize<'de> for SpanText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Time { or: "" }).and_then(|text| span(&text, "")).map(Self)
    }
}

impl<'de> Deserialize<'de> for PatienceText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        const OR: &str = ", or \"rest\" for what is left";
        match from.deserialize_str(Time { or: OR })?.as_str() {
            "rest" => Ok(Self::Rest),
            text => span(text, OR).map(Self::For),
        }
    }
}

impl<'de, T: TryFrom<i64> + Most> Deserialize<'de> for Count<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_i64(Number(PhantomData))
    }
}

fn span<E: de::Error>(text: &str, or: &str) -> Result<Span, E> {
    text.parse().map_err(|_| E::custom(format!("`{}` is no time; expected {SPAN_FORM}{or}", shortened(text))))
}

/// Reads a text, and says that it has to be a time where it is none.
struct Time {
    or: &'static str,
}

impl de::Visitor<'_> for Time {
    type Value = String;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a time in quotes, such as \"30s\" or \"1.5m\"{}", self.or)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}

/// The largest number of a type, as people read it.
pub(super) trait Most {
    const MOST: u32;
}

impl Most for u16 {
    const MOST: u32 = Self::MAX as u32;
}

impl Most for u32 {
    const MOST: Self = Self::MAX;
}

struct Number<T>(PhantomData<T>);

impl<T: TryFrom<i64> + Most> de::Visitor<'_> for Number<T> {
    type Value = Count<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a whole number from 1 to {}", T::MOST)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        let count = Some(number).filter(|number| *number > 0).and_then(|number| T::try_from(number).ok());
        count.map(Count).ok_or_else(|| {
            E::custom(format!("{number} is not possible here; expected a whole number from 1 to {}", T::MOST))
        })
    }
}

/// The reader's own message, in the words of whoever writes the file, with the nearest name where one is
/// unknown.
pub(super) fn plain(message: &str) -> String {
    if let Some(names) = message.strip_prefix("unknown field ") {
        return unknown("key", names.split('`').skip(1).step_by(2));
    }
    if let Some(names) = message.strip_prefix("unknown variant ") {
        return unknown("word", names.split('`').skip(1).step_by(2));
    }
    // Where a word has keys of its own. It names all that are unknown, and the first one is enough.
    let keys = message.strip_prefix("unexpected keys in table: ");
    if let Some((strange, known)) = keys.and_then(|keys| keys.rsplit_once(", available keys: ")) {
        return unknown("key", strange.split(", ").take(1).chain(known.split(", ")));
    }
    if let Some(name) = message.strip_prefix("missing field ") {
        return format!("the key {name} is missing");
    }
    let text = message.strip_prefix("invalid type: string \"");
    if let Some(text) = text.and_then(|text| text.strip_suffix("\", expected a sequence")) {
        let words: Vec<String> =
            text.split_whitespace().map(|word| format!("\"{}\"", shortened(word))).collect();
        return format!("a list has to be here, such as [{}]", words.join(", "));
    }
    match message {
        "invalid type: map, expected a sequence" => {
            "a table is where a list has to be; write each unit as [[unit]], and rungs as [{ … }, { … }]"
                .to_owned()
        }
        "wanted string or table" => {
            "this has to be a word in quotes, or for a restart \"never\", { on-failure = { limit = 3, backoff = \"1s\", \
             backoff-max = \"60s\" } } or { always = { backoff = \"1s\" } }"
                .to_owned()
        }
        "invalid type: unit variant, expected struct variant" => {
            "this restart needs to know when: write { always = { backoff = \"1s\" } }, or { on-failure = { \
             limit = 3, backoff = \"1s\", backoff-max = \"60s\" } }"
                .to_owned()
        }
        "invalid socket address syntax" => {
            "this is no address; expected one with its port, such as \"127.0.0.1:8077\"".to_owned()
        }
        _ => escaped(&message.replace('\n', ", ")),
    }
}

/// `names`: the unknown one, then those that are known.
fn unknown<'a>(what: &str, mut names: impl Iterator<Item = &'a str>) -> String {
    let name = names.next().unwrap_or_default();
    let known: Vec<&str> = names.collect();
    let name = shortened(name);
    let nearest = known.iter().map(|known| (strsim::levenshtein(&name, known), known)).min();
    let near = nearest.filter(|(distance, known)| *distance <= 1 + known.len() / 3);
    let hint = near.map(|(_, known)| format!(" did you mean `{known}`?")).unwrap_or_default();
    format!("unknown {what} `{name}`;{hint} known are: {}", known.join(", "))
}

/// The text as a message quotes it: a file may hold a line of a megabyte, or what a terminal would obey; a message
/// must not.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_QUOTE) {
        Some((end, _)) => format!("{}…", escaped(text.get(..end).unwrap_or_default())),
        None => escaped(text),
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            escaped.extend(letter.escape_debug());
        } else {
            escaped.push(letter);
        }
    }
    escaped
}
