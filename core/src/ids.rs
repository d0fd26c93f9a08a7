//! What things are called inside: small numbers, so that inputs and effects stay plain data.
//! Names belong to the world.

use core::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }
    };
}

id!(
    /// A unit: what is supervised. Numbered from 0 in the order of declaration.
    UnitId(u32)
);
id!(
    /// The kind of a unit: an index into [`Plan::kinds`](crate::Plan::kinds).
    KindId(u16)
);
id!(
    /// Who owns a unit; caps on concurrent units count per owner.
    OwnerId(u16)
);
id!(
    /// Which start of a unit a body belongs to. 0 = never started.
    Incarnation(u32)
);
id!(
    /// An attached client.
    ClientId(u16)
);
id!(
    /// A request that waits for its answer. Chosen by the world; one ticket, one answer.
    Ticket(u32)
);

impl UnitId {
    /// The unit's place in tables that are kept per unit.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl Incarnation {
    /// The incarnation after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}
