//! Which children of this process are the first processes of bodies, so that whoever reaps what nobody else waits for
//! takes no exit status from them.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::process::Child;

#[derive(Debug)]
struct Own {
    /// How many are being started: one that has ended before its number is known here could be any child.
    on_their_way: usize,
    /// Those that are waited for.
    numbers: BTreeSet<u32>,
}

/// Children belong to the process, and not to one of its hosts.
static OWN: Mutex<Own> = Mutex::new(Own { on_their_way: 0, numbers: BTreeSet::new() });

fn own() -> MutexGuard<'static, Own> {
    OWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A child that is being started.
#[derive(Debug)]
struct OnItsWay;

impl OnItsWay {
    fn begin() -> Self {
        own().on_their_way += 1;
        Self
    }
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        own().on_their_way -= 1;
    }
}

/// Starts a child that is waited for, until [`forget`] says that it was.
pub(super) fn start(start: impl FnOnce() -> std::io::Result<Child>) -> std::io::Result<Child> {
    let _on_its_way = OnItsWay::begin();
    let child = start()?;
    if let Some(number) = child.id() {
        own().numbers.insert(number);
    }
    Ok(child)
}

/// It was waited for: its number may be given to others.
pub(super) fn forget(number: Option<u32>) {
    if let Some(number) = number {
        own().numbers.remove(&number);
    }
}

/// Does something with those that are nobody's of these numbers, which were seen before this is called. No child
/// becomes one's own meanwhile. `false`: for now nobody knows.
#[cfg(feature = "daemon")]
pub(crate) fn with_others(numbers: &[u32], each: impl FnMut(u32)) -> bool {
    let own = own();
    if own.on_their_way > 0 {
        return false;
    }
    numbers.iter().copied().filter(|number| !own.numbers.contains(number)).for_each(each);
    true
}
