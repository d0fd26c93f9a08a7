//! HTTP: the cancel endpoint of the task contract, and what orchestrators ask for.
//!
//! Every connection has limits: how long a head may take to come, how large it may be, how large a body may be and
//! how long it may take, and how long an answer may wait for whoever does not read. A connection that does not keep
//! to them ends, so that one that is half open can hold up neither a shutdown nor anybody else.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::Uri,
    middleware,
    routing::{self, MethodRouter},
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};
use tracing::{debug, warn};
use winddown_core::Outcome;

use crate::{Client, ClientOrder};

use super::{cancel, patient::Patient, probes, shared::Shared};

/// How long a request's head may take to come, and how long a connection may be idle.
const HEAD_PATIENCE: Duration = Duration::from_secs(5);
/// How long an answer may wait for a peer that reads nothing of it.
const READ_PATIENCE: Duration = Duration::from_secs(10);
/// How many bytes a head may have: the least that hyper takes.
const HEAD_LIMIT: usize = 8 * 1024;
/// How many header fields it may have.
const FIELD_LIMIT: usize = 64;
/// How many bytes a body may have: a reason is a sentence or two.
const BODY_LIMIT: usize = 4 * 1024;
/// How many connections there may be at the same time: as many as a thousand that are half open, and as
/// many again. More wait in the kernel until there is a place.
const CONNECTIONS: usize = 2048;
/// How many may wait in the kernel to be accepted.
const QUEUE: u32 = 2048;
/// What requests under way get when the host disconnects its clients: well within the patience of that
/// phase.
const LAST_WORDS: Duration = Duration::from_millis(300);
/// How long to wait where the kernel cannot give out another connection.
const BREATH: Duration = Duration::from_millis(100);

/// All paths, each with what it answers to. `openapi.yaml` describes them.
fn routes() -> [(&'static str, MethodRouter<Shared>); 4] {
    [
        ("/cancel/{app}/{model}/{id}", routing::post(cancel::cancel)),
        ("/health", routing::get(probes::health)),
        ("/metrics", routing::get(probes::metrics)),
        ("/ready", routing::get(probes::ready)),
    ]
}

fn router(shared: Shared) -> Router {
    let paths = routes().map(|(path, _)| path);
    let router = routes().into_iter().fold(Router::new(), |router, (path, method)| {
        router.route(path, method.fallback(probes::another_method))
    });
    router
        .fallback(async move |uri: Uri| probes::nothing_here(uri.path(), &paths))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn(probes::no_store))
        .with_state(shared)
}

/// Listens with room for as many connections as there may be: where there is none, the kernel lets whoever
/// connects try again after a second.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // What is left of connections to an earlier daemon does not keep this one from its place.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(QUEUE)
}

/// Serves until the host disconnects its clients, of which this is one: `/ready` flips as soon as the host
/// says that it shuts down, and answers for as long as units are being stopped.
pub(super) async fn serve(listener: TcpListener, shared: Shared, mut client: Client) {
    let service = TowerToHyperService::new(router(shared));
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let (close, closing) = watch::channel(false);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            order = client.order() => match order {
                ClientOrder::Tell { .. } => client.told(Outcome::Done),
                ClientOrder::Leave => break,
            },
            Some(_) = connections.join_next() => {}
            accepted = accept(&listener, &places) => match accepted {
                Ok((stream, place)) => {
                    let (service, closing) = (service.clone(), closing.clone());
                    connections.spawn(async move {
                        connection(stream, service, closing).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    warn!(%error, "an HTTP connection could not be accepted");
                    sleep(BREATH).await;
                }
            },
        }
    }
    drop(listener);
    close.send_replace(true);
    let rest = async { while connections.join_next().await.is_some() {} };
    if timeout(LAST_WORDS, rest).await.is_err() {
        debug!(left = connections.len(), "HTTP connections that did not end were dropped");
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    service: TowerToHyperService<Router>,
    mut closing: watch::Receiver<bool>,
) {
    let mut builder = http1::Builder::new();
    // Without a timer hyper has no clock, and a half-sent head would be waited for without end.
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_PATIENCE);
    builder.max_buf_size(HEAD_LIMIT).max_headers(FIELD_LIMIT);
    let connection = builder.serve_connection(TokioIo::new(Patient::new(stream, READ_PATIENCE)), service);
    tokio::pin!(connection);
    let close = async { drop(closing.wait_for(|closing| *closing).await) };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = close => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "an HTTP connection broke");
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, duplex},
        time::Instant,
    };

    use super::*;

    /// A peer that asks for something long, and a connection that serves it.
    async fn peer() -> (tokio::io::DuplexStream, tokio::task::JoinHandle<()>) {
        let (mut peer, stream) = duplex(1_024);
        let router = Router::new().route("/", routing::get(|| async { "x".repeat(8_192) }));
        let (close, closing) = watch::channel(false);
        let served = tokio::spawn(async move {
            connection(stream, TowerToHyperService::new(router), closing).await;
            drop(close);
        });
        peer.write_all(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n").await.expect("it can be sent");
        (peer, served)
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_read_is_cut_off() {
        let (_peer, served) = peer().await;
        let began = Instant::now();
        timeout(Duration::from_secs(3_600), served).await.expect("it ends").expect("without a panic");
        assert!(began.elapsed() < Duration::from_secs(11), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_slowly_has_all_of_it() {
        let (mut peer, _served) = peer().await;
        let mut read = Vec::new();
        while !read.ends_with(&[b'x'; 8_192]) {
            sleep(Duration::from_secs(9)).await;
            let mut bytes = [0; 512];
            let count = peer.read(&mut bytes).await.expect("it can be read");
            assert_ne!(count, 0, "it is cut off after {} bytes", read.len());
            read.extend_from_slice(&bytes[..count]);
        }
    }

    /// The paths of the description are those of the router, in order. What each of them answers is tested
    /// against a running daemon.
    #[test]
    fn the_description_has_the_paths_of_the_router() {
        let text = include_str!("../../openapi.yaml");
        let described: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("  /")?.strip_suffix(':')).collect();
        let served = routes().map(|(path, _)| path.trim_start_matches('/'));
        assert_eq!(described, served);
        // Each of them can be asked with a method that it is not for.
        let refused = text.matches("\"405\": { $ref: \"#/components/responses/AnotherMethod\" }").count();
        assert_eq!(refused, served.len());
        assert!(text.contains("status: { const: method_not_allowed }"));
    }
}
