//! From the declaration of a unit to the report of its host.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use winddown_host::{
    Action, BodyResult, Context, Ending, Error, Host, Kind, Ladder, Notice, Phase, Restart, Rung, Shutdown,
    Span, StartError, Status, Stop, Stopped, Unit, Why, contracts, store::Memory,
};

use crate::harness::{deaf, described, idle, names, until};

#[tokio::test]
async fn a_host_starts_stops_and_shuts_down() {
    let memory = Memory::new();
    let host = described(&memory).unit("one", Unit::task("engagement", idle)).start().await.unwrap();
    host.start("one").await.unwrap();
    assert_eq!(host.inspect("one").await.unwrap().status, Status::Running);
    assert_eq!(host.start("one").await, Err(Error::Refused(Why::AlreadyRunning)));

    let stopped = host.stop_as("one", Stop::forced()).await.unwrap();
    assert_eq!(stopped, Stopped { status: Status::Stopped, leaked: false });
    host.start("one").await.unwrap();
    let report = host.shutdown(Shutdown::forced()).await.unwrap();
    assert_eq!((report.code(), report.unit("one").unwrap().status), (0, Status::Stopped), "{report}");
    assert_eq!(host.start("one").await, Err(Error::Gone));
    assert_eq!(*host.shutdown(Shutdown::default()).await.unwrap(), *report, "the report stays");
}

#[tokio::test]
async fn what_was_found_is_there_after_the_shutdown() {
    let memory = Memory::new();
    let body = async |context: Context| {
        context.record(("login", "an admin page")).await;
        context.record(("login", "told twice")).await;
        context.record(("sql", "an injection")).await;
        context.progress("two pages of nine");
        Err(context.cancelled().await.into())
    };
    let host = described(&memory).unit("scan", Unit::task("task", body)).start().await.unwrap();
    let mut news = host.subscribe("scan").await.unwrap();
    host.start("scan").await.unwrap();
    let told = until(&mut news, "scan", Notice::Progress).await;
    assert_eq!(told.text.as_deref(), Some("two pages of nine"));
    assert_eq!(names(&host.findings("scan", 0, 9).await.unwrap()), ["login", "sql"], "written behind");

    let report = host.shutdown(Shutdown::default()).await.unwrap();
    let unit = report.unit("scan").unwrap();
    assert_eq!((report.code(), unit.recorded, unit.saved), (0, 2, 2), "{report}");
}

#[tokio::test]
async fn a_cancel_reaches_the_body_with_its_reason() {
    let memory = Memory::new();
    let body = async |context: Context| -> BodyResult {
        let why = context.cancelled().await;
        context.record(("reason", &*why.reason)).await;
        Err(why.into())
    };
    let host = described(&memory).unit("nav", Unit::task("task", body)).start().await.unwrap();
    assert_eq!(host.cancel("nav", "too early").await, Ok(false), "nothing runs");
    host.start("nav").await.unwrap();
    assert_eq!(host.cancel("nav", "the user left").await, Ok(true));
    assert_eq!(host.cancel("nav", "again").await, Ok(false));
    let info = host.inspect("nav").await.unwrap();
    assert_eq!((info.status, info.reason.as_deref()), (Status::Cancelled, Some("the user left")));
    assert_eq!(host.cancel("nobody", "").await, Err(Error::UnknownUnit("nobody".into())));

    let report = host.shutdown(Shutdown::default()).await.unwrap();
    assert_eq!(report.code(), 0, "{report}");
    let found = described(&memory).start().await.unwrap().findings("nav", 0, 9).await.unwrap();
    assert_eq!(&*found[0].data, b"the user left");
}

#[tokio::test]
async fn a_body_that_panics_is_a_failed_unit_and_not_a_dead_host() {
    let memory = Memory::new();
    let at_once = |_: Context| -> std::future::Ready<BodyResult> { panic!("before it began") };
    let later = async |context: Context| -> BodyResult {
        context.record(("last", "words")).await;
        tokio::task::yield_now().await;
        panic!("out of cheese")
    };
    let host = described(&memory)
        .unit("at once", Unit::task("engagement", at_once))
        .unit("later", Unit::task("engagement", later))
        .unit("calm", Unit::task("task", idle))
        .start()
        .await
        .unwrap();
    let mut news = host.news();
    for unit in ["calm", "at once", "later"] {
        host.start(unit).await.unwrap();
    }
    let told = until(&mut news, "at once", Notice::Failed).await;
    assert_eq!(told.text.as_deref(), Some("panicked: before it began"));
    let told = until(&mut news, "later", Notice::Failed).await;
    assert_eq!(told.text.as_deref(), Some("panicked: out of cheese"));
    let info = host.inspect("later").await.unwrap();
    assert_eq!((info.status, info.recorded, info.saved), (Status::Failed, 1, 1));
    assert_eq!(host.inspect("calm").await.unwrap().status, Status::Running);
    assert_eq!(host.shutdown(Shutdown::default()).await.unwrap().code(), 0);
}

#[tokio::test]
async fn a_body_may_stop_itself() {
    let memory = Memory::new();
    let body = async |context: Context| -> BodyResult {
        context.stop().await?;
        Err(context.cancelled().await.into())
    };
    let host = described(&memory).unit("one", Unit::task("container", body)).start().await.unwrap();
    let mut news = host.news();
    host.start("one").await.unwrap();
    until(&mut news, "one", Notice::Stopped).await;
    assert_eq!(host.stop("one").await.unwrap().status, Status::Stopped);
}

#[tokio::test]
async fn artifacts_go_in_their_phase_and_what_goes_wrong_there_is_told() {
    let memory = Memory::new();
    let unlinked = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&unlinked);
    let host = described(&memory)
        .unit("deaf", Unit::task("container", deaf))
        .on_phase(Phase::CloseListener, async { panic!("no such listener") })
        .on_phase(Phase::CloseListener, async move {
            seen.store(true, Ordering::SeqCst);
            Ok(())
        })
        .on_phase(Phase::UnlinkSocket, async { Ok(()) })
        .on_phase(Phase::RemovePidFile, async { Err("permission denied".into()) })
        .start()
        .await
        .unwrap();
    host.start("deaf").await.unwrap();
    let report = host.shutdown(Shutdown::default()).await.unwrap();
    assert!(unlinked.load(Ordering::SeqCst), "a panic does not keep others from what they do");
    assert_eq!(report.code(), 1);
    assert_eq!(report.whole.failed_phases, [Phase::CloseListener, Phase::RemovePidFile]);
    let told =
        ["phase close-listener: panicked: no such listener", "phase remove-pid-file: permission denied"];
    assert_eq!(report.remarks, told);
}

#[tokio::test]
async fn what_makes_no_sense_is_said_before_anything_runs() {
    let memory = Memory::new();
    let error = |builder: winddown_host::Builder| async { builder.start().await.unwrap_err().to_string() };
    let twice = described(&memory).kind("task", contracts::container());
    assert!(matches!(twice.start().await, Err(StartError::KindTwice(_))));
    assert!(matches!(Host::builder().start().await, Err(StartError::NoStore)));
    let unknown = described(&memory).unit("one", Unit::task("oven", idle));
    assert!(error(unknown).await.contains("register it with Builder::kind"));
    let early = described(&memory)
        .unit("web", Unit::task("task", idle).needs("db"))
        .unit("db", Unit::task("task", idle));
    assert!(
        error(early)
            .await
            .ends_with("no unit is called \"db\": what a unit needs has to be declared before it")
    );
    let leased = described(&memory).on_phase(Phase::ReleaseLease, async { Ok(()) });
    assert!(error(leased).await.contains("has no phase release-lease"));
    let leased = described(&memory).on_phase(Phase::ReleaseLease, async { Ok(()) });
    let ladder = contracts::leased_shutdown(Span::from_secs(5));
    leased.shutdown(ladder).start().await.expect("that one has it");
    let host = described(&memory).start().await.unwrap();
    for name in ["", "two\nlines", "\u{1b}[31m", &"x".repeat(256)] {
        let builder = described(&memory).unit(name, Unit::task("task", idle));
        assert!(error(builder).await.contains("cannot be a unit's name: expected 1 to 255 bytes"));
        let declared = host.declare(name, Unit::task("task", idle)).await.unwrap_err();
        assert!(declared.to_string().contains("cannot be a unit's name"), "{declared}");
    }
    let never = described(&memory).on_phase(Phase::StopUnits, async { Ok(()) });
    assert!(matches!(never.start().await, Err(StartError::NeverWound(Phase::StopUnits))));
}

#[tokio::test]
async fn what_others_need_stops_after_them_and_stays_known_while_they_are() {
    let memory = Memory::new();
    let gone = Arc::new(Mutex::new(Vec::new()));
    let body = || {
        let gone = Arc::clone(&gone);
        Unit::task("task", move |context: Context| {
            let gone = Arc::clone(&gone);
            async move {
                let why = context.cancelled().await;
                // Long enough for the other one to overtake, if it were asked already.
                tokio::time::sleep(Duration::from_millis(20)).await;
                gone.lock().unwrap().push(context.name().to_owned());
                Err(why.into())
            }
        })
    };
    let host = described(&memory).unit("db", body()).unit("web", body().needs("db")).start().await.unwrap();
    for unit in ["db", "web"] {
        host.start(unit).await.unwrap();
    }
    assert_eq!(host.remove("db").await, Err(Error::Refused(Why::StillActive)));
    host.shutdown(Shutdown::default()).await.unwrap();
    assert_eq!(*gone.lock().unwrap(), ["web", "db"]);
}

#[tokio::test]
async fn a_task_ends_with_its_host_whatever_its_ladder_says() {
    struct Guard(Arc<AtomicBool>);
    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let dropped = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&dropped);
    let body = move |context: Context| {
        let guard = Guard(Arc::clone(&seen));
        async move {
            let _guard = guard;
            deaf(context).await
        }
    };
    let rungs = vec![Rung::new(Action::RequestCancel, Span::ZERO).always()];
    let asked = Kind { ladder: Ladder::of_unit(rungs, None), ..contracts::container() };
    let host = described(&Memory::new()).kind("asked", asked).unit("deaf", Unit::task("asked", body));
    let host = host.start().await.unwrap();
    host.start("deaf").await.unwrap();
    let report = host.shutdown(Shutdown::default()).await.unwrap();
    assert!(dropped.load(Ordering::SeqCst));
    assert!(!report.unit("deaf").unwrap().lingers, "it was seen to go: {report}");
}

#[tokio::test]
async fn what_needs_another_unit_comes_after_it_also_where_numbers_are_given_again() {
    let host = described(&Memory::new())
        .unit("first", Unit::task("container", idle))
        .unit("db", Unit::task("container", idle))
        .start()
        .await
        .unwrap();
    host.remove("first").await.unwrap();
    host.declare("web", Unit::task("container", idle).needs("db")).await.unwrap();
    host.declare("other", Unit::task("container", idle)).await.unwrap();
    let names: Vec<_> = host.list().await.unwrap().into_iter().map(|unit| unit.name).collect();
    assert_eq!(names.iter().map(|name| &**name).collect::<Vec<_>>(), ["other", "db", "web"]);
    assert_eq!(host.remove("db").await, Err(Error::Refused(Why::Needed)));
}

#[tokio::test]
async fn what_needs_another_unit_can_be_removed_and_then_so_can_the_other() {
    let host = described(&Memory::new())
        .unit("db", Unit::task("container", idle))
        .unit("web", Unit::task("container", idle).needs("db"))
        .start()
        .await
        .unwrap();
    for round in 1..=3 {
        for unit in ["db", "web"] {
            host.start(unit).await.unwrap();
        }
        host.stop("web").await.unwrap();
        host.remove("web").await.unwrap();
        host.stop("db").await.unwrap();
        host.remove("db").await.unwrap();
        assert_eq!(host.list().await.unwrap(), [], "round {round}");
        host.declare("db", Unit::task("container", idle)).await.unwrap();
        host.declare("web", Unit::task("container", idle).needs("db")).await.unwrap();
        let refused = host.remove("db").await.unwrap_err();
        assert_eq!(refused.to_string(), "refused: others need it");
    }
    assert_eq!(host.shutdown(Shutdown::default()).await.unwrap().code(), 0);
}

#[tokio::test]
async fn what_waits_for_its_next_start_is_told_so_with_its_last_error() {
    let again = Restart::Always { backoff: Span::from_secs(3600) };
    let kind = Kind { restart: again, ..contracts::container() };
    let body = async |_: Context| -> BodyResult { Err("no database".into()) };
    let host = described(&Memory::new()).kind("again", kind);
    let host =
        ["waits", "stopped"].iter().fold(host, |host, name| host.unit(*name, Unit::task("again", body)));
    let host = host.unit("idle", Unit::task("again", body)).start().await.unwrap();
    for unit in ["waits", "stopped"] {
        host.start(unit).await.unwrap();
        loop {
            let info = host.inspect(unit).await.unwrap();
            if (info.status, info.incarnation) == (Status::Pending, 2) {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    host.stop("stopped").await.unwrap();
    let report = host.shutdown(Shutdown::default()).await.unwrap();
    let ending = |name: &str| report.unit(name).unwrap().ending;
    assert_eq!(ending("waits"), Ending::BetweenStarts, "{report}");
    assert_eq!(ending("stopped"), Ending::BetweenStarts, "{report}");
    assert_eq!(ending("idle"), Ending::NotStarted, "{report}");
    let told = report.to_string();
    assert!(told.contains("  waits pending: waits for start 2; its error: no database"), "{told}");
    assert!(!told.contains("idle"), "{told}");
}

#[tokio::test]
async fn a_removed_unit_gives_its_name_and_its_number_back() {
    let memory = Memory::new();
    let host = described(&memory).start().await.unwrap();
    for round in 1..=3 {
        host.declare("one", Unit::task("container", idle)).await.unwrap();
        let again = host.declare("one", Unit::task("container", idle)).await;
        assert_eq!(again, Err(Error::NameTaken("one".into())));
        host.start("one").await.unwrap();
        assert_eq!(host.remove("one").await, Err(Error::Refused(Why::StillActive)));
        host.stop("one").await.unwrap();
        host.remove("one").await.unwrap();
        assert_eq!(host.list().await.unwrap(), [], "round {round}");
    }
    let report = host.shutdown(Shutdown::default()).await.unwrap();
    assert_eq!((report.code(), report.whole.units.len()), (0, 0));
}
