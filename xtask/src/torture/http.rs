//! The least that it takes to speak HTTP.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, Result};

use super::daemon::Daemon;

/// Where a daemon serves HTTP: its log says so.
pub(super) fn address(daemon: &Daemon) -> Result<SocketAddr> {
    let log = daemon.log();
    let rest = log.split_once(" http=").map(|(_, rest)| rest);
    let word = rest.and_then(|rest| rest.split_whitespace().next());
    word.and_then(|word| word.parse().ok()).context("the log does not say where HTTP is served")
}

pub(super) fn connect(address: SocketAddr, patience: Duration) -> Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The head of a request with this many bytes to follow.
pub(super) fn head(method: &str, path: &str, token: &str, length: usize) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: {length}\r\n\r\n"
    )
}

/// Sends a request as it is, and has the status. `None`: the connection was closed without one.
pub(super) fn send(address: SocketAddr, request: &[u8], patience: Duration) -> Result<Option<u16>> {
    let mut stream = connect(address, patience)?;
    // A server that has seen enough closes its end; what it said before is still there.
    let _unread = stream.write_all(request);
    let mut answer = Vec::new();
    let _cut = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.split(' ').nth(1).and_then(|code| code.parse().ok()))
}
