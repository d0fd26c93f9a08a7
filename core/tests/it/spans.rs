//! Times as people write them: exact, or refused.

use std::time::Duration;

use winddown_core::*;

#[track_caller]
fn reads(text: &str, nanos: u64) {
    assert_eq!(text.parse(), Ok(Span::from_nanos(nanos)), "{text}");
}

#[track_caller]
fn refuses(text: &str) {
    assert_eq!(text.parse::<Span>(), Err(NoSpan), "{text}");
}

#[test]
fn every_unit_is_read() {
    reads("7ns", 7);
    reads("250us", 250_000);
    reads("20ms", 20_000_000);
    reads("369s", 369_000_000_000);
    reads("2m", 120_000_000_000);
    reads("1h", 3_600_000_000_000);
    for wrong in ["", "5", "s", "1d", "1S", "1 s", "-1s", "+1s", "1e3s", "1s2"] {
        refuses(wrong);
    }
}

#[test]
fn a_fraction_is_read_exactly_or_not_at_all() {
    reads("1.5s", 1_500_000_000);
    reads("0.25m", 15_000_000_000);
    reads("1.000000001s", 1_000_000_001);
    reads("0.001us", 1);
    reads("2.0ns", 2);
    reads("1.50000000000000000000000000000000000000000000000000s", 1_500_000_000);
    for wrong in [".5s", "1.s", ".s", "1.2.3s", "0.5ns", "1.0000000001s"] {
        refuses(wrong);
    }
    // However long it is.
    for digits in 15..80 {
        refuses(&format!("0.{:0>digits$}h", 9));
        refuses(&format!("0.{:9>digits$}ns", 9));
    }
}

#[test]
fn a_span_ends_where_its_nanoseconds_cannot_be_counted() {
    reads("18446744073709551615ns", u64::MAX);
    reads("18446744073.709551615s", u64::MAX);
    for wrong in ["18446744073709551616ns", "18446744073.709551616s", "18446744074s", "5124096h"] {
        refuses(wrong);
    }
}

#[test]
fn what_is_printed_is_read_back() {
    for bits in 0..62 {
        for nanos in [1 << bits, (1 << bits) - 1, (1 << bits) * 3 / 2] {
            let span = Span::from_nanos(nanos);
            assert_eq!(span.to_string().parse(), Ok(span), "{span}");
        }
    }
}

#[test]
fn a_duration_is_a_span_as_long_as_it_can_be_counted() {
    let duration = Duration::new(3, 7);
    assert_eq!(Span::from(duration), Span::from_nanos(3_000_000_007));
    assert_eq!(Duration::from(Span::from(duration)), duration);
    assert_eq!(Span::from(Duration::MAX), Span::from_nanos(u64::MAX));
}
