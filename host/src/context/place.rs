//! What findings take on their way to the disk.

use std::{
    fmt,
    hash::{Hash, Hasher},
    sync::{Arc, atomic::Ordering},
};

use super::Shared;
use crate::store::Finding;

/// So many bytes of its findings a body may have on their way to the disk; then it waits.
pub(super) const OWED_MAX: u64 = 1 << 20;
/// What a finding takes beside its own bytes, roughly, until it is written.
const OVERHEAD: usize = 64;

/// A finding's share of what its body may have on the way. Goes with the finding, and is given back where that
/// is dropped: it is written, or never will be. A copy has none.
#[derive(Default)]
pub(crate) struct Place(Option<(Arc<Shared>, u64)>);

impl Place {
    /// Counts a finding that is about to be told.
    pub(super) fn take(shared: &Arc<Shared>, finding: Finding) -> Finding {
        let bytes = (finding.id.len() + finding.data.len() + OVERHEAD) as u64;
        shared.owed.fetch_add(bytes, Ordering::SeqCst);
        Finding { place: Self(Some((Arc::clone(shared), bytes))), ..finding }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((shared, bytes)) = self.0.take() else { return };
        let before = shared.owed.fetch_sub(bytes, Ordering::SeqCst);
        if before > OWED_MAX && before - bytes <= OWED_MAX {
            shared.changed.notify_waiters();
        }
    }
}

impl Clone for Place {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Where a finding is on its way is no part of what it is.
impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Place {}

impl Hash for Place {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl fmt::Debug for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Place")
    }
}
