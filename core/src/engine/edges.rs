//! Which unit depends on which. Edges lead from a larger unit number to a smaller one, so there is no
//! circle. Each edge stands in two chains: what a unit depends on, and what depends on it.

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

#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Edges(Vec<Edge>);

impl Edges {
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.0.clone_from(&other.0);
    }

    /// Adds an edge to both chains.
    pub(super) fn add(&mut self, unit: UnitId, depends: &mut u32, on: UnitId, dependents: &mut u32) {
        self.0.push(Edge { unit, on, blocks: false, next_of_unit: *depends, next_of_on: *dependents });
        let place = u32::try_from(self.0.len() - 1).unwrap_or(NONE);
        *depends = place;
        *dependents = place;
    }

    pub(super) fn get(&self, place: u32) -> Option<Edge> {
        self.0.get(place as usize).copied()
    }

    pub(super) fn set_blocks(&mut self, place: u32, blocks: bool) {
        if let Some(edge) = self.0.get_mut(place as usize) {
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
    /// All edges, as words.
    pub(super) fn visit(&self, visit: &mut impl FnMut(u64)) {
        for edge in &self.0 {
            visit(u64::from(edge.unit.0) << 33 | u64::from(edge.on.0) << 1 | u64::from(edge.blocks));
        }
    }
}
