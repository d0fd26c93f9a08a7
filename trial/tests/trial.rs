//! What a trial shows of services that stop well, and of those that do not.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../examples/queue.rs"]
#[expect(dead_code, reason = "its main is not run here")]
mod queue;

use std::{
    future::pending,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::time::sleep;
use winddown_host::{BodyResult, Builder, Context, Host, Phase, Span, Unit, contracts};
use winddown_trial::{Refused, Trial, Trouble, Verdict};

const SECOND: Duration = Duration::from_secs(1);

/// A service of one unit.
fn service<B, F>(body: B) -> Builder
where
    B: Fn(Context) -> F + Send + Sync + 'static,
    F: Future<Output = BodyResult> + Send + 'static,
{
    kinds().unit("worker", Unit::task("task", body))
}

fn kinds() -> Builder {
    Host::builder()
        .kind("task", contracts::task(Span::from_secs(5)))
        .kind("engagement", contracts::engagement())
        .kind("container", contracts::container())
}

/// Works for ever, and listens where it waits.
async fn polite(context: Context) -> BodyResult {
    let done = context.state().map_or(0, |state| state.len());
    for place in done.. {
        context.wait(sleep(SECOND)).await?;
        context.record((format!("place {place}"), "")).await;
        context.keep(vec![0; place + 1]);
    }
    Ok(())
}

fn tried(service: impl Fn() -> Builder + Send + Sync + 'static) -> Verdict {
    Trial::of(service).runs(200).run().unwrap()
}

/// Everything that was noticed.
fn noticed(verdict: &Verdict) -> Vec<(Trouble, Option<&str>)> {
    verdict.defects.iter().map(|it| (it.trouble, it.unit.as_deref())).collect()
}

#[test]
fn nothing_is_said_of_a_service_that_stops_well() {
    let verdict =
        tried(|| service(polite).signals().unit("other", Unit::task("engagement", polite).needs("worker")));
    assert!(verdict.is_clean(), "{verdict}");
    assert_eq!(verdict.runs, 200);
    assert!(verdict.shutdowns > 200 && verdict.crashes > 20 && verdict.stops > 150, "{verdict}");
}

#[test]
fn a_body_that_does_not_listen_is_deaf() {
    let verdict = tried(|| service(|_| async { pending().await }));
    assert_eq!(noticed(&verdict), [(Trouble::Deaf, Some("worker"))], "{verdict}");
    let defect = verdict.defect(Trouble::Deaf, Some("worker")).unwrap();
    assert!(defect.runs > 50, "{verdict}");
    assert!(defect.timeline().contains("abort worker"), "{}", defect.timeline());
    assert!((5..6).contains(&verdict.slowest.unwrap().0.as_secs()), "{verdict}");
    assert!(verdict.to_string().contains("let it wait with Context::wait"), "{verdict}");
}

#[test]
fn a_phase_says_why_it_fails_or_that_it_takes_too_long() {
    let of = |work: fn() -> Pin<Box<dyn Future<Output = BodyResult> + Send>>| {
        let verdict = tried(move || service(polite).on_phase(Phase::UnlinkSocket, work()));
        assert_eq!(noticed(&verdict), [(Trouble::Phase, None)], "{verdict}");
        verdict.to_string()
    };
    let fails = of(|| Box::pin(async { Err("the socket is somebody else's".into()) }));
    assert!(fails.contains("the phase unlink-socket fails: the socket is somebody else's"), "{fails}");
    let lasts = of(|| Box::pin(pending()));
    assert!(lasts.contains("the phase unlink-socket takes too long"), "{lasts}");
}

#[test]
fn a_body_that_does_not_hold_still_is_restless() {
    let verdict = tried(|| {
        kinds().unit(
            "worker",
            Unit::task("engagement", |_| async {
                sleep(369 * SECOND).await;
                Ok(())
            }),
        )
    });
    assert_eq!(noticed(&verdict), [(Trouble::Restless, Some("worker"))], "{verdict}");
    assert!(verdict.to_string().contains("or call Context::paused"), "{verdict}");
}

#[test]
fn a_body_that_is_only_dropped_in_the_plan_is_no_trouble() {
    let verdict = tried(|| kinds().unit("worker", Unit::task("container", |_| async { pending().await })));
    assert!(verdict.is_clean(), "{verdict}");
    // What it takes is the writing of its row.
    assert!(verdict.slowest.unwrap().0 < SECOND / 10, "{verdict}");
}

#[test]
fn tasks_that_outlive_their_body_are_seen() {
    let verdict = tried(|| {
        service(|context| async move {
            drop(tokio::spawn(sleep(3_600 * SECOND)));
            drop(tokio::spawn(sleep(3_600 * SECOND)));
            Err(context.cancelled().await.into())
        })
    });
    assert_eq!(noticed(&verdict), [(Trouble::LeftTasks, None)], "{verdict}");
}

/// Starts a task each second that takes 2.5 s, and waits for all of them when it is asked to end.
async fn drains(context: Context) -> BodyResult {
    let mut tasks = Vec::new();
    while context.wait(sleep(SECOND)).await.is_ok() {
        tasks.push(tokio::spawn(sleep(SECOND * 5 / 2)));
    }
    for task in tasks {
        task.await?;
    }
    Ok(())
}

#[test]
fn a_body_that_waits_for_its_tasks_is_not_blamed_where_it_could_not() {
    let verdict = tried(|| {
        let outer = kinds().outer_grace(30 * SECOND);
        outer
            .kind("graceful", contracts::graceful(Span::from_secs(5)))
            .unit("worker", Unit::task("graceful", drains))
    });
    assert!(verdict.is_clean(), "{verdict}");
}

/// What is written to, as long as it works.
fn database(open: &Arc<AtomicBool>) -> Unit {
    let open = Arc::clone(open);
    Unit::task("graceful", move |context| {
        let open = Arc::clone(&open);
        async move {
            open.store(true, Ordering::Relaxed);
            context.cancelled().await;
            open.store(false, Ordering::Relaxed);
            Ok(())
        }
    })
}

/// Writes what it has when it is asked to end.
fn flushing(open: &Arc<AtomicBool>, panics: bool) -> Unit {
    let open = Arc::clone(open);
    Unit::task("graceful", move |context| {
        let open = Arc::clone(&open);
        async move {
            context.cancelled().await;
            sleep(SECOND / 3).await;
            let works = open.load(Ordering::Relaxed);
            assert!(works || !panics, "the database is closed");
            if works { Ok(()) } else { Err("the database is closed".into()) }
        }
    })
}

#[test]
fn a_body_that_goes_wrong_while_it_is_stopped_is_seen() {
    let kinds = || kinds().kind("graceful", contracts::graceful(Span::from_secs(5)));
    for panics in [false, true] {
        let verdict = tried(move || {
            let open = Arc::default();
            kinds().unit("worker", flushing(&open, panics)).unit("database", database(&open).needs("worker"))
        });
        assert_eq!(noticed(&verdict), [(Trouble::Failed, Some("worker"))], "{verdict}");
        let words = &verdict.defects[0].words;
        assert!(words.starts_with("fails while it is stopped: "), "{verdict}");
        assert!(words.ends_with("the database is closed"), "{verdict}");
        // The other way round, it works whenever the host asks, whatever somebody does to the database alone.
        let verdict = tried(move || {
            let open = Arc::default();
            kinds()
                .unit("database", database(&open))
                .unit("worker", flushing(&open, panics).needs("database"))
        });
        assert!(verdict.is_clean(), "{verdict}");
    }
}

#[test]
fn signals_of_the_test_are_left_as_they_are() {
    let verdict = Trial::of(|| service(polite).signals()).runs(20).run().unwrap();
    assert!(verdict.is_clean(), "{verdict}");
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
    let caught = u64::from_str_radix(caught.trim(), 16).unwrap();
    // SIGHUP, SIGINT and SIGTERM.
    assert_eq!(caught & (1 | 1 << 1 | 1 << 14), 0, "{caught:x}");
}

#[test]
fn a_body_that_panics_when_it_goes_on_from_its_checkpoint_is_seen() {
    let verdict = tried(|| {
        kinds().unit(
            "worker",
            Unit::task("engagement", |context: Context| async move {
                assert!(context.state().is_none_or(|state| state.len() < 3), "a state that nobody reads");
                polite(context).await
            }),
        )
    });
    assert_eq!(noticed(&verdict), [(Trouble::Failed, Some("worker"))], "{verdict}");
    assert!(verdict.defects[0].words.contains("a state that nobody reads"), "{verdict}");
}

#[test]
fn ladders_that_do_not_fit_into_the_deadline_are_seen() {
    let verdict = tried(|| {
        Host::builder()
            .kind("slow", contracts::task(Span::from_secs(20)))
            .shutdown(contracts::daemon_shutdown_within(Span::from_secs(10)))
            .unit("first", Unit::task("slow", slow_to_go))
            .unit("second", Unit::task("slow", slow_to_go).needs("first"))
    });
    let [first, second] = [Some("first"), Some("second")];
    let expected = [(Trouble::Overran, first), (Trouble::Overran, second), (Trouble::OutOfOrder, first)];
    assert_eq!(noticed(&verdict), expected, "{verdict}");
}

#[test]
fn an_order_for_which_there_is_no_time_is_seen() {
    let tried_within = |deadline: u64| {
        tried(move || {
            Host::builder()
                .kind("slow", contracts::graceful(Span::from_secs(20)))
                .shutdown(contracts::daemon_shutdown_within(Span::from_secs(deadline)))
                .unit("database", Unit::task("slow", polite))
                .unit("queue", Unit::task("slow", slow_to_go).needs("database"))
                .unit("web", Unit::task("slow", slow_to_go).needs("queue"))
        })
    };
    let verdict = tried_within(70);
    assert!(verdict.is_clean(), "{verdict}");
    // The web takes 8 s, and half of 14 is what there is for it before the queue has to go.
    let verdict = tried_within(14);
    let defect = verdict.defect(Trouble::OutOfOrder, Some("queue")).unwrap();
    assert!(defect.words.contains("while web, which needs it"), "{verdict}");
}

async fn slow_to_go(context: Context) -> BodyResult {
    let cancelled = context.cancelled().await;
    sleep(8 * SECOND).await;
    Err(cancelled.into())
}

#[test]
fn a_body_that_never_yields_does_not_hold_the_trial_up() {
    let trial = Trial::of(|| {
        service(|_| async {
            std::thread::sleep(Duration::from_secs(3_600));
            Ok(())
        })
    });
    let verdict = trial.patience(Duration::from_millis(300)).run().unwrap();
    assert_eq!(noticed(&verdict), [(Trouble::Stuck, None)], "{verdict}");
}

#[test]
fn a_unit_that_never_runs_and_a_host_that_never_starts_are_told() {
    let trial = Trial::of(|| service(polite).owner_cap(1).unit("other", Unit::task("task", polite)));
    let verdict = trial.runs(1).run().unwrap();
    assert_eq!(noticed(&verdict), [(Trouble::NeverRan, Some("other"))], "{verdict}");
    assert!(verdict.defects[0].words.contains("the owner is at its cap"), "{verdict}");
    let verdict = tried(|| service(polite).unit("stray", Unit::task("no such kind", polite)));
    assert_eq!(noticed(&verdict), [(Trouble::NoHost, None)], "{verdict}");
}

#[test]
fn what_is_meant_to_be_so_can_be_allowed() {
    let deaf = || service(|_| async { pending().await });
    let trial = |trial: Trial| trial.runs(50).run().unwrap();
    assert!(trial(Trial::of(deaf).allow(Trouble::Deaf, "worker")).is_clean());
    assert!(trial(Trial::of(deaf).allow_everywhere(Trouble::Deaf)).is_clean());
    assert!(!trial(Trial::of(deaf).allow(Trouble::Deaf, "somebody else")).is_clean());
    assert!(!trial(Trial::of(deaf).allow(Trouble::Restless, "worker")).is_clean());
}

#[test]
fn the_same_seeds_are_the_same_trial() {
    let once =
        || tried(|| service(|_| async { pending().await }).unit("other", Unit::task("engagement", polite)));
    let (one, other) = (once(), once());
    assert_eq!(one, other);
    let seed = one.defects[0].seed;
    let alone =
        Trial::of(|| service(|_| async { pending().await }).unit("other", Unit::task("engagement", polite)));
    let alone = alone.first_seed(seed).runs(1).run().unwrap();
    assert_eq!(alone.defects[0].timeline(), one.defects[0].timeline());
}

/// Records more than one thing at a time, some of which it waits for.
async fn busy(context: Context, saved: Arc<AtomicU32>) -> BodyResult {
    let start = context.incarnation();
    let hasty = async {
        for place in 0.. {
            context.wait(sleep(Duration::from_millis(3))).await?;
            context.record((format!("{start} hasty {place}"), "")).await;
        }
        Ok(())
    };
    let careful = async {
        for place in 0.. {
            let finding = (format!("{start} careful {place}"), "");
            let done = context.wait(context.record_durable(finding)).await?;
            saved.fetch_add(u32::from(done.is_ok()), Ordering::Relaxed);
            context.wait(sleep(Duration::from_millis(1))).await?;
        }
        Ok(())
    };
    tokio::try_join!(hasty, careful).map(|_: ((), ())| ())
}

#[test]
fn nothing_that_was_durable_is_lost_whatever_the_disk_does() {
    // Findings that were acknowledged, in all runs.
    let saved = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&saved);
    let trial = Trial::of(move || {
        let count = Arc::clone(&count);
        service(move |context| busy(context, Arc::clone(&count)))
    });
    let verdict = trial.within(SECOND / 4).run().unwrap();
    assert!(verdict.is_clean(), "{verdict}");
    assert!(saved.load(Ordering::Relaxed) > 1_000);
}

#[test]
fn a_trial_of_nothing_is_refused() {
    assert_eq!(Trial::of(|| service(polite)).runs(0).run(), Err(Refused::NoRuns));
    assert_eq!(Trial::of(kinds).run(), Err(Refused::NoUnits));
    // The last seed there is is one, too.
    let verdict = Trial::of(|| service(polite)).first_seed(u64::MAX).runs(2).run().unwrap();
    assert_eq!((verdict.runs, verdict.is_clean()), (2, true), "{verdict}");
}

/// What README shows is what its example says.
#[test]
fn readme_is_true() {
    let readme = std::fs::read_to_string("../README.md").unwrap();
    let verdict = Trial::of(queue::service).run().unwrap();
    assert!(readme.contains(&format!("```text\n{verdict}```\n")), "{verdict}");
    let timeline = verdict.defects[0].timeline();
    let shown = readme.split("```text\n   time  123  what\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(shown.lines().count() > 5);
    for line in shown.lines() {
        assert!(timeline.contains(line), "{line}\n\n{timeline}");
    }
}

#[test]
fn processes_are_refused() {
    let sidecar = || kinds().kind("process", contracts::session()).unit("worker", Unit::task("task", polite));
    let refused = Trial::of(move || sidecar().unit("sidecar", Unit::command("process", ("sh", ["-c"]))))
        .run()
        .unwrap_err();
    assert_eq!(
        refused,
        Refused::Processes { kind: Arc::from("process"), units: vec![Arc::from("sidecar")] },
        "by name, and with what is of it"
    );
    let told = refused.to_string();
    assert!(told.contains(r#"kind "process""#) && told.contains("(sidecar)"), "{told}");
}

#[test]
#[should_panic = "worker: does not end when it is asked to"]
fn a_test_fails_with_what_was_noticed() {
    Trial::of(|| service(|_| async { pending().await })).runs(50).check();
}
