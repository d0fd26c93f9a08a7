//! A disk that fails: it is told, nothing that was acknowledged is lost, and what comes after it works.

use std::{collections::BTreeSet, path::Path};

use winddown_core::Outcome;

use crate::{
    crashes::{Crashes, fast_directory, nothing_yet},
    harness::{Random, file_in, report, trials},
    vfs::{Disk, Fault, Files, Happened, Loss, Plan, Power, put},
    workload,
};

const WRITES: u32 = 24;

/// What one run with a fault came to.
struct Run {
    happened: Vec<Happened>,
    acknowledged: BTreeSet<u32>,
    /// How often the disk failed.
    failed: u32,
}

/// Lives on a disk that fails as planned, and checks what can be checked whatever happens.
#[track_caller]
fn live(disk: &Disk, file: &Path, plan: Plan) -> Run {
    disk.plan(Some(plan));
    let lived = workload::live(disk, file, WRITES, 2);
    let failed = disk.failed();
    disk.plan(None);
    let happened = disk.take();
    let acknowledged: BTreeSet<u32> = happened.iter().filter_map(Happened::acknowledged).collect();
    match lived {
        Ok(outcomes) => {
            let works = outcomes.iter().rev().take(2).any(|(_, outcome)| *outcome == Outcome::Done);
            assert!(works || plan.stays, "{plan:?}: it failed once, and has to work again");
        }
        Err(error) => {
            assert!(error.to_string().contains(&file.display().to_string()), "{plan:?}: {error}");
            assert!(failed > 0, "{plan:?}: nothing failed, and yet: {error}");
        }
    }
    if plan.stays && plan.fault.stops_commits() {
        let after = happened.iter().skip_while(|happened| !matches!(happened, Happened::Failed));
        assert_eq!(after.filter_map(Happened::acknowledged).next(), None, "{plan:?}: nothing can be durable");
    }
    Run { happened, acknowledged, failed }
}

/// Runs on a disk that fails sooner and later, until it comes to no failure any more. `left` is on the disk
/// before each. Gives back how many runs had a failure.
#[track_caller]
fn check_runs(fault: Fault, left: &Files, before: &BTreeSet<u32>, mut look: impl FnMut(&Lived<'_>)) -> u32 {
    let (mut random, mut failures) = (Random(3), 0);
    let disk = Disk::new();
    for stays in [false, true] {
        let mut at = 0;
        loop {
            let directory = fast_directory();
            let file = file_in(&directory);
            put(left, directory.path());
            let plan = Plan { fault, at, stays };
            let mut run = live(&disk, &file, plan);
            if run.failed == 0 {
                break;
            }
            run.acknowledged.extend(before);
            look(&Lived { plan, run: &run, disk: &disk, file: &file });
            failures += 1;
            at += stride(at, &mut random);
        }
    }
    failures
}

/// The first failures come one after the other; later ones are not so different from each other.
fn stride(at: u32, random: &mut Random) -> u32 {
    let longest = if at < 10 { 1 } else { (12 / trials(1)).max(1) };
    1 + u32::try_from(random.below(longest.into())).unwrap()
}

/// A run that came to a failure, and where it took place.
struct Lived<'run> {
    plan: Plan,
    run: &'run Run,
    disk: &'run Disk,
    file: &'run Path,
}

/// Checks runs with all faults on a disk with these files, and with the power lost at any moment of them.
#[track_caller]
fn check_all_faults(left: &Files, before: &BTreeSet<u32>, faults: &[Fault]) {
    let mut crashes = Crashes::new(1, 40, workload::check);
    for &fault in faults {
        let failures = check_runs(fault, left, before, |Lived { plan, run, file, .. }| {
            // The process ends, and the next one finds what the kernel knows.
            workload::check(file, &run.acknowledged).unwrap_or_else(|what| panic!("{plan:?}: {what}"));
            // Or the power goes.
            crashes.play(&mut Power::on(left.clone()), &run.happened, &mut before.clone());
            assert_eq!(crashes.lost, [""; 0], "{plan:?}");
        });
        assert!(failures > 1, "{fault:?} was never seen");
        report(&format!("{fault:?}: {failures} runs with a failure"));
    }
    report(&format!("{} states after a power loss, 0 lost", crashes.states));
}

#[test]
fn a_disk_that_fails_is_told_and_loses_nothing() {
    check_all_faults(&nothing_yet(), &BTreeSet::new(), &Fault::ALL);
}

/// What a store leaves behind, log and all, when the power goes before it is closed.
fn left_behind() -> (Files, BTreeSet<u32>) {
    let (disk, directory) = (Disk::new(), fast_directory());
    workload::live(&disk, &file_in(&directory), WRITES, 3).unwrap();
    let mut happened = disk.take();
    let is_last = |happened: &Happened| happened.acknowledged().is_some();
    happened.truncate(happened.iter().rposition(is_last).unwrap() + 1);
    let mut power = Power::on(nothing_yet());
    happened.iter().for_each(|happened| power.happen(happened, &mut Loss::Nothing));
    (power.fail(&mut Loss::Nothing), happened.iter().filter_map(Happened::acknowledged).collect())
}

#[test]
fn a_disk_that_fails_during_recovery_loses_nothing() {
    let (left, acknowledged) = left_behind();
    assert!(left.contains_key("state.db-wal"), "there is something to recover");
    // Nothing is deleted then.
    let faults = Fault::ALL.into_iter().filter(|fault| *fault != Fault::Delete).collect::<Vec<_>>();
    check_all_faults(&left, &acknowledged, &faults);
}

#[test]
fn a_sync_that_failed_in_the_process_before_costs_nothing() {
    let left = nothing_yet();
    let mut crashes = Crashes::new(2, 3, workload::check);
    let failures = check_runs(Fault::Sync, &left, &BTreeSet::new(), |Lived { plan, run, disk, file }| {
        let mut power = Power::on(left.clone());
        let mut chance = Random(u64::from(plan.at));
        for happened in &run.happened {
            power.happen(happened, &mut Loss::random(&mut chance));
        }
        // The kernel has what was written, and takes it for durable. The disk does not have it.
        workload::live(disk, file, 6, 1).expect("the next process finds nothing wrong");
        crashes.play(&mut power, &disk.take(), &mut run.acknowledged.clone());
        assert_eq!(crashes.lost, [""; 0], "{plan:?}");
    });
    report(&format!("{failures} processes before, {} states after a power loss, 0 lost", crashes.states));
}
