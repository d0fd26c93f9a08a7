//! The Unix socket: made with the right mode before anybody can see it, and removed only by its owner.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use rustix::{
    io::Errno,
    net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with},
};
use tokio::net::{UnixListener, UnixStream};

/// A socket file that this process made. Dropped, it removes it.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    /// Device and inode: what tells it apart from one that another daemon put in its place.
    identity: (u64, u64),
}

/// Listens at `path`, whatever was there before: whoever holds the state directory's lock knows that it
/// is stale.
///
/// The socket is made beside its place and moved there when its mode is 0600, so that at its place it
/// never has another one.
///
/// # Errors
/// The socket could not be made, named by the path that failed.
pub fn listen(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    let new = path.with_extension("new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&new)?;
    fs::set_permissions(&new, Permissions::from_mode(0o600))?;
    let identity = identity(&new)?;
    fs::rename(&new, path)?;
    Ok((listener, SocketFile { path: path.to_owned(), identity }))
}

/// Whether a process listens at `path`. It is not waited for: one that does not accept listens as well.
///
/// # Errors
/// It is not known.
pub fn is_listened_at(path: &Path) -> io::Result<bool> {
    let address = SocketAddrUnix::new(path)?;
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    match connect(&socket, &address) {
        // As many wait already as may.
        Ok(()) | Err(Errno::AGAIN) => Ok(true),
        // Nobody does, or what is there is no socket of this kind.
        Err(Errno::NOENT | Errno::CONNREFUSED | Errno::PROTOTYPE) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

impl SocketFile {
    /// Removes the socket, if what is at its place is still what was put there.
    ///
    /// # Errors
    /// It is there, and could not be removed.
    pub fn unlink(&self) -> io::Result<()> {
        match identity(&self.path) {
            Ok(found) if found == self.identity => fs::remove_file(&self.path),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // There is nobody left who could be told, and the next daemon puts its own in its place.
        drop(self.unlink());
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|meta| (meta.dev(), meta.ino()))
}

/// Whether the other side may ask for anything: the daemon's own user, or root.
///
/// # Errors
/// The kernel does not say who it is.
pub fn is_allowed(stream: &UnixStream) -> io::Result<bool> {
    let peer = stream.peer_cred()?.uid();
    Ok(peer == 0 || peer == rustix::process::geteuid().as_raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_is_for_its_owner_and_replaces_a_stale_one() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("s.sock");
        fs::write(&path, "stale").expect("it can be written");
        let (listener, file) = listen(&path).expect("it can be made");
        assert_eq!(fs::metadata(&path).expect("it is there").mode() & 0o777, 0o600);
        let (_client, server) = tokio::join!(UnixStream::connect(&path), listener.accept());
        assert!(is_allowed(&server.expect("it is accepted").0).expect("the kernel knows"));
        drop(file);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn who_listens_is_seen_and_what_is_stale_is_not_taken_for_that() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("s.sock");
        assert!(!is_listened_at(&path).expect("there is nothing"));
        fs::write(&path, "no socket").expect("it can be written");
        assert!(!is_listened_at(&path).expect("it is no socket"));
        let (listener, file) = listen(&path).expect("it can be made");
        for _ in 0..5_000 {
            // Nobody accepts, so that there is no room any more.
            assert!(is_listened_at(&path).expect("it is known"));
        }
        drop(listener);
        assert!(!is_listened_at(&path).expect("it is stale"));
        drop(file);
    }

    #[tokio::test]
    async fn a_socket_of_another_daemon_stays() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("s.sock");
        let (_first, ours) = listen(&path).expect("it can be made");
        let (_second, theirs) = listen(&path).expect("it can be made");
        ours.unlink().expect("nothing to do");
        assert!(path.exists());
        theirs.unlink().expect("it can be removed");
        theirs.unlink().expect("it is gone already");
        assert!(!path.exists());
    }
}
