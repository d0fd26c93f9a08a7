//! Bodies that are processes: real ones, with children that misbehave.

use std::{
    fs,
    path::Path,
    process::Command as Std,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tokio::time::sleep;
use winddown_host::{
    Action, BodyClass, Builder, Command, Error, Host, Kind, Ladder, Notice, Promise, Restart, Rung, Shutdown,
    Span, StartError, Status, Unit, contracts, store::Memory,
};

use crate::harness::{and_then_crash, described, idle, until};

/// A script that knows its directory as `$D`, where it leaves its numbers.
pub(crate) fn sh(directory: &TempDir, script: &str) -> Unit {
    let command = Command::new("sh").argument("-c").argument(script).variable("D", directory.path());
    Unit::command("session", command)
}

/// A session with less patience than the contract's.
fn session() -> Kind {
    let patience = Span::from_millis(300);
    let rungs = vec![
        Rung::new(Action::Terminate { grace: Span::ZERO }, patience),
        Rung::new(Action::Kill, Span::from_secs(10)),
        Rung::new(Action::Forget, Span::ZERO).always(),
    ];
    Kind { ladder: Ladder::of_unit(rungs, None), ..contracts::session() }
}

pub(crate) fn with_sessions(builder: Builder) -> Builder {
    builder.kind("session", session()).kind("engagement", contracts::engagement())
}

/// The number that a process has left in a file, as soon as it is there.
pub(crate) async fn number_in(file: &Path) -> u32 {
    let began = Instant::now();
    loop {
        let text = fs::read_to_string(file).unwrap_or_default();
        if let Ok(number) = text.trim().parse() {
            return number;
        }
        assert!(began.elapsed() < crate::harness::PATIENCE, "{} never came", file.display());
        sleep(Duration::from_millis(5)).await;
    }
}

/// Whether a process is there, and does not only wait for its parent to hear that it is not.
fn lives(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

#[tokio::test]
async fn lines_become_progress_and_the_status_says_how_it_ended() {
    let directory = tempfile::tempdir().unwrap();
    let good = sh(&directory, "echo one; echo; echo 'two of two' >&2; head -c 9000 /dev/zero | tr '\\0' x");
    let bad = sh(&directory, "echo 'out of cheese' >&2; exit 3");
    let host = with_sessions(Host::builder().memory(&Memory::new())).unit("good", good).unit("bad", bad);
    let host = host.start().await.unwrap();
    let mut news = host.subscribe("good").await.unwrap();
    host.start("good").await.unwrap();
    let mut lines = Vec::new();
    loop {
        let told = news.recv().await.unwrap();
        if told.notice == Notice::Progress {
            lines.extend(told.text);
        } else if told.notice.is_terminal() {
            assert_eq!((told.notice, told.text), (Notice::Completed, None));
            break;
        }
    }
    let cut = format!("{}…", "x".repeat(4096));
    lines.sort_unstable();
    assert_eq!(lines.iter().map(|line| &**line).collect::<Vec<_>>(), ["one", "two of two", &*cut]);

    let mut news = host.subscribe("bad").await.unwrap();
    host.start("bad").await.unwrap();
    let told = until(&mut news, "bad", Notice::Failed).await;
    assert_eq!(told.text.as_deref(), Some("exit status: 3: out of cheese"));
    assert_eq!(host.shutdown(Shutdown::default()).await.unwrap().code(), 0);
}

#[tokio::test]
async fn a_stop_ends_the_whole_tree_and_force_is_for_those_who_do_not_listen() {
    let directory = tempfile::tempdir().unwrap();
    let gentle = sh(&directory, "sleep 1000 & echo $! > $D/gentle; wait");
    let deaf = "trap '' TERM HUP; (trap '' TERM HUP; sleep 1000) & echo $! > $D/deaf; wait";
    let host = with_sessions(Host::builder().memory(&Memory::new()))
        .unit("gentle", gentle)
        .unit("deaf", sh(&directory, deaf))
        .start()
        .await
        .unwrap();
    let mut pids = Vec::new();
    for unit in ["gentle", "deaf"] {
        host.start(unit).await.unwrap();
        pids.push(number_in(&directory.path().join(unit)).await);
        // A process may be faster than who says that it is there.
        while host.inspect(unit).await.unwrap().pid.is_none() {
            sleep(Duration::from_millis(1)).await;
        }
        pids.extend(host.inspect(unit).await.unwrap().pid);
    }
    assert!(pids.len() == 4 && pids.iter().all(|pid| lives(*pid)), "{pids:?}");
    let asked = Instant::now();
    assert!(!host.stop("gentle").await.unwrap().leaked);
    assert!(!host.stop("deaf").await.unwrap().leaked);
    assert!(asked.elapsed() >= Duration::from_millis(300), "the deaf one had its patience");
    assert!(!pids.iter().any(|pid| lives(*pid)), "{pids:?}");
    let report = host.shutdown(Shutdown::default()).await.unwrap();
    assert_eq!(report.unit("gentle").unwrap().failed, None);
    assert_eq!(report.unit("deaf").unwrap().failed, Some(Action::Terminate { grace: Span::ZERO }));
}

#[tokio::test]
async fn who_holds_the_pipes_or_leaves_the_group_holds_up_nobody_and_is_ended() {
    let directory = tempfile::tempdir().unwrap();
    let script = "(trap '' TERM; exec sleep 1000) & echo $! > $D/held; setsid sh -c 'echo $$ > $D/fled; exec sleep 1000' &
        while ! [ -s $D/fled ]; do sleep 0.01; done; echo done";
    let host = with_sessions(Host::builder().memory(&Memory::new())).unit("one", sh(&directory, script));
    let host = host.start().await.unwrap();
    let mut news = host.news();
    host.start("one").await.unwrap();
    until(&mut news, "one", Notice::Completed).await;
    let held = number_in(&directory.path().join("held")).await;
    let fled = number_in(&directory.path().join("fled")).await;
    assert!(!lives(held) && !lives(fled));
    let remark = host.inspect("one").await.unwrap().error.unwrap();
    assert!(remark.starts_with("left behind, and ended: processes "), "{remark}");
    assert!(remark.contains(&held.to_string()) && remark.contains(&fled.to_string()), "{remark}");
}

#[tokio::test]
async fn a_stranger_who_holds_the_pipes_is_not_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    // Neither in the group nor marked: nobody can know whose it is.
    let script = "setsid env -i $(command -v sleep) 1000 & echo $! > $D/stranger;
        until grep -q sleep /proc/$!/comm; do sleep 0.01; done";
    let host = with_sessions(Host::builder().memory(&Memory::new())).unit("one", sh(&directory, script));
    let host = host.start().await.unwrap();
    let mut news = host.news();
    host.start("one").await.unwrap();
    until(&mut news, "one", Notice::Completed).await;
    let stranger = number_in(&directory.path().join("stranger")).await;
    assert!(lives(stranger));
    Std::new("kill").args(["-9", &stranger.to_string()]).status().unwrap();
}

#[tokio::test]
async fn a_stop_reaches_who_left_the_group() {
    let directory = tempfile::tempdir().unwrap();
    let script = "setsid sh -c \"trap '' TERM; echo \\$\\$ > $D/fled; while :; do sleep 0.05; done\" & wait";
    let host = with_sessions(Host::builder().memory(&Memory::new())).unit("one", sh(&directory, script));
    let host = host.start().await.unwrap();
    host.start("one").await.unwrap();
    let fled = number_in(&directory.path().join("fled")).await;
    assert!(!host.stop("one").await.unwrap().leaked);
    assert!(!lives(fled));
}

#[tokio::test]
async fn what_writes_without_end_waits_for_who_reads() {
    let directory = tempfile::tempdir().unwrap();
    let host = with_sessions(Host::builder().memory(&Memory::new())).unit("yes", sh(&directory, "exec yes"));
    let host = host.start().await.unwrap();
    let mut news = host.news();
    host.start("yes").await.unwrap();
    until(&mut news, "yes", Notice::Progress).await;
    sleep(Duration::from_millis(200)).await;
    let asked = Instant::now();
    assert_eq!(host.stop("yes").await.unwrap().status, Status::Stopped);
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn what_cannot_be_run_is_a_failed_unit_that_says_why() {
    let nothing = Unit::command("session", Command::new("/no/such/program"));
    let host = with_sessions(Host::builder().memory(&Memory::new())).unit("one", nothing).start().await;
    let host = host.unwrap();
    let mut news = host.news();
    host.start("one").await.unwrap();
    let told = until(&mut news, "one", Notice::Failed).await;
    let text = told.text.unwrap();
    assert!(text.contains("/no/such/program") && text.contains("No such file"), "{text}");
    assert_eq!(host.shutdown(Shutdown::default()).await.unwrap().code(), 0);

    let builder = described(&Memory::new()).unit("one", Unit::command("task", Command::new("true")));
    let error = builder.start().await.unwrap_err();
    assert!(matches!(error, StartError::Unit { error: Error::NotForProcesses(_), .. }), "{error}");
}

#[test]
fn what_a_crash_leaves_behind_is_ended_by_the_next_host() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("state.db");
    // On record, a child is known by its group, too.
    let unmarked = "env -i $(command -v sleep) 1000 & echo $! > $D/third;";
    let script = "trap '' TERM HUP; setsid sleep 1000 & echo $! > $D/second; echo $$ > $D/first; wait";
    for on_record in [true, false] {
        let script = if on_record { format!("{unmarked} {script}") } else { script.to_owned() };
        and_then_crash(|| async {
            let host = with_sessions(Host::builder().sqlite(&database)).unit("one", sh(&directory, &script));
            let host = host.start().await.unwrap();
            host.start("one").await.unwrap();
            number_in(&directory.path().join("first")).await;
            is_on_record(&host).await;
        });
        let files = ["first", "second", "third"].map(|file| directory.path().join(file));
        let pids = files.iter().filter_map(|file| fs::read_to_string(file).ok());
        let pids: Vec<u32> = pids.map(|pid| pid.trim().parse().unwrap()).collect();
        assert_eq!(pids.len(), if on_record { 3 } else { 2 });
        assert!(pids.iter().all(|pid| lives(*pid)), "they outlive their host: {pids:?}");
        if !on_record {
            // As if the crash had come between the start and its record.
            and_then_crash(|| async { forget_processes(&database) });
        }
        and_then_crash(|| async {
            let host = with_sessions(Host::builder().sqlite(&database)).start().await.unwrap();
            while host.inspect("one").await.unwrap().leaked {
                sleep(Duration::from_millis(5)).await;
            }
            assert!(!pids.iter().any(|pid| lives(*pid)), "{pids:?}");
            let info = host.inspect("one").await.unwrap();
            let remark = info.error.unwrap();
            assert_eq!(info.status, Status::Failed);
            assert!(pids.iter().all(|pid| remark.contains(&pid.to_string())), "{remark}");
            let report = host.shutdown(Shutdown::default()).await.unwrap();
            assert_eq!(report.code(), 0, "{report}");
        });
        files.iter().for_each(|file| drop(fs::remove_file(file)));
    }
}

#[test]
fn what_the_next_host_starts_is_not_taken_for_what_an_earlier_one_left() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("state.db");
    let script = "echo $$ > $D/first; exec sleep 1000";
    for round in 0..8 {
        and_then_crash(|| async {
            let host = with_sessions(Host::builder().sqlite(&database)).unit("one", sh(&directory, script));
            let host = host.start().await.unwrap();
            // While it still looks for what was left.
            host.start("one").await.unwrap();
            while host.inspect("one").await.unwrap().leaked {
                sleep(Duration::from_millis(2)).await;
            }
            is_on_record(&host).await;
            while host.inspect("one").await.unwrap().pid.is_none() {
                sleep(Duration::from_millis(2)).await;
            }
            sleep(Duration::from_millis(20)).await;
            let info = host.inspect("one").await.unwrap();
            assert_eq!((info.status, info.incarnation), (Status::Running, round + 1), "{:?}", info.error);
            assert!(lives(info.pid.unwrap()));
            if round == 7 {
                host.shutdown(Shutdown::default()).await.unwrap();
            }
        });
    }
}

#[test]
fn a_number_that_was_given_again_is_somebody_else() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("state.db");
    let script = "echo $$ > $D/first; exec sleep 1000";
    and_then_crash(|| async {
        let host = with_sessions(Host::builder().sqlite(&database)).unit("one", sh(&directory, script));
        let host = host.start().await.unwrap();
        host.start("one").await.unwrap();
        let first = number_in(&directory.path().join("first")).await;
        is_on_record(&host).await;
        Std::new("kill").args(["-9", &first.to_string()]).status().unwrap();
    });
    // Starts are counted in hundredths of a second, and numbers come again much later than that.
    std::thread::sleep(Duration::from_millis(50));
    let mut stranger = Std::new("setsid").args(["sleep", "1000"]).spawn().unwrap();
    let connection = rusqlite::Connection::open(&database).unwrap();
    let changed = connection.execute("UPDATE process SET pid = ?1", [stranger.id()]).unwrap();
    drop(connection);
    assert_eq!(changed, 1);
    and_then_crash(|| async {
        let host = with_sessions(Host::builder().sqlite(&database)).start().await.unwrap();
        while host.inspect("one").await.unwrap().leaked {
            sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(lives(stranger.id()), "it has the number, and started at another time");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

/// Waits until the process of the unit `one` is in the store.
async fn is_on_record(host: &Host) {
    while host.inspect("one").await.unwrap().pid.is_none() {
        sleep(Duration::from_millis(1)).await;
    }
    // Read after everything that was written before.
    host.findings("one", 0, 0).await.unwrap();
}

fn forget_processes(database: &Path) {
    let connection = rusqlite::Connection::open(database).unwrap();
    assert_eq!(connection.execute("DELETE FROM process", []).unwrap(), 1);
}

#[tokio::test]
async fn one_task_may_depend_on_a_process() {
    let directory = tempfile::tempdir().unwrap();
    let restart = Restart::OnFailure { limit: 1, backoff: Span::ZERO, backoff_max: Span::ZERO };
    let kind = Kind { restart, body: BodyClass::Process, promise: Promise::Proven, ..session() };
    let script = "echo run >> $D/runs; [ $(wc -l < $D/runs) -gt 1 ] || exit 1; exec sleep 1000";
    let command = Command::new("sh").arguments(["-c", script]).variable("D", directory.path());
    let host = with_sessions(Host::builder().memory(&Memory::new()))
        .kind("kept up", kind)
        .unit("db", Unit::command("kept up", command))
        .unit("web", Unit::task("engagement", idle).needs("db"))
        .start()
        .await
        .unwrap();
    let mut news = host.subscribe("db").await.unwrap();
    host.start("db").await.unwrap();
    host.start("web").await.unwrap();
    until(&mut news, "db", Notice::Failed).await;
    until(&mut news, "db", Notice::Started).await;
    assert_eq!(host.inspect("db").await.unwrap().incarnation, 2);
    let report = host.shutdown(Shutdown::default()).await.unwrap();
    assert_eq!(report.code(), 0, "{report}");
}

#[tokio::test]
async fn a_status_that_says_terminated_is_no_error_of_a_stop_and_any_other_one_is_told() {
    let directory = TempDir::new().unwrap();
    let script = |code: u8| format!("trap 'exit {code}' TERM; echo up; while :; do sleep 0.02; done");
    let host = with_sessions(Host::builder()).memory(&Memory::new());
    let host = host.unit("politely", sh(&directory, &script(143))).unit("badly", sh(&directory, &script(3)));
    let host = host.start().await.unwrap();
    let mut news = host.news();
    for unit in ["politely", "badly"] {
        host.start(unit).await.unwrap();
        until(&mut news, unit, Notice::Progress).await;
    }
    let report = host.shutdown(Shutdown::default()).await.unwrap().to_string();
    assert!(!report.contains("politely"), "{report}");
    assert!(report.contains("  badly stopped: its error: exit status: 3"), "{report}");
}
