//! A second host over what the first one left on disk.

use std::{future::pending, path::Path, time::Duration};

use winddown_host::{
    BodyResult, Builder, Context, Error, Host, Kind, Notice, REASON_MAX, Restart, Shutdown, Span, StartError,
    Status, Unit, contracts,
};

use crate::harness::{and_then_crash, idle, kinds, names, until};

fn on_disk(directory: &Path) -> Builder {
    kinds(Host::builder()).sqlite(directory.join("state.db"))
}

async fn finds(context: Context) -> BodyResult {
    context.record(("plain", "written behind")).await;
    context.record_durable(("durable", "acknowledged")).await?;
    pending().await
}

#[test]
fn what_ran_has_failed_and_what_was_found_comes_back() {
    let directory = tempfile::tempdir().unwrap();
    and_then_crash(|| async {
        let host = on_disk(directory.path())
            .unit("scan", Unit::task("engagement", finds).owner("ann"))
            .unit("idle", Unit::task("task", idle))
            .start()
            .await
            .unwrap();
        host.start("scan").await.unwrap();
        while host.inspect("scan").await.unwrap().saved < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    and_then_crash(|| async {
        let host = on_disk(directory.path()).start().await.unwrap();
        let info = host.inspect("scan").await.unwrap();
        assert_eq!((info.status, info.incarnation, info.recorded, info.saved), (Status::Failed, 1, 2, 2));
        assert_eq!((&*info.kind, &*info.owner), ("engagement", "ann"));
        assert_eq!(info.reason.as_deref(), Some("the host that ran it was gone without a stop"));
        assert_eq!(names(&host.findings("scan", 0, 9).await.unwrap()), ["plain", "durable"]);
        assert_eq!(host.inspect("idle").await.unwrap().status, Status::Pending, "it never ran");

        // Nobody has said what its body is: it is known, and cannot run.
        let mut news = host.news();
        host.start("scan").await.unwrap();
        until(&mut news, "scan", Notice::Failed).await;
        host.declare("scan", Unit::task("engagement", finds).owner("ann")).await.unwrap();
        host.start("scan").await.unwrap();
        while host.inspect("scan").await.unwrap().incarnation < 3 {}
        let report = host.shutdown(Shutdown::default()).await.unwrap();
        let unit = report.unit("scan").unwrap();
        assert_eq!((report.code(), unit.recorded), (0, 2), "found again is not found twice: {report}");
    });
}

#[test]
fn a_plain_finding_is_on_disk_soon_though_nobody_waits_for_it() {
    let directory = tempfile::tempdir().unwrap();
    let finds = async |context: Context| -> BodyResult {
        context.record(("plain", "written behind")).await;
        pending().await
    };
    and_then_crash(|| async {
        let host = on_disk(directory.path()).unit("scan", Unit::task("engagement", finds));
        let host = host.start().await.unwrap();
        host.start("scan").await.unwrap();
        while host.inspect("scan").await.unwrap().recorded == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    and_then_crash(|| async {
        let host = on_disk(directory.path()).start().await.unwrap();
        assert_eq!(names(&host.findings("scan", 0, 9).await.unwrap()), ["plain"]);
        assert_eq!(host.inspect("scan").await.unwrap().saved, 1);
    });
}

#[test]
fn what_always_runs_runs_again() {
    let directory = tempfile::tempdir().unwrap();
    let restart = Restart::Always { backoff: Span::from_millis(1) };
    let always = || Kind { restart, ..contracts::task(Span::from_secs(1)) };
    for incarnation in 1..4 {
        and_then_crash(|| async {
            let builder = on_disk(directory.path()).kind("always", always());
            let host = builder.unit("web", Unit::task("always", idle)).start().await.unwrap();
            if incarnation == 1 {
                host.start("web").await.unwrap();
            }
            let is_up = async || {
                let info = host.inspect("web").await.unwrap();
                (info.incarnation, info.status) == (incarnation, Status::Running)
            };
            while !is_up().await {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            // On record, so that the next host knows.
            host.findings("web", 0, 0).await.unwrap();
        });
    }
}

#[test]
fn a_kind_that_is_gone_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    and_then_crash(|| async {
        let unit = Unit::task("odd", idle);
        let host = on_disk(directory.path()).kind("odd", contracts::container()).unit("one", unit);
        let host = host.start().await.unwrap();
        host.start("one").await.unwrap();
        host.findings("one", 0, 0).await.unwrap();
    });
    and_then_crash(|| async {
        let error = on_disk(directory.path()).start().await.unwrap_err();
        assert!(matches!(&error, StartError::KindsMissing(_)), "{error}");
        assert!(error.to_string().contains("\"odd\"") && error.to_string().contains("register the kind"));
    });
}

#[test]
fn a_database_that_cannot_be_read_is_not_taken_for_an_empty_one() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("state.db");
    std::fs::write(&file, "no database at all, but somebody's only copy").unwrap();
    and_then_crash(|| async {
        let error = on_disk(directory.path()).start().await.unwrap_err();
        assert!(matches!(&error, StartError::Store(_)) && error.to_string().contains("state.db"), "{error}");
    });
    assert_eq!(std::fs::read(&file).unwrap(), b"no database at all, but somebody's only copy");
}

#[test]
fn why_it_was_cancelled_is_known_to_the_next_host_as_well() {
    let directory = tempfile::tempdir().unwrap();
    let units = |builder: Builder| {
        builder
            .unit("stated", Unit::task("task", idle))
            .unit("usual", Unit::task("task", idle))
            .unit("again", Unit::task("task", idle))
    };
    and_then_crash(|| async {
        let host = units(on_disk(directory.path())).start().await.unwrap();
        for unit in ["stated", "usual", "again"] {
            host.start(unit).await.unwrap();
        }
        let long = "x".repeat(REASON_MAX + 1);
        assert_eq!(host.cancel("stated", &*long).await, Err(Error::LongReason(REASON_MAX + 1)));
        assert_eq!(host.inspect("stated").await.unwrap().status, Status::Running, "nothing has changed");
        assert!(host.cancel("stated", "too slow, \0 \u{1f40c}").await.unwrap());
        assert!(host.cancel("usual", "").await.unwrap());
        assert!(host.cancel("again", &long[1..]).await.unwrap());
        host.start("again").await.unwrap();
    });
    let reason = async |host: &Host, unit: &str| host.inspect(unit).await.unwrap().reason.unwrap();
    and_then_crash(|| async {
        let host = units(on_disk(directory.path())).start().await.unwrap();
        assert_eq!(&*reason(&host, "stated").await, "too slow, \0 \u{1f40c}");
        assert_eq!(&*reason(&host, "usual").await, "Cancelled by user");
        let lost = "the host that ran it was gone without a stop";
        assert_eq!(&*reason(&host, "again").await, lost, "that start was not cancelled");
        let report = host.shutdown(Shutdown::default()).await.unwrap();
        let stated: Vec<_> = report.stated.iter().map(|(unit, text)| (report.name(*unit), &**text)).collect();
        assert_eq!(stated, [("stated", "too slow, \0 \u{1f40c}")]);
    });
}
