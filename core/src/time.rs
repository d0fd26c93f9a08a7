//! Points and lengths of time, in whole nanoseconds.
//!
//! A [`Moment`] is counted from whatever the world chose as its start; the engine only ever compares
//! moments and adds spans to them. There is no clock here on purpose: time is an argument.

use core::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

const MICRO: u64 = 1_000;
const MILLI: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;

/// A length of time in nanoseconds, at most 584 years.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Span(u64);

impl Span {
    /// No time at all: "at once". Never a stand-in for "not said".
    pub const ZERO: Self = Self(0);

    /// That many nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// That many microseconds, or the longest span if that is too long to count.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros.saturating_mul(MICRO))
    }

    /// That many milliseconds, or the longest span if that is too long to count.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(MILLI))
    }

    /// That many seconds, or the longest span if that is too long to count.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(SECOND))
    }

    /// The length in nanoseconds.
    #[must_use]
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Both lengths one after the other, or the longest span if that is too long to count.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// What is left of this length after `other`, at least zero.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Half of this length, rounded down.
    #[must_use]
    pub const fn half(self) -> Self {
        Self(self.0 / 2)
    }

    /// This length doubled `times` times, or the longest span if that is too long to count.
    #[must_use]
    pub const fn doubled(self, times: u32) -> Self {
        if self.0 == 0 {
            self
        } else if times > self.0.leading_zeros() {
            Self(u64::MAX)
        } else {
            Self(self.0 << times)
        }
    }

    /// Whether this is no time at all.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

/// Exact and short: `369s`, `1.5s`, `20ms`, `250us`, `7ns`.
impl fmt::Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, name) = match self.0 {
            0 => return formatter.write_str("0s"),
            SECOND.. => (SECOND, "s"),
            MILLI.. => (MILLI, "ms"),
            MICRO.. => (MICRO, "us"),
            _ => (1, "ns"),
        };
        let (whole, mut rest) = (self.0 / unit, self.0 % unit);
        write!(formatter, "{whole}")?;
        if rest > 0 {
            formatter.write_str(".")?;
            let mut place = unit / 10;
            while rest > 0 {
                write!(formatter, "{}", rest / place)?;
                rest %= place;
                place /= 10;
            }
        }
        formatter.write_str(name)
    }
}

impl From<Span> for Duration {
    fn from(span: Span) -> Self {
        Self::from_nanos(span.nanos())
    }
}

/// A duration that cannot be counted in nanoseconds is the longest span.
impl From<Duration> for Span {
    fn from(duration: Duration) -> Self {
        Self::from_nanos(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }
}

/// What a span looks like as people write it.
pub const SPAN_FORM: &str = "a time with its unit, such as 369s, 1.5s, 20ms, 250us, 7ns, 2m or 1h";

/// A text that is no span, or one that cannot be counted in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoSpan;

impl fmt::Display for NoSpan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "expected {SPAN_FORM}")
    }
}

impl core::error::Error for NoSpan {}

impl FromStr for Span {
    type Err = NoSpan;

    /// Exact: there is no rounding, so what is no whole number of nanoseconds is refused.
    fn from_str(text: &str) -> Result<Self, NoSpan> {
        read(text).map(Self).ok_or(NoSpan)
    }
}

fn read(text: &str) -> Option<u64> {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
    let (number, unit) = text.split_at(end);
    let nanos: u64 = match unit {
        "ns" => 1,
        "us" => MICRO,
        "ms" => MILLI,
        "s" => SECOND,
        "m" => 60 * SECOND,
        "h" => 3_600 * SECOND,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    // Zeros at the end say nothing. A whole number of nanoseconds needs fewer than 18 digits in any
    // unit, and with 18 the product below is far from the largest u128.
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > 18 {
        return None;
    }
    let scale = fraction.bytes().fold(1_u128, |scale, _| scale * 10);
    let part = if fraction.is_empty() { 0 } else { fraction.parse::<u128>().ok()? * u128::from(nanos) };
    if part % scale != 0 {
        return None;
    }
    let part = u64::try_from(part / scale).ok()?;
    whole.parse::<u64>().ok()?.checked_mul(nanos)?.checked_add(part)
}

/// A point in time, in nanoseconds since the world's own start.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Moment(u64);

impl Moment {
    /// The world's start.
    pub const START: Self = Self(0);
    /// Later than anything that happens. The one way to write "no deadline".
    pub const NEVER: Self = Self(u64::MAX);

    /// That many nanoseconds after the start.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the start.
    #[must_use]
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// The moment `span` later; [`Moment::NEVER`] if that is too late to count.
    #[must_use]
    pub const fn after(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// The moment `span` earlier, at the earliest the start. "Never" has no earlier moment: it stays.
    #[must_use]
    pub const fn before(self, span: Span) -> Self {
        if self.0 == u64::MAX { self } else { Self(self.0.saturating_sub(span.0)) }
    }

    /// The same moment for a world in which what was `from` is `to`: as long before or after it, at the
    /// earliest the start. "Never" stays.
    #[must_use]
    pub const fn rebased(self, from: Self, to: Self) -> Self {
        if self.is_never() {
            self
        } else if from.0 <= to.0 {
            self.after(Span(to.0 - from.0))
        } else {
            self.before(Span(from.0 - to.0))
        }
    }

    /// How long from this moment until `later`: zero if that is past, the longest span if it is never.
    #[must_use]
    pub const fn until(self, later: Self) -> Span {
        if later.0 == u64::MAX { Span(u64::MAX) } else { Span(later.0.saturating_sub(self.0)) }
    }

    /// Whether this is [`Moment::NEVER`].
    #[must_use]
    pub const fn is_never(self) -> bool {
        self.0 == u64::MAX
    }
}

/// As the span since the world's start; `never` for no deadline.
impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_never() { formatter.write_str("never") } else { Span(self.0).fmt(formatter) }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn spans_print_exactly() {
        let cases = [
            (Span::ZERO, "0s"),
            (Span::from_nanos(7), "7ns"),
            (Span::from_nanos(1_500), "1.5us"),
            (Span::from_millis(20), "20ms"),
            (Span::from_nanos(1_000_000_001), "1.000000001s"),
            (Span::from_secs(369), "369s"),
        ];
        for (span, text) in cases {
            assert_eq!(span.to_string(), text);
        }
    }

    #[test]
    fn never_stays_never() {
        assert_eq!(Moment::NEVER.before(Span::from_secs(1)), Moment::NEVER);
        assert_eq!(Moment::from_nanos(5).after(Span::from_nanos(u64::MAX)), Moment::NEVER);
        assert_eq!(Moment::from_nanos(5).until(Moment::NEVER), Span::from_nanos(u64::MAX));
        assert_eq!(Moment::from_nanos(5).until(Moment::START), Span::ZERO);
    }

    #[test]
    fn a_moment_of_another_world_is_as_far_away() {
        let (noon, later) = (Moment::from_nanos(12), Moment::from_nanos(15));
        for now in [Moment::START, Moment::from_nanos(7), Moment::from_nanos(100)] {
            let rebased = later.rebased(noon, now);
            assert_eq!(now.until(rebased), noon.until(later));
            assert_eq!(rebased.rebased(now, noon), later);
            assert_eq!(Moment::NEVER.rebased(noon, now), Moment::NEVER);
        }
        assert_eq!(noon.rebased(later, Moment::from_nanos(1)), Moment::START);
    }

    #[test]
    fn doubling_saturates() {
        assert_eq!(Span::from_secs(1).doubled(3), Span::from_secs(8));
        assert_eq!(Span::from_nanos(1).doubled(63), Span::from_nanos(1 << 63));
        assert_eq!(Span::from_nanos(1).doubled(64), Span::from_nanos(u64::MAX));
        assert_eq!(Span::from_nanos(3).doubled(63), Span::from_nanos(u64::MAX));
        assert_eq!(Span::ZERO.doubled(90), Span::ZERO);
    }
}
