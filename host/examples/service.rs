//! A service with one long piece of work, which can be stopped at any moment and loses nothing.
//! It goes down after a second, or when it gets SIGTERM or ctrl-c.
#![expect(clippy::print_stdout, reason = "this is what it shows")]

use std::{error::Error, process::ExitCode, time::Duration};

use tokio::time::{Instant, sleep, timeout};
use winddown_host::{BodyResult, Context, Host, Shutdown, Unit, contracts};

async fn navigation(context: Context) -> BodyResult {
    let pages = context.state().map_or(0, |state| state.len());
    for page in pages..3690 {
        // Ends early when it is cancelled, and holds still while it is paused.
        context.wait(sleep(Duration::from_millis(100))).await?;
        context.record((format!("page {page}"), "what is on it")).await;
        context.keep(vec![0; page + 1]);
    }
    Ok(())
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    winddown_host::run(service())? // which waits for nothing that never ends
}

async fn service() -> Result<ExitCode, Box<dyn Error>> {
    let state = tempfile::tempdir()?; // a service has a directory of its own
    let host = Host::builder()
        .kind("engagement", contracts::engagement())
        .unit("navigation", Unit::task("engagement", navigation))
        .sqlite(state.path().join("state.db"))
        .signals()
        .start()
        .await?;

    host.start("navigation").await?;
    sleep(Duration::from_millis(350)).await;
    let asked = Instant::now();
    let stopped = host.stop("navigation").await?;
    println!("{} after {:?}, and on disk", stopped.status, asked.elapsed());

    host.start("navigation").await?; // goes on from the page where it was
    drop(timeout(Duration::from_secs(1), host.wait()).await);
    let report = host.shutdown(Shutdown::default()).await?;
    print!("{report}");
    Ok(ExitCode::from(report.code()))
}
