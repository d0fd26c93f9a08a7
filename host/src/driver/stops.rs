//! Stops are told: each once, and as it ended.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use winddown_core::{Action, Ending, Kind, contracts};

use crate::{BodyResult, Builder, Context, Host, Shutdown, Span, Unit, store::Memory};

type Counts = Arc<Mutex<HashMap<(Ending, bool), u32>>>;

/// A host that counts its stops by how they ended, and whether a rung had failed.
fn counting(kind: Kind) -> (Builder, Counts) {
    let counts = Counts::default();
    let count = Arc::clone(&counts);
    let builder = Host::builder().kind("kind", kind).memory(&Memory::default()).on_stopped(move |stop| {
        let mut counts = count.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((stop.report.ending, stop.report.failed.is_some())).or_default() += 1;
    });
    (builder, counts)
}

fn counted(counts: &Counts) -> HashMap<(Ending, bool), u32> {
    counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

async fn polite(context: Context) -> BodyResult {
    Err(context.cancelled().await.into())
}

/// Holds still and ends as it is asked to, so that its checkpoint holds its final row.
async fn working(context: Context) -> BodyResult {
    Ok(context.wait(std::future::pending()).await?)
}

async fn deaf(_: Context) -> BodyResult {
    std::future::pending().await
}

const ON_CANCEL: Ending = Ending::OnRung(Action::RequestCancel);

#[tokio::test]
async fn of_ten_thousand_stops_at_once_each_is_told() {
    const UNITS: u32 = 10_000;
    let task = || contracts::task(Span::from_secs(60));
    // An engagement's body would have to hold still, and this one does not listen for that.
    let kinds = [(task(), (ON_CANCEL, false)), (contracts::engagement(), (Ending::Unseen, true))];
    for (kind, how) in kinds {
        let (mut builder, counts) = counting(kind);
        for number in 0..UNITS {
            builder = builder.unit(format!("unit-{number}"), Unit::task("kind", polite));
        }
        let host = builder.start().await.unwrap();
        for number in 0..UNITS {
            host.start(format!("unit-{number}")).await.unwrap();
        }
        assert_eq!(counted(&counts), HashMap::new());
        host.shutdown(Shutdown::default()).await.unwrap();
        assert_eq!(counted(&counts), HashMap::from([(how, UNITS)]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_is_told_as_it_ended_whatever_comes_after_it() {
    let (builder, counts) = counting(contracts::task(Span::from_secs(5)));
    let builder = builder
        .unit("polite", Unit::task("kind", polite))
        .unit("deaf", Unit::task("kind", deaf))
        .unit("short", Unit::task("kind", async |_: Context| Ok(())));
    let host = builder.start().await.unwrap();
    for unit in ["polite", "deaf", "short"] {
        host.start(unit).await.unwrap();
    }
    host.stop("deaf").await.unwrap();
    let mut expected = HashMap::from([((Ending::Unseen, true), 1)]);
    assert_eq!(counted(&counts), expected, "before the answer, with the rung that failed");
    host.restart("polite").await.unwrap();
    host.restart("polite").await.unwrap();
    expected.insert((ON_CANCEL, false), 2);
    assert_eq!(counted(&counts), expected, "on which rung, although the unit runs again");
    host.shutdown(Shutdown::default()).await.unwrap();
    expected.insert((ON_CANCEL, false), 3);
    assert_eq!(counted(&counts), expected, "and what ended by itself was not stopped");
}

#[tokio::test]
async fn each_restart_is_a_stop_under_every_contract() {
    for kind in [contracts::task(Span::from_secs(60)), contracts::engagement(), contracts::session()] {
        let (builder, counts) = counting(kind);
        let builder = builder.unit("unit", Unit::task("kind", working));
        let host = builder.start().await.unwrap();
        host.start("unit").await.unwrap();
        for restarts in 1..=5 {
            host.restart("unit").await.unwrap();
            assert_eq!(counted(&counts).values().sum::<u32>(), restarts);
        }
        host.shutdown(Shutdown::default()).await.unwrap();
        let counts = counted(&counts);
        assert_eq!(counts.values().sum::<u32>(), 6, "and the shutdown's");
        assert!(counts.keys().all(|(ending, _)| matches!(ending, Ending::OnRung(_) | Ending::Unseen)));
    }
}
