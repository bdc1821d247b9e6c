//! The socket's file: made private and in one step, one live host at a time, gone when the host is.
//! It reads and writes nothing on it.

use std::{
    fs::{self, DirBuilder, File, Permissions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
};

use tokio::net::UnixListener;

use crate::{
    library::default_base,
    private::{PrivateError, PrivateFolder, Sticky},
};

/// The longest path that a socket may have on every system, in bytes.
const PATH_MAX_BYTES: usize = 100;

/// Why there is no control socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// A live host has it.
    #[error("cannot open the control socket `{}`: another host{process} serves there", .path.display())]
    Taken {
        /// The socket.
        path: PathBuf,
        /// Its process as a clause; may be empty.
        process: String,
    },
    /// Something else is there.
    #[error("cannot open the control socket `{}`: there is something that is not a socket", .0.display())]
    NotASocket(PathBuf),
    /// The system's limit.
    #[error("cannot open the control socket `{}`: its path has more than {PATH_MAX_BYTES} bytes", .0.display())]
    TooLong(PathBuf),
    /// Others could put another one there, or have put something there.
    #[error("cannot open the control socket in `{}`: {why}", .folder.display())]
    NotPrivate {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it.
        why: PrivateError,
    },
    /// The system refused.
    #[error("failed to open the control socket `{}`", .path.display())]
    Failed {
        /// The socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl SocketError {
    /// What the reader can do.
    pub fn help(&self) -> String {
        match self {
            SocketError::Taken { .. } => {
                "end that host, or give this one another socket with --socket or `[control] socket`"
                    .to_owned()
            }
            SocketError::NotASocket(_) => "remove it, or name another path in `[control] socket`".to_owned(),
            SocketError::TooLong(_) => "name a shorter path with --socket or `[control] socket`".to_owned(),
            SocketError::NotPrivate { folder, why: PrivateError::Shared } => {
                format!(
                    "`chmod 700 {}`, or name another path with --socket or `[control] socket`",
                    folder.display()
                )
            }
            SocketError::NotPrivate { .. } => {
                "look who has put it there, or name another path with --socket or `[control] socket`"
                    .to_owned()
            }
            SocketError::Failed { .. } => {
                "its folder must be there and writable; --socket or `[control] socket` name another"
                    .to_owned()
            }
        }
    }
}

/// A bound socket. Dropping it removes its file.
#[derive(Debug)]
pub struct Socket {
    pub(super) listener: UnixListener,
    path: PathBuf,
    /// Locked for as long as this host lives: who has the lock has the path. The file stays, removing it would be a race.
    _lock: File,
}

impl Socket {
    /// Binds `path`, mode 0600. What a dead host left behind is replaced. Needs a running runtime.
    ///
    /// # Errors
    /// A live host has it, something else is there, its folder is not private, or the system refuses.
    pub fn bind(path: &Path) -> Result<Socket, SocketError> {
        let failed = |source| SocketError::Failed { path: path.to_owned(), source };
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        if folder == default_base() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        }
        // Before anything is made in it: others could have put links and pipes there.
        let private =
            PrivateFolder::open(folder, Sticky::Allowed).map_err(|why| refused(path, folder, why))?;
        let lock = lock(path, folder, &private)?;
        match fs::symlink_metadata(path) {
            Ok(there) if !there.file_type().is_socket() => {
                return Err(SocketError::NotASocket(path.to_owned()));
            }
            Ok(_) | Err(_) => {}
        }
        // Bound where nobody else can look, made private, and only then put into place over what was there.
        let hidden =
            tempfile::Builder::new().prefix(".g").rand_bytes(4).tempdir_in(folder).map_err(failed)?;
        let hidden = hidden.path().join("s");
        if hidden.as_os_str().len().max(path.as_os_str().len()) > PATH_MAX_BYTES {
            return Err(SocketError::TooLong(path.to_owned()));
        }
        let listener = UnixListener::bind(&hidden).map_err(failed)?;
        fs::set_permissions(&hidden, Permissions::from_mode(0o600)).map_err(failed)?;
        fs::rename(&hidden, path).map_err(failed)?;
        Ok(Socket { listener, path: path.to_owned(), _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Still under the lock, so it is this host's own.
        let _ = fs::remove_file(&self.path);
    }
}

fn refused(path: &Path, folder: &Path, why: PrivateError) -> SocketError {
    match why {
        PrivateError::Io(source) => SocketError::Failed { path: path.to_owned(), source },
        why => SocketError::NotPrivate { folder: folder.to_owned(), why },
    }
}

/// Takes the lock beside the socket, and writes this process's number into it.
fn lock(path: &Path, folder: &Path, private: &PrivateFolder) -> Result<File, SocketError> {
    let failed = |source| SocketError::Failed { path: path.to_owned(), source };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".lock");
    let mut file = private.lock_file(&name).map_err(|why| refused(path, folder, why))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut process = String::new();
            let _ = file.read_to_string(&mut process);
            let process = process.trim().parse::<u32>().map(|number| format!(" (process {number})"));
            return Err(SocketError::Taken { path: path.to_owned(), process: process.unwrap_or_default() });
        }
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    let written =
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
    written.map_err(failed)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, symlink};

    use super::*;

    fn bind(path: &Path) -> Result<Socket, String> {
        Socket::bind(path).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn only_this_user_may_use_it_and_it_goes_with_the_host() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.sock");
        let socket = bind(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        drop(socket);
        assert!(!path.exists());
        bind(&path).unwrap();
    }

    #[tokio::test]
    async fn a_live_hosts_socket_is_refused_and_a_dead_ones_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.sock");
        let live = bind(&path).unwrap();
        let error = bind(&path).unwrap_err();
        assert!(
            error.contains(&format!("another host (process {}) serves there", std::process::id())),
            "{error}"
        );
        drop(live);
        // A host that was killed leaves its socket behind and nobody listening.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        bind(&path).unwrap();
    }

    #[tokio::test]
    async fn what_is_not_a_socket_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gearshift.db");
        fs::write(&path, "precious").unwrap();
        assert!(bind(&path).unwrap_err().contains("not a socket"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }

    #[tokio::test]
    async fn a_folder_open_to_others_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        assert!(bind(&folder.path().join("c.sock")).unwrap_err().contains("other users can write there"));
    }

    /// Everything that can stand where the lock is to be, made by `put`, is refused and left as it is.
    async fn lock_is_refused(mode: u32, put: impl FnOnce(&Path, &Path)) {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let precious = outside.path().join("precious");
        fs::write(&precious, "precious").unwrap();
        put(&folder.path().join("c.sock.lock"), &precious);
        fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
        let error = bind(&folder.path().join("c.sock")).unwrap_err();
        assert!(error.starts_with("cannot open the control socket in "), "{error}");
        assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1, "nothing is made through it");
        let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(names.collect::<Vec<_>>(), ["c.sock.lock"], "nothing is made beside it");
    }

    #[tokio::test]
    async fn nothing_is_written_through_what_somebody_put_in_place_of_the_lock() {
        // As a folder of others', one of this user's own, and one like `/tmp`.
        for mode in [0o777, 0o700, 0o1777] {
            lock_is_refused(mode, |lock, precious| symlink(precious, lock).unwrap()).await;
            lock_is_refused(mode, |lock, precious| symlink(precious.with_extension("new"), lock).unwrap())
                .await;
            lock_is_refused(mode, |lock, precious| fs::hard_link(precious, lock).unwrap()).await;
            lock_is_refused(mode, |lock, _| {
                rustix::fs::mkfifoat(rustix::fs::CWD, lock, rustix::fs::Mode::RWXU).unwrap();
            })
            .await;
            lock_is_refused(mode, |lock, _| {
                drop(std::os::unix::net::UnixListener::bind(lock).unwrap());
            })
            .await;
        }
    }

    #[tokio::test]
    async fn a_folder_behind_a_link_of_this_users_own_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        DirBuilder::new().mode(0o700).create(&real).unwrap();
        symlink(&real, &link).unwrap();
        let _socket = bind(&link.join("c.sock")).unwrap();
        assert!(real.join("c.sock").exists());
    }
}
