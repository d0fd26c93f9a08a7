//! Names of units as they come from outside.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

/// So long is a name at most, in bytes: as long as a file's name.
const LONGEST: usize = 255;

/// What a unit's name looks like.
pub const NAME_FORM: &str = "a name of at most 255 letters, digits, '.', '_' and '-', in one part or more with '/' \
     between them, where no part begins with '.' or '-'";

/// A text that is no unit's name.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{text:?} cannot be a unit's name: expected {expected}")]
pub struct NoName {
    text: String,
    expected: &'static str,
}

impl NoName {
    fn new(text: &str, expected: &'static str) -> Self {
        // Whoever reads the error needs its beginning, and no more than a line of it.
        Self { text: text.chars().take(80).collect(), expected }
    }
}

/// What every unit's name has to be, also of a host without a daemon: something to be seen on one line.
pub(crate) fn check(text: &str) -> Result<(), NoName> {
    let is_name = (1..=LONGEST).contains(&text.len()) && !text.contains(char::is_control);
    let expected = "1 to 255 bytes without control characters";
    if is_name { Ok(()) } else { Err(NoName::new(text, expected)) }
}

/// The name of a unit: safe to print, to put into a path, and to hand to a command.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UnitName(Arc<str>);

impl UnitName {
    /// The name as it is shared.
    #[must_use]
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UnitName {
    type Err = NoName;

    fn from_str(text: &str) -> Result<Self, NoName> {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let is_part =
            |part: &str| !part.is_empty() && !part.starts_with(['.', '-']) && part.bytes().all(letter);
        if check(text).is_ok() && text.split('/').all(is_part) {
            Ok(Self(Arc::from(text)))
        } else {
            Err(NoName::new(text, NAME_FORM))
        }
    }
}

impl TryFrom<String> for UnitName {
    type Error = NoName;

    fn try_from(text: String) -> Result<Self, NoName> {
        text.parse()
    }
}

impl From<UnitName> for String {
    fn from(name: UnitName) -> Self {
        (*name.0).to_owned()
    }
}

impl fmt::Display for UnitName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_name_stays_where_it_is_put(text in "[a-z./_\\-\\\\ \0é]{0,12}") {
            if let Ok(name) = text.parse::<UnitName>() {
                let path = std::path::Path::new("/base").join(name.as_str());
                prop_assert!(path.starts_with("/base"));
                let plain = |part: std::path::Component<'_>| matches!(part, std::path::Component::Normal(_));
                prop_assert!(path.components().skip(1).all(plain), "{name}");
                prop_assert!(!text.starts_with('-') && !text.contains(char::is_whitespace));
            }
        }
    }

    #[test]
    fn names_that_could_be_taken_for_something_else_are_refused() {
        for good in ["nav", "shop/gpt-4/42", "a.b_c-d", "9"] {
            assert!(good.parse::<UnitName>().is_ok(), "{good}");
        }
        let long = "x".repeat(256);
        for bad in ["", "a\n", "\u{1b}[31m", &long] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert!(check("Größe 3").is_ok());
        for bad in
            ["", "/", "a/", "/a", "a//b", "..", "a/../b", ".hidden", "-rf", "a/-b", "a b", "ä", "a\n", &long]
        {
            assert!(bad.parse::<UnitName>().is_err(), "{bad}");
        }
    }
}
