//! What the compiler cannot know: which way is the usual one.

/// `condition`, which hardly ever holds: what is done if it does stands out of the usual way.
///
/// It changes nothing but where code stands. A processor is fastest where it goes straight on, and a way that
/// is short fits in its cache; without this, a compiler takes both sides for equally likely.
#[inline(always)]
#[must_use]
pub const fn unlikely(condition: bool) -> bool {
    if condition {
        core::hint::cold_path();
    }
    condition
}

/// `condition`, which nearly always holds.
#[inline(always)]
#[must_use]
pub const fn likely(condition: bool) -> bool {
    !unlikely(!condition)
}
