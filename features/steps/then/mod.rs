//! How it went.

mod answers;
mod notices;
mod order;
mod preserved;
mod report;
mod rows;

use winddown_core::Span;

/// "2s" is exactly that; "about 2s" leaves a tenth of a second for what takes no time worth telling.
pub(crate) fn takes(words: &str, took: Span) -> bool {
    let Some(about) = words.strip_prefix("about ") else { return took == crate::span(words) };
    let wanted = crate::span(about);
    took >= wanted && took.minus(wanted) < Span::from_millis(100)
}
