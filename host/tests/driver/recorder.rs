//! The flight recorder: what a real host did, done again.

use std::{
    fs::File,
    io::{self, BufReader, Write},
    path::Path,
    sync::mpsc,
    time::Duration,
};

use winddown_host::{Action, Command, Notice, Shutdown, Signal, StartError, Unit, contracts, store::Memory};
use winddown_journal::Journal;

use crate::harness::{deaf, described, idle, until};

fn read(file: &Path) -> Journal {
    Journal::read(BufReader::new(File::open(file).unwrap())).unwrap()
}

#[tokio::test]
async fn what_a_host_did_is_done_again_step_by_step() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("journal");
    let process = Command::new("sh").arguments(["-c", "echo up; exec sleep 1000"]);
    let host = described(&Memory::new())
        .kind("session", contracts::session())
        .unit("idle", Unit::task("task", idle))
        .unit("deaf", Unit::task("container", deaf).needs("idle"))
        .unit("gone", Unit::task("task", idle))
        .unit("process", Unit::command("session", process))
        .journal(&file)
        .start()
        .await
        .unwrap();
    let mut news = host.news();
    for unit in ["idle", "deaf", "process"] {
        host.start(unit).await.unwrap();
    }
    until(&mut news, "process", Notice::Progress).await;
    host.cancel("idle", "enough").await.unwrap();
    host.stop("deaf").await.unwrap();
    host.stop("gone").await.unwrap();
    host.remove("gone").await.unwrap();
    host.declare("other", Unit::task("container", deaf)).await.unwrap();
    host.start("other").await.unwrap();
    drop(host.attach().await.unwrap());
    host.signal(Signal::Terminate);
    let report = host.wait().await.unwrap();
    assert_eq!((report.code(), &*report.remarks), (0, &[][..]), "{report}");

    let journal = read(&file);
    assert!(!journal.is_torn);
    let names: Vec<&str> = journal.names.iter().map(|(_, name)| &*name.name).collect();
    assert_eq!(names, ["idle", "deaf", "gone", "process", "other"]);
    assert_eq!(journal.head.kinds, ["container", "engagement", "task", "session"]);
    let played = journal.replay(|_, _, _, _| ()).unwrap();
    assert_eq!(played.difference, None);
    assert_eq!(played.engine.report(), engines_own(&report), "the report is the same, too");

    // Another ladder does other things.
    let mut other = journal;
    let session = other.head.kinds.iter().position(|kind| kind == "session").unwrap();
    other.head.plan.kinds[session] = contracts::provider();
    let difference = other.replay(|_, _, _, _| ()).unwrap().difference.unwrap();
    let step = &other.steps[difference.place];
    let asked = |effects: &[winddown_core::Effect], what: Action| {
        let is = |effect: &winddown_core::Effect| matches!(effect, winddown_core::Effect::Perform { action, .. } if *action == what);
        effects.iter().any(is)
    };
    assert!(asked(&step.effects, Action::Disconnect) && !asked(&difference.effects, Action::Disconnect));
}

/// Whether a body was seen to go after the exit is not the engine's to know.
fn engines_own(report: &winddown_host::Report) -> winddown_core::Report {
    let mut whole = report.whole.clone();
    for unit in &mut whole.units {
        unit.lingers = unit.status == winddown_host::Status::Stopped && unit.lingers;
    }
    whole
}

#[tokio::test]
async fn a_host_that_is_gone_leaves_a_journal_as_far_as_it_went() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("journal");
    let host = described(&Memory::new()).unit("idle", Unit::task("task", idle)).journal(&file);
    let host = host.start().await.unwrap();
    host.start("idle").await.unwrap();
    // The thread hands over what it has as soon as nothing more comes.
    let mut steps = 0;
    while steps < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        steps = read(&file).steps.len();
    }
    assert_eq!(read(&file).replay(|_, _, _, _| ()).unwrap().difference, None);
    host.shutdown(Shutdown::default()).await.unwrap();
}

#[tokio::test]
async fn a_journal_of_another_run_is_not_written_over() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("journal");
    std::fs::write(&file, "somebody's only copy").unwrap();
    let error = described(&Memory::new()).journal(&file).start().await.unwrap_err();
    assert!(matches!(&error, StartError::Journal { .. }), "{error}");
    assert!(error.to_string().contains(file.to_str().unwrap()), "{error}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "somebody's only copy");
}

/// A disk that is full after so many bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 =
            self.0.checked_sub(bytes.len()).ok_or_else(|| io::Error::from(io::ErrorKind::StorageFull))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_journal_that_cannot_be_written_stops_nothing_and_is_in_the_report() {
    let host = described(&Memory::new()).unit("idle", Unit::task("task", idle)).journal_to(Full(6_000));
    let (tell, told) = mpsc::channel();
    let host = host.on_remark(move |remark| tell.send(remark.to_owned()).unwrap()).start().await.unwrap();
    let mut remarks = Vec::new();
    for _ in 0..10_000 {
        host.start("idle").await.unwrap();
        host.stop("idle").await.unwrap();
        remarks.extend(told.try_iter());
        if !remarks.is_empty() {
            break;
        }
    }
    // It is told when it happens, and once.
    for _ in 0..10 {
        host.start("idle").await.unwrap();
        host.stop("idle").await.unwrap();
    }
    remarks.extend(told.try_iter());
    assert!(
        matches!(&*remarks, [one] if one.starts_with("the journal ends early: no storage")),
        "{remarks:?}"
    );
    let report = host.shutdown(Shutdown::default()).await.unwrap();
    assert_eq!(report.code(), 0, "{report}");
    assert!(report.to_string().contains("the journal ends early: no storage space"), "{report}");
    let error = described(&Memory::new()).journal_to(Full(0)).start().await.unwrap_err();
    assert!(matches!(error, StartError::Journal { .. }), "{error}");
}
