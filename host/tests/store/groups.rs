//! What waits together is written together, and nobody waits longer than asked.

use std::{
    sync::mpsc::{self, Receiver, Sender},
    time::{Duration, Instant},
};

use winddown_core::{Outcome, Status};
use winddown_host::store::{Done, SqliteStore, Store};

use crate::{
    crashes::fast_directory,
    harness::{PATIENCE, behind, declare, file_in, persist, read, row},
    vfs::{Disk, Happened},
    workload,
};

/// A store whose thread stands still after the first thing that it tells, until it is let go.
fn held_up(disk: &Disk, directory: &tempfile::TempDir) -> (SqliteStore, Receiver<Done>, Sender<()>) {
    let (sender, done) = mpsc::channel();
    let (let_go, gate) = mpsc::channel();
    let witness = disk.clone();
    let tell = move |done| {
        witness.acknowledge(workload::number_of(&done).0);
        sender.send(done).unwrap();
        // Open once and for all when the other side is gone.
        let _open = gate.recv();
    };
    let (mut store, _) = SqliteStore::open(&file_in(directory), tell, &disk.options()).unwrap();
    store.write(declare("a"));
    store.write(persist("a", row(1, Status::Running), &[]));
    assert_eq!(workload::number_of(&done.recv_timeout(PATIENCE).unwrap()), (1, Outcome::Done));
    (store, done, let_go)
}

#[test]
fn what_waits_together_takes_one_sync() {
    let (disk, directory) = (Disk::new(), fast_directory());
    let (mut store, done, let_go) = held_up(&disk, &directory);
    disk.take();
    for number in 2..=1_000 {
        store.write(persist("a", row(number, Status::Running), &["one", &number.to_string()]));
    }
    assert!(disk.take().is_empty(), "the thread stands still");
    drop(let_go);
    for number in 2..=1_000 {
        let done = done.recv_timeout(PATIENCE).unwrap();
        assert_eq!(workload::number_of(&done), (number, Outcome::Done), "in the order of the writes");
    }
    // What comes after that brings the log into the database.
    let happened = disk.take();
    let until = happened.iter().position(|happened| happened.acknowledged().is_some()).unwrap();
    let syncs = happened[..until].iter().filter(|happened| matches!(happened, Happened::Synced(_)));
    assert_eq!(syncs.count(), 1);
    let told = happened[until..].iter().filter_map(Happened::acknowledged);
    assert!(told.eq(2..=1_000), "nothing is told before all of it is written");
    Box::new(store).close(PATIENCE);
}

/// As when a unit is stopped right after a hundred thousand were started.
#[test]
fn who_is_waited_for_goes_before_what_nobody_waits_for() {
    let (disk, directory) = (Disk::new(), fast_directory());
    let (mut store, done, let_go) = held_up(&disk, &directory);
    disk.take();
    // More than one transaction holds.
    for _ in 0..10_000 {
        store.write(behind("a", &["one"]));
    }
    store.write(declare("b"));
    store.write(behind("b", &["early"]));
    store.write(persist("b", row(2, Status::Stopped), &["late"]));
    drop(let_go);
    let told = workload::number_of(&done.recv_timeout(PATIENCE).unwrap());
    assert_eq!(told, (2, Outcome::Done), "what came before it of the same unit is there");
    assert_eq!(read(&mut store, "b", 0, 9), ["early", "late"], "in the order in which they came");
    let happened = disk.take();
    let until = happened.iter().position(|happened| happened.acknowledged().is_some()).unwrap();
    let syncs = happened[..until].iter().filter(|happened| matches!(happened, Happened::Synced(_)));
    assert_eq!(syncs.count(), 1, "it is in the first transaction");
    Box::new(store).close(PATIENCE);
}

#[test]
fn closing_takes_no_longer_than_it_may() {
    let (disk, directory) = (Disk::new(), fast_directory());
    let (mut store, done, let_go) = held_up(&disk, &directory);
    store.write(persist("a", row(2, Status::Stopped), &["late"]));
    let asked = Instant::now();
    Box::new(store).close(Duration::from_millis(50));
    assert!(asked.elapsed() < PATIENCE / 2, "it took {:?}", asked.elapsed());
    assert_eq!(done.try_iter().count(), 0, "the thread stands still");
    // Late is not lost.
    drop(let_go);
    assert_eq!(workload::number_of(&done.recv_timeout(PATIENCE).unwrap()), (2, Outcome::Done));
}
