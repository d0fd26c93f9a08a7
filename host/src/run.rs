//! A service from `main` to its exit code.

use std::{future::Future, io, num::NonZero, thread::available_parallelism};

use tokio::runtime::Builder;

/// Runs a service on a runtime of its own, and gives what it came to. What is left then, a body that never yields or
/// work in [`tokio::task::spawn_blocking`], ends with the process.
///
/// This is what `main` is for. A runtime that is dropped, as one of `#[tokio::main]` is, waits for such work without any
/// limit: the report is out, every deadline is over, and the process lives on and hears no signal any more. Who makes a
/// runtime of their own calls [`shutdown_background`](tokio::runtime::Runtime::shutdown_background) in the end.
///
/// ```
/// # use std::{error::Error, process::ExitCode};
/// # use winddown_host::{Builder, Host, store::Memory};
/// # fn host() -> Builder { Host::builder().memory(&Memory::new()) }
/// fn main() -> Result<ExitCode, Box<dyn Error>> {
///     winddown_host::run(async {
///         let host = host().signals().start().await?;
/// #       host.signal(winddown_host::Signal::Terminate);
///         let report = host.wait().await?;
///         Ok(ExitCode::from(report.code()))
///     })?
/// }
/// ```
///
/// # Errors
/// If the system gives no threads for the runtime.
pub fn run<T>(service: impl Future<Output = T>) -> io::Result<T> {
    // With one thread alone, a body that keeps it would keep it from the host.
    let threads = available_parallelism().map_or(2, NonZero::get).max(2);
    let runtime = Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    let outcome = runtime.block_on(service);
    runtime.shutdown_background();
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Without that, these tests would never end.
    #[test]
    fn what_never_yields_is_not_waited_for() {
        let outcome = run(async {
            drop(tokio::task::spawn_blocking(|| std::thread::sleep(Duration::MAX)));
            let (begun, begins) = tokio::sync::oneshot::channel();
            tokio::spawn(async move {
                begun.send(()).expect("somebody waits");
                std::thread::sleep(Duration::MAX);
            });
            begins.await.expect("it began");
            7
        });
        assert_eq!(outcome.expect("there are threads"), 7);
    }
}
