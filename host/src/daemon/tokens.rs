//! Bearer tokens, and whose they are.

use std::{
    fmt, fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use subtle::{ConditionallySelectable as _, ConstantTimeEq as _};

use crate::ipc::UnitName;

/// So long has a token to be at least: 16 random letters and digits have 95 bits.
const SHORTEST: usize = 16;
/// So long may it be: all are compared at this length, so that time tells nothing about theirs.
const LONGEST: usize = 256;

/// Why a token file cannot be used. No message holds any part of a token.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// It could not be read.
    #[error("failed to read the token file {file}: {error}")]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// Others can read it.
    #[error(
        "the token file {file} is open to others (mode {mode:04o}); run `chmod 600 {file}` and change its tokens"
    )]
    Open {
        /// Which file.
        file: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A line makes no sense.
    #[error("{file}:{line}: {why}")]
    Line {
        /// Which file.
        file: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong, and what was expected.
        why: String,
    },
}

/// All tokens, each with its owner.
#[derive(Clone, Default)]
pub struct Tokens(Vec<(Padded, Arc<str>)>);

/// A token, filled up with zeros, which no token has.
#[derive(Clone)]
struct Padded([u8; LONGEST]);

impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} tokens", self.0.len())
    }
}

impl Tokens {
    /// Reads a file with one `OWNER TOKEN` a line. Empty lines and lines that begin with `#` say nothing.
    ///
    /// # Errors
    /// See [`TokensError`].
    pub fn read(file: &Path) -> Result<Self, TokensError> {
        let unreadable = |error| TokensError::Unreadable { file: file.to_owned(), error };
        let mode = fs::metadata(file).map_err(unreadable)?.mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(TokensError::Open { file: file.to_owned(), mode });
        }
        let text = fs::read_to_string(file).map_err(unreadable)?;
        Self::parse(&text).map_err(|(line, why)| TokensError::Line { file: file.to_owned(), line, why })
    }

    fn parse(text: &str) -> Result<Self, (usize, String)> {
        let mut tokens = Self::default();
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let mut words = text.split_ascii_whitespace();
            let (Some(owner), Some(token), None) = (words.next(), words.next(), words.next()) else {
                return Err((line, "expected an owner and a token, with a space between them".to_owned()));
            };
            let owner =
                owner.parse::<UnitName>().map_err(|_| (line, "the owner cannot be a name".to_owned()))?;
            let Some(padded) = pad(token) else {
                let why = format!("a token has {SHORTEST} to {LONGEST} visible ASCII characters");
                return Err((line, why));
            };
            if tokens.owner(token).is_some() {
                return Err((line, "the same token stands above already".to_owned()));
            }
            tokens.0.push((padded, owner.shared()));
        }
        Ok(tokens)
    }

    /// Whose token it is. Takes the same time for every token of which none is known.
    #[must_use]
    pub fn owner(&self, token: &str) -> Option<Arc<str>> {
        let token = pad(token)?;
        let mut found = u64::MAX;
        for (place, (known, _)) in (0_u64..).zip(&self.0) {
            found.conditional_assign(&place, known.0.ct_eq(&token.0));
        }
        let (_, owner) = self.0.get(usize::try_from(found).ok()?)?;
        Some(Arc::clone(owner))
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn pad(token: &str) -> Option<Padded> {
    let is_sound =
        (SHORTEST..=LONGEST).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
    let mut padded = [0; LONGEST];
    padded.get_mut(..token.len()).filter(|_| is_sound)?.copy_from_slice(token.as_bytes());
    Some(Padded(padded))
}

#[cfg(test)]
mod tests {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

    use super::*;

    const ONE: &str = "0123456789abcdef";
    const TWO: &str = "0123456789abcdeF-and-more";

    #[test]
    fn a_token_has_an_owner_or_none() {
        let tokens = Tokens::parse(&format!("# ours\n\n alice {ONE}\nbob\t{TWO}\n")).expect("it is sound");
        assert_eq!(tokens.owner(ONE).as_deref(), Some("alice"));
        assert_eq!(tokens.owner(TWO).as_deref(), Some("bob"));
        for wrong in ["", "0123456789abcdeF", "0123456789abcdef0", &format!("{ONE}\0"), &"x".repeat(10_000)] {
            assert_eq!(tokens.owner(wrong), None, "{wrong}");
        }
        assert_eq!(Tokens::default().owner(ONE), None);
    }

    #[test]
    fn a_file_that_makes_no_sense_is_refused_without_telling_tokens() {
        for (text, line, needle) in [
            ("alice", 1, "an owner and a token"),
            ("\nalice 0123456789abcdef x", 2, "an owner and a token"),
            ("../alice 0123456789abcdef", 1, "cannot be a name"),
            ("alice short", 1, "16 to 256"),
            ("alice 0123456789abcdef\nbob 0123456789abcdef", 2, "stands above"),
        ] {
            let (at, why) = Tokens::parse(text).expect_err(text);
            assert_eq!(at, line, "{why}");
            assert!(
                why.contains(needle) && !why.contains("0123456789abcdef") && !why.contains("short"),
                "{why}"
            );
        }
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("tokens");
        fs::write(&file, format!("alice {ONE}\n")).expect("it can be written");
        fs::set_permissions(&file, Permissions::from_mode(0o640)).expect("it can be set");
        assert!(matches!(Tokens::read(&file), Err(TokensError::Open { mode: 0o640, .. })));
        fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("it can be set");
        assert_eq!(Tokens::read(&file).expect("it is sound").len(), 1);
    }
}
