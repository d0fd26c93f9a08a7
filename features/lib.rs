//! The `.feature` files beside this one say in words what the contracts promise. They name no simulator:
//! the same text can be played by any world. `steps/` plays it in the simulated one.
