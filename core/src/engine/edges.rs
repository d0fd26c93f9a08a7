//! Which unit depends on which. Edges lead from a larger unit number to a smaller one, so there is no
//! circle. Each edge stands in two chains: what a unit depends on, and what depends on it. A place that is
//! free stands in a third one, and is used again.

use alloc::vec::Vec;

use crate::ids::UnitId;

/// The end of a chain.
pub(super) const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Edge {
    pub(super) unit: UnitId,
    pub(super) on: UnitId,
    /// `on` waits for `unit` at present.
    pub(super) blocks: bool,
    pub(super) next_of_unit: u32,
    pub(super) next_of_on: u32,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Edges {
    all: Vec<Edge>,
    /// The first free place; the next one is its `next_of_unit`.
    free: u32,
}

impl Default for Edges {
    fn default() -> Self {
        Self { all: Vec::new(), free: NONE }
    }
}

impl Edges {
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.all.clone_from(&other.all);
        self.free = other.free;
    }

    /// Adds an edge to both chains.
    pub(super) fn add(&mut self, unit: UnitId, depends: &mut u32, on: UnitId, dependents: &mut u32) {
        let edge = Edge { unit, on, blocks: false, next_of_unit: *depends, next_of_on: *dependents };
        let place = self.free;
        if let Some(free) = self.all.get_mut(place as usize) {
            self.free = free.next_of_unit;
            *free = edge;
            *depends = place;
        } else {
            self.all.push(edge);
            *depends = u32::try_from(self.all.len() - 1).unwrap_or(NONE);
        }
        *dependents = *depends;
    }

    /// Takes the first edge out of the chain of what a unit depends on. It is to be taken out of the chain of
    /// the other unit's dependents, too: see [`Edges::unlink`].
    pub(super) fn pop(&mut self, depends: &mut u32) -> Option<(u32, UnitId)> {
        let place = *depends;
        let edge = self.all.get_mut(place as usize)?;
        *depends = edge.next_of_unit;
        edge.next_of_unit = core::mem::replace(&mut self.free, place);
        Some((place, edge.on))
    }

    /// Takes the edge at `place` out of the chain of dependents that begins with `dependents`.
    pub(super) fn unlink(&mut self, dependents: &mut u32, place: u32) {
        let Some(next) = self.get(place).map(|edge| edge.next_of_on) else { return };
        if *dependents == place {
            *dependents = next;
            return;
        }
        let mut before = *dependents;
        while let Some(edge) = self.all.get_mut(before as usize) {
            if edge.next_of_on == place {
                edge.next_of_on = next;
                return;
            }
            before = edge.next_of_on;
        }
    }

    pub(super) fn get(&self, place: u32) -> Option<Edge> {
        self.all.get(place as usize).copied()
    }

    pub(super) fn set_blocks(&mut self, place: u32, blocks: bool) {
        if let Some(edge) = self.all.get_mut(place as usize) {
            edge.blocks = blocks;
        }
    }

    /// Whether `unit` depends on `on` directly, given the chain of what `unit` depends on.
    pub(super) fn has(&self, depends: u32, on: UnitId) -> bool {
        let mut place = depends;
        while let Some(edge) = self.get(place) {
            if edge.on == on {
                return true;
            }
            place = edge.next_of_unit;
        }
        false
    }
}

impl Edges {
    /// All edges and the order in which they are followed, as words.
    pub(super) fn visit(&self, visit: &mut impl FnMut(u64)) {
        for edge in &self.all {
            visit(u64::from(edge.unit.0) << 33 | u64::from(edge.on.0) << 1 | u64::from(edge.blocks));
            visit(u64::from(edge.next_of_unit));
        }
        visit(u64::from(self.free));
    }
}
