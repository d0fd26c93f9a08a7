//! How it went.

mod answers;
mod notices;
mod order;
mod preserved;
mod report;
mod rows;

use winddown_core::Span;

use crate::{played::Played, span};

/// "2s" is exactly that; "about 2s" leaves a tenth of a second for what takes no time worth telling.
pub(crate) fn takes(played: &Played, words: &str, took: Span) -> bool {
    let Some(about) = words.strip_prefix("about ") else { return !played.exact || took == span(words) };
    is_about(played, span(about), took)
}

/// To a tenth of a second. Where times mean nothing, any will do.
pub(crate) fn is_about(played: &Played, wanted: Span, took: Span) -> bool {
    !played.exact || (took >= wanted && took.minus(wanted) < Span::from_millis(100))
}
