//! A service as many are: it takes requests, and works a queue off. It looks as if it stopped well.

use std::{process::ExitCode, time::Duration};

use tokio::time::sleep;
use winddown_host::{BodyResult, Builder, Context, Host, Span, Unit, contracts};
use winddown_trial::Trial;

/// Takes a request every 700 ms, and answers it beside the next one.
async fn api(context: Context) -> BodyResult {
    loop {
        context.wait(sleep(Duration::from_millis(700))).await?;
        tokio::spawn(sleep(Duration::from_secs(2)));
    }
}

/// Works jobs off that take 4 to 12 s, and looks whether it is to stop between two of them.
async fn consumer(context: Context) -> BodyResult {
    let done = context.state().map_or(0, |state| state.len());
    for job in done.. {
        context.check_cancellation()?;
        sleep(Duration::from_secs(4 + job as u64 % 3 * 4)).await;
        context.record((format!("job {job}"), "done")).await;
        context.keep(vec![0; job + 1]);
    }
    Ok(())
}

/// What the others write to. Empties its buffer every 5 s.
async fn database(context: Context) -> BodyResult {
    loop {
        context.wait(sleep(Duration::from_secs(5))).await?;
    }
}

/// The service, as its own `main` would start it: Kubernetes gives it 30 s.
pub(crate) fn service() -> Builder {
    Host::builder()
        .kind("polite", contracts::task(Span::from_secs(10)))
        .outer_grace(Duration::from_secs(30))
        .unit("database", Unit::task("polite", database))
        .unit("consumer", Unit::task("polite", consumer).needs("database"))
        .unit("api", Unit::task("polite", api).needs("consumer"))
}

#[expect(clippy::print_stdout, reason = "this is what it shows")]
fn main() -> ExitCode {
    let verdict = match Trial::of(service).run() {
        Ok(verdict) => verdict,
        Err(refused) => {
            println!("{refused}");
            return ExitCode::from(2);
        }
    };
    print!("{verdict}");
    if let Some(worst) = verdict.defects.first() {
        print!("\n{}", worst.timeline());
    }
    ExitCode::from(u8::from(!verdict.is_clean()))
}
