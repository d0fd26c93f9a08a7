//! A warm stop path allocates nothing, whatever the number of units.
#![expect(unsafe_code, reason = "counting allocations takes an allocator, and that trait is unsafe")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    sync::Arc,
};

use winddown_core::*;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: everything is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps to the contract, and so do we.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps to the contract, and so do we.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps to the contract, and so do we.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Starts a unit, stops it on behalf of two callers, and answers everything, once.
fn turn(engine: &mut Engine, effects: &mut Effects, unit: UnitId) {
    let stop = |ticket| {
        let caller = Caller::Outside(Ticket(ticket));
        Input::StopRequested { unit, force: false, within: Within::Unset, caller }
    };
    for asked in [Input::StartRequested { unit, caller: Caller::Nobody }, stop(1), stop(2)] {
        let _any = engine.handle(Moment::START, asked, effects);
        if asked != stop(1) {
            answer_all(engine, effects);
        }
    }
    assert!(!engine.is_ending(unit));
}

fn answer_all(engine: &mut Engine, effects: &mut Effects) {
    let outcome = Outcome::Done;
    let mut place = 0;
    while let Some(effect) = effects.as_slice().get(place).copied() {
        place += 1;
        let input = match effect {
            Effect::Persist { unit, row, confirm: true } => Input::Persisted { unit, row, outcome },
            Effect::Perform { unit, step, action: Action::RequestCancel | Action::Abort, .. } => {
                Input::UnitExited { unit, incarnation: step.incarnation, exit: Exit::Ended }
            }
            Effect::Perform { unit, step, .. } | Effect::Checkpoint { unit, step, .. } => {
                Input::StepFinished { unit, step, outcome }
            }
            Effect::Start { .. }
            | Effect::Pause { .. }
            | Effect::Resume { .. }
            | Effect::Persist { .. }
            | Effect::Acknowledge { .. }
            | Effect::Reap { .. }
            | Effect::Notify { .. }
            | Effect::Tell { .. }
            | Effect::Disconnect { .. }
            | Effect::Wind { .. }
            | Effect::Reply { .. }
            | Effect::Reload
            | Effect::Report
            | Effect::Exit { .. } => continue,
        };
        let _any = engine.handle(Moment::START, input, effects);
    }
    effects.clear();
}

#[test]
fn a_warm_stop_allocates_nothing() {
    let kinds = vec![
        contracts::container(),
        contracts::provider(),
        contracts::engagement(),
        contracts::session(),
        contracts::task(Span::from_secs(5)),
    ];
    let count = u16::try_from(kinds.len()).unwrap_or_default();
    for units in [10_u32, 10_000] {
        let mut engine =
            Engine::new(Arc::new(contracts::host(kinds.clone()))).expect("the contracts are sound");
        let mut effects = Effects::new();
        for number in 0..units {
            let kind = KindId(u16::try_from(number).unwrap_or_default() % count);
            let declared = Input::UnitDeclared { unit: UnitId(number), kind, owner: OwnerId(0) };
            assert_eq!(engine.handle(Moment::START, declared, &mut effects), Disposition::Applied);
        }
        for kind in 0..u32::from(count) {
            turn(&mut engine, &mut effects, UnitId(kind));
        }
        let before = COUNT.with(Cell::get);
        for kind in 0..u32::from(count) {
            turn(&mut engine, &mut effects, UnitId(units - 5 + kind));
        }
        let after = COUNT.with(Cell::get);
        assert_eq!(after - before, 0, "allocations among {units} units");
    }
}
