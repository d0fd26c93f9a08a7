//! Spans and ranges of time as people write them: `369s`, `1.5s`, `20ms`, `1s..369s`.

use winddown_core::{SPAN_FORM, Span};

use super::{Range, file::shortened};

/// A scenario is about minutes; whoever writes years has mistyped a unit.
const LONGEST: Span = Span::from_secs(1_000 * 24 * 60 * 60);

/// Reads a span of at most 1000 days, exactly.
#[must_use]
pub fn parse_span(text: &str) -> Option<Span> {
    text.parse().ok().filter(|span| *span <= LONGEST)
}

/// What to say about a text that is no span.
pub(super) fn no_time(text: &str) -> String {
    format!("`{}` is no time; expected {SPAN_FORM}, up to 1000 days", shortened(text))
}

/// Reads a range: one span, or two with `..` between them.
pub(super) fn parse_range(text: &str) -> Result<Range, String> {
    let span = |text: &str| parse_span(text).ok_or_else(|| no_time(text));
    let range = match text.split_once("..") {
        Some((min, max)) => Range::new(span(min)?, span(max)?),
        None => Range::exactly(span(text)?),
    };
    if range.min > range.max {
        return Err(format!("the range `{}` is empty: it ends before it begins", shortened(text)));
    }
    Ok(range)
}

/// Writes a range so that it reads back as the same.
pub(super) fn range_text(range: Range) -> String {
    if range.min == range.max { range.min.to_string() } else { format!("{}..{}", range.min, range.max) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_back_exactly() {
        for nanos in [0, 1, 999, 1_000, 1_500_000, 1_000_000_001, 369_000_000_000] {
            let span = Span::from_nanos(nanos);
            assert_eq!(parse_span(&span.to_string()), Some(span));
        }
        assert_eq!(parse_span("2m"), Some(Span::from_secs(120)));
        assert_eq!(parse_span("0.5h"), Some(Span::from_secs(1_800)));
        assert_eq!(parse_span("0.123456789h"), Some(Span::from_nanos(444_444_440_400)));
        assert_eq!(parse_span("0.0000000001h"), Some(Span::from_nanos(360)));
        assert_eq!(parse_span("1.500000000000000000000s"), Some(Span::from_millis(1_500)));
        assert_eq!(parse_span("24000h"), Some(LONGEST));
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for text in [
            "",
            "5",
            "s",
            "-1s",
            "1.s",
            ".5s",
            "1.5ns",
            "1e3s",
            "1 s",
            "99999999999h",
            "1.2.3s",
            "5S",
            "1001h30d",
            "24000.1h",
            "0.0000000000000000001h",
            "18446744073709551616ns",
        ] {
            assert_eq!(parse_span(text), None, "{text}");
        }
    }

    #[test]
    fn ranges_go_forward() {
        assert_eq!(parse_range("1s..2s"), Ok(Range::new(Span::from_secs(1), Span::from_secs(2))));
        assert!(parse_range("2s..1s").is_err());
        assert!(parse_range("1s..").is_err());
    }
}
