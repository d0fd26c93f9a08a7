//! States made from others: copied into room that is there, and what of them is another then.

use winddown_core::UnitId;

use super::state::State;

impl State {
    /// Becomes the same as `other`, in the room that is there.
    pub fn copy_from(&mut self, other: &Self) {
        self.engine.clone_from(&other.engine);
        self.judge.copy_from(&other.judge);
        self.store.copy_rows_from(&other.store);
        self.bodies.clone_from(&other.bodies);
        self.hands.clone_from(&other.hands);
        self.orders.clone_from(&other.orders);
        self.writes.clone_from(&other.writes);
        (self.left, self.now, self.step) = (other.left, other.now, other.step);
        (self.tickets, self.up, self.exited) = (other.tickets, other.up, other.exited);
        self.touched = other.touched;
    }

    /// No unit, all of them: what is about none may change each.
    pub(super) const fn touch(&mut self, unit: Option<UnitId>) {
        self.touched |= match unit {
            Some(unit) => 1 << unit.0,
            None => u8::MAX,
        };
    }
}
