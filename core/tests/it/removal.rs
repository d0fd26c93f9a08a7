//! A unit that nobody needs can be forgotten, and whatever it needed itself is not held up by it any more.

use winddown_core::*;

use crate::bench::{Bench, unit};

/// A host with so many sessions, and these edges: each from a unit to what it needs.
fn linked(count: usize, edges: &[(usize, usize)]) -> Bench {
    let mut bench = Bench::new(contracts::host(vec![contracts::session()]));
    for number in 0..count {
        bench.declare(number, 0);
    }
    for (number, on) in edges {
        depend(&mut bench, *number, *on);
    }
    bench
}

fn depend(bench: &mut Bench, number: usize, on: usize) {
    let depends = Input::DependencyDeclared { unit: unit(number), on: unit(on) };
    assert_eq!(bench.handle(depends), Disposition::Applied);
}

/// In which order these units are asked to go when they are stopped all at once, the first one first.
fn order_of_stops(bench: &mut Bench, numbers: &[usize]) -> Vec<usize> {
    for number in numbers {
        bench.start(*number);
    }
    let _begun = bench.handle(Input::SignalReceived { signal: Signal::Terminate });
    let mut order = Vec::new();
    for _turn in numbers {
        let asked = |number: &&usize| !order.contains(*number) && !bench.actions(**number).is_empty();
        let Some(next) = numbers.iter().find(asked).copied() else { break };
        order.push(next);
        let _gone = bench.exit(next, Exit::Ended);
        bench.confirm_rows();
    }
    order
}

#[test]
fn a_chain_is_removed_from_its_end() {
    let mut bench = linked(3, &[(1, 0), (2, 1)]);
    for number in [0, 1] {
        assert_eq!(bench.remove(number), Disposition::Refused(Why::Needed), "unit {number}");
    }
    for number in [2, 1, 0] {
        assert_eq!(bench.remove(number), Disposition::Applied, "unit {number}");
    }
}

#[test]
fn a_unit_that_ran_can_be_removed_though_it_needs_another_that_runs() {
    let mut bench = linked(2, &[(1, 0)]);
    bench.start(0);
    bench.start(1);
    assert_eq!(bench.remove(1), Disposition::Refused(Why::StillActive));
    let _applied = bench.stop(1);
    let _gone = bench.exit(1, Exit::Ended);
    bench.confirm_rows();
    assert_eq!(bench.remove(1), Disposition::Applied);
    let _applied = bench.stop(0);
    assert_eq!(bench.actions(0).len(), 1, "nobody is waited for");
}

#[test]
fn of_a_diamond_each_side_may_go_and_the_other_one_still_counts() {
    // Both sides, and what is first, in the middle and last in the chain of unit 0's dependents.
    for gone in 1..4 {
        let mut bench = linked(5, &[(1, 0), (2, 0), (3, 0)]);
        depend(&mut bench, 4, if gone == 1 { 2 } else { 1 });
        assert_eq!(bench.remove(gone), Disposition::Applied);
        assert_eq!(bench.remove(0), Disposition::Refused(Why::Needed));
        let left: Vec<usize> = (0..5).filter(|number| *number != gone).collect();
        let order = order_of_stops(&mut bench, &left);
        let place = |number: usize| order.iter().position(|one| *one == number).unwrap();
        assert_eq!(order.len(), 4, "without {gone}: {order:?}");
        assert_eq!(place(0), 3, "without {gone}: {order:?}");
        assert!(place(4) < place(if gone == 1 { 2 } else { 1 }), "without {gone}: {order:?}");
    }
}

#[test]
fn a_number_that_is_used_again_needs_what_its_new_unit_needs_and_nothing_else() {
    let mut bench = linked(4, &[(2, 0), (2, 1), (3, 0)]);
    assert_eq!(bench.remove(2), Disposition::Applied);
    assert_eq!(bench.remove(1), Disposition::Applied, "only 2 needed it");
    bench.declare(1, 0);
    bench.declare(2, 0);
    // The places of the two edges are taken by these, and by a third one.
    depend(&mut bench, 1, 0);
    depend(&mut bench, 2, 1);
    depend(&mut bench, 3, 2);
    assert_eq!(order_of_stops(&mut bench, &[0, 1, 2, 3]), [3, 2, 1, 0]);
}

#[test]
fn units_that_come_and_go_take_no_more_room() {
    let mut bench = linked(3, &[(1, 0), (2, 0), (2, 1)]);
    let words = |bench: &Bench| {
        let mut words = 0;
        bench.engine.visit_state(bench.now, &mut |_| words += 1);
        words
    };
    let before = words(&bench);
    for _round in 0..10 {
        assert_eq!(bench.remove(2), Disposition::Applied);
        bench.declare(2, 0);
        depend(&mut bench, 2, 0);
        depend(&mut bench, 2, 1);
        let twice = Input::DependencyDeclared { unit: unit(2), on: unit(1) };
        assert_eq!(bench.handle(twice), Disposition::Ignored(Why::NumberTaken));
    }
    assert_eq!(words(&bench), before);
    assert_eq!(order_of_stops(&mut bench, &[0, 1, 2]), [2, 1, 0]);
}
