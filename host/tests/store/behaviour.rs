//! What both stores do.

use std::sync::Arc;

use winddown_core::{Incarnation, Outcome, Reason, Row, Status};
use winddown_host::store::{Done, Kept, Write};

use crate::harness::{behind, check_both, checkpoint, declare, kept, persist, process, row, step};

#[test]
fn what_was_acknowledged_is_there_when_it_is_opened_again() {
    check_both(|store| {
        store.write(declare("a"));
        store.write(declare("b"));
        let stopped = Row { findings: 2, reason: Reason::Stated(7), leaked: true, ..row(3, Status::Stopped) };
        assert_eq!(store.persist("a", stopped, &["one", "two"]), Outcome::Done);
        assert_eq!(store.reopen(), [kept("a", Some(stopped)), kept("b", None)]);
        assert_eq!(store.findings("a", 0, 10), ["one", "two"]);
        assert_eq!(store.findings("b", 0, 10), [""; 0]);
    });
}

#[test]
fn every_status_and_reason_comes_back_as_it_was() {
    let reasons = [
        Reason::None,
        Reason::ByUser,
        Reason::Stated(u32::MAX),
        Reason::RunBudgetOver,
        Reason::StartOverdue,
        Reason::Shutdown,
        Reason::Interrupted,
    ];
    check_both(|store| {
        store.write(declare("a"));
        let mut incarnation = 0;
        for status in Status::ALL {
            for reason in reasons {
                incarnation += 1;
                let row = Row { reason, ..row(incarnation, status) };
                assert_eq!(store.persist("a", row, &[]), Outcome::Done);
                assert_eq!(store.reopen(), [kept("a", Some(row))]);
            }
        }
    });
}

#[test]
fn a_finding_that_is_told_again_adds_nothing() {
    check_both(|store| {
        store.write(declare("a"));
        let running = row(1, Status::Running);
        store.persist("a", running, &["one", "two"]);
        store.write(behind("a", &["two", "three", "three"]));
        store.persist("a", running, &["one", "four"]);
        assert_eq!(store.findings("a", 0, 10), ["one", "two", "three", "four"]);
        assert_eq!(store.reopen(), [kept("a", Some(Row { findings: 4, ..running }))]);
        store.persist("a", running, &["four", "five"]);
        assert_eq!(store.findings("a", 3, 10), ["four", "five"]);
    });
}

#[test]
fn the_same_name_of_two_units_is_two_findings() {
    check_both(|store| {
        store.write(behind("a", &["one"]));
        store.write(behind("b", &["one"]));
        assert_eq!(store.findings("a", 0, 10), ["one"]);
        assert_eq!(store.findings("b", 0, 10), ["one"]);
    });
}

#[test]
fn findings_are_read_in_parts() {
    check_both(|store| {
        store.write(behind("a", &["one", "two", "three", "four"]));
        assert_eq!(store.findings("a", 0, 3), ["one", "two", "three"]);
        assert_eq!(store.findings("a", 3, 3), ["four"]);
        assert_eq!(store.findings("a", 4, 3), [""; 0]);
        assert_eq!(store.findings("a", u32::MAX, u32::MAX), [""; 0]);
    });
}

#[test]
fn findings_that_were_written_ahead_of_a_row_are_counted() {
    check_both(|store| {
        store.write(declare("a"));
        store.persist("a", row(1, Status::Running), &[]);
        store.write(behind("a", &["one", "two"]));
        store.settle();
        assert_eq!(store.reopen(), [kept("a", Some(Row { findings: 2, ..row(1, Status::Running) }))]);
    });
}

/// What is there after two rows, of which the second may come too late.
#[track_caller]
fn check_second(first: Row, second: Row, expect: Row) {
    check_both(|store| {
        store.write(declare("a"));
        assert_eq!(store.persist("a", first, &[]), Outcome::Done);
        assert_eq!(store.persist("a", second, &[]), Outcome::Done);
        assert_eq!(store.reopen(), [kept("a", Some(expect))], "{first:?}, then {second:?}");
    });
}

#[test]
fn the_first_terminal_status_of_an_incarnation_stays() {
    let terminal = [Status::Stopped, Status::Completed, Status::Failed, Status::Cancelled];
    for first in terminal {
        for second in Status::ALL {
            check_second(row(1, first), row(1, second), row(1, first));
        }
        check_second(row(1, first), row(2, Status::Running), row(2, Status::Running));
    }
}

#[test]
fn an_earlier_incarnation_changes_nothing() {
    for late in Status::ALL {
        check_second(row(2, Status::Running), row(1, late), row(2, Status::Running));
    }
}

#[test]
fn a_status_that_is_not_terminal_is_replaced() {
    for first in [Status::Pending, Status::Running, Status::Paused, Status::Stopping] {
        for second in Status::ALL {
            check_second(row(1, first), row(1, second), row(1, second));
        }
    }
}

#[test]
fn the_same_terminal_status_may_say_more() {
    let proven = row(1, Status::Stopped);
    check_second(Row { leaked: true, ..proven }, proven, proven);
}

#[test]
fn findings_come_in_even_where_the_row_comes_too_late() {
    check_both(|store| {
        store.write(declare("a"));
        store.persist("a", row(1, Status::Completed), &["one"]);
        store.persist("a", row(1, Status::Stopped), &["two"]);
        assert_eq!(store.findings("a", 0, 10), ["one", "two"]);
        assert_eq!(store.reopen(), [kept("a", Some(Row { findings: 2, ..row(1, Status::Completed) }))]);
    });
}

#[test]
fn a_checkpoint_holds_the_state_the_row_and_the_findings() {
    check_both(|store| {
        store.write(declare("a"));
        let stopping = row(2, Status::Stopping);
        store.write(checkpoint("a", stopping, &["one"], b"half way"));
        let done = Done::Checkpointed { unit: "a".into(), step: step(stopping), outcome: Outcome::Done };
        assert_eq!(store.next(), done);
        let expect =
            Kept { state: Some(b"half way".to_vec()), ..kept("a", Some(Row { findings: 1, ..stopping })) };
        assert_eq!(store.reopen(), std::slice::from_ref(&expect));
        store.write(checkpoint("a", row(1, Status::Stopping), &[], b"of an earlier start"));
        assert_eq!(store.reopen(), [expect]);
    });
}

#[test]
fn the_process_of_the_last_start_is_known() {
    check_both(|store| {
        store.write(declare("a"));
        for (incarnation, pid) in [(1, 11), (3, 33), (2, 22)] {
            let incarnation = Incarnation(incarnation);
            store.write(Write::Spawned { unit: "a".into(), incarnation, process: process(pid) });
        }
        assert_eq!(store.reopen(), [Kept { process: Some(process(33)), ..kept("a", None) }]);
    });
}

#[test]
fn a_unit_that_was_declared_again_keeps_what_it_has() {
    check_both(|store| {
        store.write(declare("a"));
        store.persist("a", row(1, Status::Running), &["one"]);
        store.write(Write::Declare { unit: "a".into(), kind: "container".into(), owner: "other".into() });
        let expect = Kept {
            kind: "container".into(),
            owner: "other".into(),
            ..kept("a", Some(Row { findings: 1, ..row(1, Status::Running) }))
        };
        assert_eq!(store.reopen(), [expect]);
    });
}

#[test]
fn a_unit_that_was_removed_leaves_its_findings() {
    check_both(|store| {
        for unit in ["a", "b", "c"] {
            store.write(declare(unit));
        }
        store.persist("a", row(5, Status::Stopped), &["one"]);
        for unit in ["a", "b", "never declared"] {
            store.write(Write::Remove { unit: unit.into() });
        }
        assert_eq!(store.persist("a", row(6, Status::Running), &["two"]), Outcome::Failed);
        assert_eq!(store.reopen(), [kept("c", None)]);
        assert_eq!(store.findings("a", 0, 10), ["one", "two"]);
        store.write(declare("a"));
        store.write(declare("b"));
        let kept = store.reopen();
        let names: Vec<_> = kept.iter().map(|kept| (&*kept.unit, kept.row)).collect();
        assert_eq!(names, [("a", None), ("c", None), ("b", None)]);
    });
}

#[test]
fn a_row_of_a_unit_that_was_never_declared_fails_alone() {
    check_both(|store| {
        store.write(declare("a"));
        let running = row(1, Status::Running);
        for unit in ["a", "unheard of", "a"] {
            store.write(persist(unit, running, &[unit]));
        }
        let outcomes = [store.next(), store.next(), store.next()].map(|done| match done {
            Done::Persisted { unit, outcome, .. } => (unit, outcome),
            Done::Checkpointed { .. } => panic!("nobody asked for a checkpoint"),
        });
        let expect = [("a", Outcome::Done), ("unheard of", Outcome::Failed), ("a", Outcome::Done)];
        assert_eq!(outcomes, expect.map(|(unit, outcome)| (Arc::from(unit), outcome)));
        assert_eq!(store.reopen(), [kept("a", Some(Row { findings: 1, ..running }))]);
        assert_eq!(store.findings("unheard of", 0, 10), ["unheard of"], "findings are nobody's fault");
    });
}

#[test]
fn nothing_comes_back_where_nobody_waits() {
    check_both(|store| {
        store.write(declare("a"));
        let (unit, row) = (Arc::from("a"), row(1, Status::Running));
        store.write(Write::Persist { unit, row, stated: None, findings: Vec::new(), confirm: false });
        store.write(behind("a", &["one"]));
        store.write(Write::Remove { unit: "a".into() });
        assert_eq!(store.settle(), []);
    });
}

#[test]
fn names_and_contents_may_be_anything() {
    check_both(|store| {
        let names = ["", " ", "'; DROP TABLE unit; --", "../../etc/passwd", "\u{0}", "ünï\u{202e}", "%s"];
        for name in names {
            store.write(declare(name));
            assert_eq!(store.persist(name, row(1, Status::Running), &names), Outcome::Done);
        }
        let kept = store.reopen();
        assert_eq!(kept.iter().map(|kept| &*kept.unit).collect::<Vec<_>>(), names);
        for name in names {
            assert_eq!(store.findings(name, 0, 10), names);
        }
    });
}
