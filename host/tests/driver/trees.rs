//! What a whole process tree is told, whoever has left its group.

use std::{fs, time::Duration};

use tokio::time::sleep;
use winddown_host::{Host, Notice, Shutdown, store::Memory};

use crate::{
    harness::until,
    processes::{number_in, sh, with_sessions},
};

/// Two that write down how often they are asked to end, and go on: one in the group, and one outside of it.
const TWO_EARS: &str = r#"
    ear='trap "echo asked >> $1" TERM; echo $$ > $1.pid; while :; do sleep 0.02; done'
    sh -c "$ear" - $D/inside & setsid sh -c "$ear" - $D/outside &
"#;

#[tokio::test]
async fn who_left_the_group_is_asked_before_it_is_ended_and_nobody_twice() {
    for (first, wait) in [("goes at once", "wait"), ("lives on", "trap '' TERM; wait")] {
        let directory = tempfile::tempdir().unwrap();
        let unit = sh(&directory, &format!("{TWO_EARS} {wait}"));
        let host = with_sessions(Host::builder().memory(&Memory::new())).unit("one", unit);
        let host = host.start().await.unwrap();
        host.start("one").await.unwrap();
        for ear in ["inside", "outside"] {
            number_in(&directory.path().join(format!("{ear}.pid"))).await;
        }
        // The first one sets its own trap meanwhile.
        sleep(Duration::from_millis(50)).await;
        assert!(!host.stop("one").await.unwrap().leaked);
        for ear in ["inside", "outside"] {
            let asked = fs::read_to_string(directory.path().join(ear)).unwrap_or_default();
            assert_eq!(asked, "asked\n", "the first one {first}: {ear}");
        }
    }
}

/// A script that counts: it holds still, goes on, and can be stopped while it holds still.
async fn check_that_it_holds_still(script: &str) {
    let directory = tempfile::tempdir().unwrap();
    let count = directory.path().join("count");
    let host = with_sessions(Host::builder().memory(&Memory::new())).unit("one", sh(&directory, script));
    let host = host.start().await.unwrap();
    let mut news = host.news();
    let size = || fs::metadata(&count).map_or(0, |it| it.len());
    host.start("one").await.unwrap();
    while size() == 0 {
        sleep(Duration::from_millis(5)).await;
    }
    for _ in 0..2 {
        host.pause("one").await.unwrap();
        until(&mut news, "one", Notice::Paused).await;
        sleep(Duration::from_millis(20)).await;
        let before = size();
        sleep(Duration::from_millis(150)).await;
        assert_eq!(size(), before);
        host.resume("one").await.unwrap();
        while size() == before {
            sleep(Duration::from_millis(5)).await;
        }
    }
    host.pause("one").await.unwrap();
    until(&mut news, "one", Notice::Paused).await;
    assert!(!host.stop("one").await.unwrap().leaked);
    let report = host.shutdown(Shutdown::default()).await.unwrap();
    assert_eq!(report.unit("one").unwrap().failed, None, "all of them heard that they have to go: {report}");
}

#[tokio::test]
async fn a_process_holds_still_and_goes_on_and_can_be_stopped_while_it_does() {
    check_that_it_holds_still("while :; do echo x >> $D/count; sleep 0.01; done").await;
}

#[tokio::test]
async fn who_left_the_group_holds_still_with_the_others_and_goes_on_with_them() {
    check_that_it_holds_still("setsid sh -c 'while :; do echo x >> $D/count; sleep 0.01; done' & wait").await;
}
