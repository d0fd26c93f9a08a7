//! Who waits for which unit: one chain per unit, all chains in one table, so that a warm stop path
//! allocates nothing and a unit without waiters costs nothing.

use alloc::vec::Vec;

use super::unit::Waiter;

/// The end of a chain.
pub(super) const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Link {
    waiter: Waiter,
    next: u32,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Callers {
    links: Vec<Link>,
    free: u32,
}

impl Default for Callers {
    fn default() -> Self {
        Self { links: Vec::new(), free: NONE }
    }
}

impl Callers {
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.links.clone_from(&other.links);
        self.free = other.free;
    }

    /// Adds a waiter to the end of the chain, so that callers are answered in the order they came.
    pub(super) fn add(&mut self, head: &mut u32, waiter: Waiter) {
        let link = Link { waiter, next: NONE };
        let place = if self.free == NONE {
            self.links.push(link);
            u32::try_from(self.links.len() - 1).unwrap_or(NONE)
        } else {
            let place = self.free;
            self.free = self.links[place as usize].next;
            self.links[place as usize] = link;
            place
        };
        if *head == NONE {
            *head = place;
            return;
        }
        let mut last = *head as usize;
        while self.links[last].next != NONE {
            last = self.links[last].next as usize;
        }
        self.links[last].next = place;
    }

    /// Takes the first waiter out of the chain.
    pub(super) fn take(&mut self, head: &mut u32) -> Option<Waiter> {
        if *head == NONE {
            return None;
        }
        let place = *head;
        let Link { waiter, next } = self.links[place as usize];
        self.links[place as usize].next = self.free;
        self.free = place;
        *head = next;
        Some(waiter)
    }
}

impl Callers {
    /// Forgets all chains.
    pub(super) fn clear(&mut self) {
        self.links.clear();
        self.free = NONE;
    }

    /// The chain's waiters in order.
    pub(super) fn waiters(&self, head: u32) -> impl Iterator<Item = Waiter> {
        let link = |place: u32| self.links.get(place as usize);
        core::iter::successors(link(head), move |before| link(before.next)).map(|link| link.waiter)
    }

    /// The chain's waiters in order, as words.
    pub(super) fn visit(&self, head: u32, visit: &mut impl FnMut(u64)) {
        for Waiter { ticket, wants } in self.waiters(head) {
            visit(u64::from(ticket.0) << 8 | wants as u64);
        }
        visit(u64::MAX);
    }
}
