//! What comes from somebody else: as it is read, as it may stand on a terminal, and as it is typed again.

/// The text without what a terminal would obey, and without what turns the direction of letters: that is escaped.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_plain(letter) {
            plain.push(letter);
        } else {
            plain.extend(letter.escape_debug());
        }
    }
    plain
}

/// Whether it may stand there as it is.
pub(crate) fn is_plain(letter: char) -> bool {
    !letter.is_control() && !matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A word for a shell, in quotes if it needs them.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+=:,@%".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A text without the byte order mark that an editor may have put before it.
#[must_use]
pub fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}
