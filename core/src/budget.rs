//! A deadline that is handed inwards and spent, never renewed.
//!
//! There is one root budget per stop. Every inner one is cut from a live one, so an inner deadline
//! that outlasts its outer one cannot be written down.

use serde::{Deserialize, Serialize};

use crate::time::{Moment, Span};

/// Until when something may take.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Budget {
    // Invariant: only ever moved to an earlier moment.
    ends: Moment,
}

impl Budget {
    /// The outermost budget: `total` from `now` on.
    pub(crate) const fn root(now: Moment, total: Span) -> Self {
        Self { ends: now.after(total) }
    }

    /// A budget that never ends; only ever written where a request says so in words.
    pub(crate) const fn unlimited() -> Self {
        Self { ends: Moment::NEVER }
    }

    /// The same budget for a world in which what was `from` is `to`.
    pub(crate) const fn rebased(self, from: Moment, to: Moment) -> Self {
        Self { ends: self.ends.rebased(from, to) }
    }

    /// When it ends.
    #[must_use]
    pub const fn ends(self) -> Moment {
        self.ends
    }

    /// What is left of it at `now`.
    #[must_use]
    pub const fn left(self, now: Moment) -> Span {
        now.until(self.ends)
    }

    /// Whether nothing is left at `now`.
    #[must_use]
    pub fn is_spent(self, now: Moment) -> bool {
        self.ends <= now
    }

    /// The shorter of two budgets.
    #[must_use]
    pub fn shorter(self, other: Self) -> Self {
        Self { ends: self.ends.min(other.ends) }
    }

    /// A share of this budget: `wanted` (all of it if not said), but never what has to be kept for
    /// the steps that come after. A reserve takes at most half of what is left, so that a budget
    /// that is shorter than the plan still gives every step some time.
    #[must_use]
    pub fn cut(self, now: Moment, wanted: Option<Span>, reserve: Span) -> Self {
        let reserve = reserve.min(self.left(now).half());
        let latest = self.ends.before(reserve);
        let own = wanted.map_or(Moment::NEVER, |span| now.after(span));
        Self { ends: own.min(latest) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::from_nanos(1_000);

    fn seconds(secs: u64) -> Option<Span> {
        Some(Span::from_secs(secs))
    }

    #[test]
    fn a_share_is_never_longer_than_the_whole() {
        let whole = Budget::root(NOW, Span::from_secs(10));
        assert_eq!(whole.cut(NOW, seconds(4), Span::ZERO).left(NOW), Span::from_secs(4));
        assert_eq!(whole.cut(NOW, seconds(40), Span::ZERO).left(NOW), Span::from_secs(10));
        assert_eq!(whole.cut(NOW, None, Span::from_secs(3)).left(NOW), Span::from_secs(7));
        assert_eq!(whole.cut(NOW, None, Span::from_secs(30)).left(NOW), Span::from_secs(5));
    }

    #[test]
    fn a_spent_budget_has_nothing_to_cut() {
        let whole = Budget::root(NOW, Span::ZERO);
        assert!(whole.cut(NOW, seconds(4), Span::ZERO).is_spent(NOW));
    }

    #[test]
    fn an_unlimited_budget_only_gives_what_is_wanted() {
        let whole = Budget::unlimited();
        assert_eq!(whole.cut(NOW, seconds(4), Span::from_secs(9)).left(NOW), Span::from_secs(4));
        assert!(whole.cut(NOW, None, Span::from_secs(9)).ends().is_never());
    }
}
