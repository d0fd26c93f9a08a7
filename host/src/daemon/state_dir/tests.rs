use std::thread;

use super::{lock::LOCK_PATIENCE, *};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").mode() & 0o7777
}

#[test]
fn a_directory_is_taken_by_one_at_a_time() {
    let home = tempfile::tempdir().expect("a directory");
    let dir = home.path().join("a/b/state");
    let first = StateDir::take(&dir).expect("it is free");
    assert_eq!((mode(&dir), mode(&first.paths().pid_file())), (0o700, 0o600));
    let error = StateDir::take(&dir).expect_err("it is taken").to_string();
    assert!(error.contains(&format!("process {}, instance {}", process::id(), first.instance())), "{error}");
    assert!(first.paths().pid_file().exists(), "the loser removes nothing");
    let pid_file = first.paths().pid_file();
    drop(first);
    assert!(!pid_file.exists());
    assert!(StateDir::take(&dir).expect("it is free again").stale().is_none());
}

#[test]
fn what_a_dead_daemon_left_is_taken_over_and_what_a_living_one_has_is_not() {
    let home = tempfile::tempdir().expect("a directory");
    let dir = home.path().join("state");
    drop(StateDir::take(&dir).expect("it is free"));
    let pid_file = Paths::new(dir.clone()).pid_file();
    fs::write(&pid_file, "4711 00000000deadbeef\n").expect("it can be written");
    let state = StateDir::take(&dir).expect("nobody holds the lock");
    assert_eq!(state.stale(), Some(" (process 4711, instance 00000000deadbeef)"));
    fs::write(&pid_file, "4712 another\n").expect("it can be written");
    drop(state);
    assert!(pid_file.exists(), "another instance's file stays");
}

#[test]
fn a_directory_that_is_open_to_others_is_refused_and_left_alone() {
    let home = tempfile::tempdir().expect("a directory");
    let dir = home.path().join("state");
    fs::create_dir(&dir).expect("it can be made");
    fs::set_permissions(&dir, Permissions::from_mode(0o750)).expect("it can be set");
    let error = StateDir::take(&dir).expect_err("others can read it").to_string();
    assert!(error.contains("chmod 700"), "{error}");
    assert_eq!(fs::read_dir(&dir).expect("it can be read").count(), 0);
    assert!(matches!(StateDir::take(&home.path().join("x".repeat(120))), Err(StateError::TooLong { .. })));
}

#[test]
fn a_report_is_replaced_whole() {
    let home = tempfile::tempdir().expect("a directory");
    let state = StateDir::take(&home.path().join("state")).expect("it is free");
    state.write_report(b"one").expect("it can be written");
    state.write_report(b"two").expect("it can be written");
    assert_eq!(fs::read(state.paths().report()).expect("it is there"), b"two");
    assert_eq!(mode(&state.paths().report()), 0o600);
}

#[test]
fn a_lock_that_outlives_its_daemon_for_a_moment_is_waited_for() {
    let dir = tempfile::tempdir().expect("a directory");
    let place = dir.path().join("state");
    drop(StateDir::take(&place).expect("it is free"));
    let paths = Paths::new(place.clone());
    // No process has this number.
    fs::write(paths.pid_file(), format!("{} 0\n", i32::MAX)).expect("it can be written");
    let held = File::open(paths.lock()).expect("it is there");
    held.lock().expect("nobody else has it");
    let release = thread::spawn(move || {
        thread::sleep(LOCK_PATIENCE / 10);
        drop(held);
    });
    let state = StateDir::take(&place).expect("it is free soon");
    assert!(state.stale().is_some());
    release.join().expect("it does not panic");
}
