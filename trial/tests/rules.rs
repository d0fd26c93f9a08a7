//! Rules of a service's own, on what each life of the host left.

use std::time::Duration;

use tokio::time::sleep;
use winddown_host::{BodyResult, Context, Host, Span, Unit, contracts};
use winddown_trial::{Trial, Trouble};

/// Takes a job each second, and writes down what is done once it has some; `in_the_end` as well, when it is to end.
async fn buffers(context: Context, in_the_end: bool) -> BodyResult {
    let (start, mut buffer) = (context.incarnation(), Vec::new());
    for job in 0.. {
        let cancelled = context.wait(sleep(Duration::from_secs(1))).await.is_err();
        if cancelled && !in_the_end {
            break;
        }
        if !cancelled {
            buffer.push(format!("{start}, {job}"));
            context.record((format!("took {start}, {job}"), "")).await;
        }
        if cancelled || buffer.len() == 10 {
            for done in buffer.drain(..) {
                context.record((format!("done {done}"), "")).await;
            }
        }
        if cancelled {
            break;
        }
    }
    Ok(())
}

#[test]
fn work_that_is_lost_breaks_a_rule_of_the_service() {
    let tried = |in_the_end| {
        let trial = Trial::of(move || {
            let graceful = contracts::graceful(Span::from_secs(5));
            Host::builder()
                .kind("graceful", graceful)
                .unit("worker", Unit::task("graceful", move |context| buffers(context, in_the_end)))
        });
        let trial = trial.runs(200).without_crashes().holds(|left| {
            let found = left.findings("worker");
            let count = |what: &str| found.iter().filter(|it| it.id.starts_with(what)).count();
            let (taken, done) = (count("took"), count("done"));
            if left.had_its_time && left.life == 1 && taken > done {
                return Err(format!("{taken} jobs were taken, and {done} are done"));
            }
            Ok(())
        });
        trial.run().unwrap()
    };
    let verdict = tried(false);
    let defect = verdict.defect(Trouble::Broken, None).unwrap();
    assert_eq!(verdict.defects.len(), 1, "{verdict}");
    assert!(defect.words.ends_with("are done") && !defect.timeline().is_empty(), "{verdict}");
    let verdict = tried(true);
    assert!(verdict.is_clean(), "{verdict}");
}
