//! SIGHUP: the configuration is read again. Tokens change at once; everything else is fixed when the host
//! starts, and what was changed of it is named.
//!
//! That HTTP is served is fixed as well. So a configuration without `[http]` leaves it as it is, with its tokens:
//! whoever wants to take tokens back at once empties the token file.

use std::path::PathBuf;

use tokio::sync::mpsc;
use tracing::{error, info, warn};

use super::{config::Config, shared::Shared, tokens::Tokens};

/// Reads again whenever it is told to. What makes no sense changes nothing.
pub(super) async fn serve(
    mut asked: mpsc::UnboundedReceiver<()>,
    file: PathBuf,
    old: Config,
    shared: Shared,
) {
    while asked.recv().await.is_some() {
        let (file, old) = (file.clone(), old.clone());
        let read = tokio::task::spawn_blocking(move || read(&file, &old)).await;
        match read {
            Ok(Ok((tokens, fixed))) => {
                if let Some(tokens) = tokens {
                    info!(tokens = tokens.len(), "reloaded");
                    shared.set_tokens(tokens);
                } else {
                    info!("reloaded");
                }
                if fixed.contains(&NO_HTTP) {
                    warn!(
                        "there is no [http] any more: HTTP goes on with the tokens that it has until the daemon is \
                         started again; to take them back at once, keep [http] and empty its token file"
                    );
                }
                if !fixed.is_empty() {
                    warn!(changed = fixed.join(", "), "these take effect with the next start");
                }
            }
            Ok(Err(error)) => error!(%error, "not reloaded, everything stays as it is"),
            Err(error) => error!(%error, "not reloaded, everything stays as it is"),
        }
    }
}

type Error = Box<dyn std::error::Error + Send + Sync>;

/// HTTP is served, and would not be.
const NO_HTTP: &str = "no http";

/// The tokens that are known from now on, if HTTP is to be served, and what has changed and is not carried out.
fn read(file: &std::path::Path, old: &Config) -> Result<(Option<Tokens>, Vec<&'static str>), Error> {
    let new = Config::read(file)?;
    let tokens = new.http.as_ref().map(|http| Tokens::read(&http.tokens)).transpose()?;
    Ok((tokens, changed(old, &new)))
}

/// What has changed that cannot be changed while the host runs.
fn changed(old: &Config, new: &Config) -> Vec<&'static str> {
    let address = |config: &Config| config.http.as_ref().map(|http| http.address);
    let all = [
        ("state-dir", old.state_dir == new.state_dir),
        ("deadline", old.deadline == new.deadline),
        ("force-within", old.force_within == new.force_within),
        ("outer-grace", old.outer_grace == new.outer_grace),
        ("at-once", old.at_once == new.at_once),
        ("owner-cap", old.owner_cap == new.owner_cap),
        ("clients", old.clients == new.clients),
        ("journal", old.journal == new.journal),
        (NO_HTTP, old.http.is_none() || new.http.is_some()),
        ("http", new.http.is_none() || address(old) == address(new)),
        ("kinds and ladders", old.kinds == new.kinds),
        ("units", old.units == new.units),
    ];
    all.into_iter().filter(|(_, same)| !same).map(|(what, _)| what).collect()
}
