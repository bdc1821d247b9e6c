//! The socket's file: made private and in one step, one live host at a time, gone when the host is.
//! It reads and writes nothing on it.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use tokio::net::UnixListener;

use crate::library::default_base;

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
    /// Others could put another one there.
    #[error("cannot open the control socket in `{}`: the folder belongs to somebody else, or others can write there", .0.display())]
    Shared(PathBuf),
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
            SocketError::Shared(folder) => {
                format!(
                    "`chmod 700 {}`, or name another path with --socket or `[control] socket`",
                    folder.display()
                )
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
    /// A live host has it, something else is there, or the system refuses.
    pub fn bind(path: &Path) -> Result<Socket, SocketError> {
        let failed = |source| SocketError::Failed { path: path.to_owned(), source };
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        if folder == default_base() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        }
        let lock = lock(path)?;
        match fs::symlink_metadata(path) {
            Ok(there) if !there.file_type().is_socket() => {
                return Err(SocketError::NotASocket(path.to_owned()));
            }
            Ok(_) | Err(_) => {}
        }
        // Bound where nobody else can look, made private, and only then put into place over what was there.
        let private =
            tempfile::Builder::new().prefix(".g").rand_bytes(4).tempdir_in(folder).map_err(failed)?;
        if !is_private(folder, private.path()).map_err(failed)? {
            return Err(SocketError::Shared(folder.to_owned()));
        }
        let hidden = private.path().join("s");
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

/// Takes the lock beside the socket, and writes this process's number into it.
fn lock(path: &Path) -> Result<File, SocketError> {
    let failed = |source| SocketError::Failed { path: path.to_owned(), source };
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut file = options.open(name).map_err(failed)?;
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

/// Whether nobody but this user and root can replace what is in `folder`: it is theirs, and closed to others or sticky.
fn is_private(folder: &Path, own: &Path) -> io::Result<bool> {
    const STICKY: u32 = 0o1000;
    let (folder, own) = (fs::metadata(folder)?, fs::metadata(own)?);
    let is_theirs = folder.uid() == own.uid() || folder.uid() == 0;
    Ok(is_theirs && (folder.mode() & 0o022 == 0 || folder.mode() & STICKY != 0))
}

#[cfg(test)]
mod tests {
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
        assert!(bind(&folder.path().join("c.sock")).unwrap_err().contains("others can write there"));
    }
}
