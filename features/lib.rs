//! The `.feature` files beside this one say in words what the contracts promise. They name no world: the
//! same text is played in the simulated one, on the real host under a paused clock (`@host`, `@real`), and
//! on the real host in real time with its rows on disk (`@real`). `steps/` has the players.
