//! The socket's file: created private and atomically, for one live host at a time, and removed when the host ends.
//! This reads and writes nothing on it.

use std::{
    fs::{self, DirBuilder, File, Permissions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use tokio::net::UnixListener;

use super::path::{self, PathTooLong};
use crate::{
    error::denied,
    library::default_base,
    private::{PrivateError, PrivateFolder, Sticky, leads_to},
};

/// Why there is no control socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// A live host uses it.
    #[error("cannot open the control socket `{}`: another host{process} serves there", .path.display())]
    Taken {
        /// The socket.
        path: PathBuf,
        /// The host's process, as a clause; may be empty.
        process: String,
    },
    /// Something other than a socket has its path.
    #[error("cannot open the control socket `{}`: it exists, but is not a socket", .0.display())]
    NotASocket(PathBuf),
    /// The path exceeds the system's limit.
    #[error(transparent)]
    TooLong(#[from] PathTooLong),
    /// Other users could replace the socket, or have put something there.
    #[error("cannot open the control socket in `{}`: {why}", .folder.display())]
    NotPrivate {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it.
        why: PrivateError,
    },
    /// The system returned an error.
    #[error("failed to open the control socket `{}`{}", .path.display(), denied(.path, .source))]
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
            SocketError::TooLong(why) => why.help().to_owned(),
            SocketError::NotPrivate { folder, why: PrivateError::Shared } => {
                format!(
                    "`chmod 700 {}`, or name another path with --socket or `[control] socket`",
                    folder.display()
                )
            }
            SocketError::NotPrivate { .. } => {
                "remove it or give it to this user, or name another path with --socket or `[control] socket`"
                    .to_owned()
            }
            SocketError::Failed { .. } => {
                "its folder must exist and be writable for this user; --socket or `[control] socket` name another"
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
    /// Identifies the file: another host may have replaced it.
    file: Identity,
    /// Locked while this host lives: the lock's holder owns the path. The file stays, as removing it would be a race.
    lock: File,
}

/// Device and inode.
type Identity = (u64, u64);

/// A path that no other host can use, and on which nobody listens yet.
#[derive(Debug)]
pub struct SocketClaim {
    path: PathBuf,
    lock: File,
}

impl SocketClaim {
    /// Claims `path`.
    ///
    /// # Errors
    /// As for [`Socket::bind`].
    pub fn take(path: &Path) -> Result<SocketClaim, SocketError> {
        path::check_length(path)?;
        check_kind(path)?;
        let folder = folder_of(path);
        if folder == default_base() {
            make_folder(path)?;
        }
        // Before anything is created in it: other users could have put links and pipes there.
        let private = PrivateFolder::open(folder, Sticky::Allowed).map_err(|why| refused(path, why))?;
        let lock = lock(path, &private)?;
        Ok(SocketClaim { path: path.to_owned(), lock })
    }

    /// Binds it, mode 0600. A dead host's socket is replaced, and anything that has vanished since the claim is created
    /// again. Needs a running runtime.
    ///
    /// # Errors
    /// As for [`Socket::bind`].
    pub fn bind(self) -> Result<Socket, SocketError> {
        let SocketClaim { path, mut lock } = self;
        ensure_lock(&path, &mut lock)?;
        let (listener, file) = put(&path)?;
        Ok(Socket { listener, path, file, lock })
    }
}

impl Socket {
    /// Claims and binds `path`.
    ///
    /// # Errors
    /// A live host uses it, something else has the path, its folder is not private, or the system returned an error.
    pub fn bind(path: &Path) -> Result<Socket, SocketError> {
        SocketClaim::take(path)?.bind()
    }

    /// Binds it again, with its folder, if it is no longer at its path. Returns whether that was necessary.
    ///
    /// # Errors
    /// As for [`Socket::bind`]; the socket stays as it was, and this can be repeated.
    pub(super) fn ensure(&mut self) -> Result<bool, SocketError> {
        let has_lock = leads_to(&lock_path(&self.path), &self.lock);
        if has_lock && identity(&self.path).is_ok_and(|there| there == self.file) {
            return Ok(false);
        }
        ensure_lock(&self.path, &mut self.lock)?;
        (self.listener, self.file) = put(&self.path)?;
        Ok(true)
    }

    /// The path of the socket.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Another host may have bound its own socket there after this one had vanished.
        if identity(&self.path).is_ok_and(|there| there == self.file) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn make_folder(path: &Path) -> Result<(), SocketError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder_of(path));
    made.map_err(|source| SocketError::Failed { path: path.to_owned(), source })
}

fn identity(path: &Path) -> io::Result<Identity> {
    fs::symlink_metadata(path).map(|there| (there.dev(), there.ino()))
}

/// Whether a socket may replace what is there.
fn check_kind(path: &Path) -> Result<(), SocketError> {
    match fs::symlink_metadata(path) {
        Ok(there) if !there.file_type().is_socket() => Err(SocketError::NotASocket(path.to_owned())),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Binds a socket in a private place, restricts its mode, and only then renames it into place.
fn put(path: &Path) -> Result<(UnixListener, Identity), SocketError> {
    let failed = |source| SocketError::Failed { path: path.to_owned(), source };
    check_kind(path)?;
    let hidden =
        tempfile::Builder::new().prefix(".g").rand_bytes(4).tempdir_in(folder_of(path)).map_err(failed)?;
    // At most seven bytes longer than `path`, so that it is a valid path as well.
    let hidden = hidden.path().join("s");
    let listener = UnixListener::bind(&hidden).map_err(failed)?;
    fs::set_permissions(&hidden, Permissions::from_mode(0o600)).map_err(failed)?;
    let file = identity(&hidden).map_err(failed)?;
    fs::rename(&hidden, path).map_err(failed)?;
    Ok((listener, file))
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".lock");
    path.with_file_name(name)
}

fn refused(path: &Path, why: PrivateError) -> SocketError {
    match why {
        PrivateError::Io(source) => SocketError::Failed { path: path.to_owned(), source },
        why => SocketError::NotPrivate { folder: folder_of(path).to_owned(), why },
    }
}

/// Takes the lock beside the socket, and writes this process's id into it.
fn lock(path: &Path, private: &PrivateFolder) -> Result<File, SocketError> {
    let failed = |source| SocketError::Failed { path: path.to_owned(), source };
    let name = lock_path(path);
    let name = name.file_name().unwrap_or_default();
    let mut file = private.lock_file(name).map_err(|why| refused(path, why))?;
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

/// Takes the lock again, and creates its folder again, if it is no longer beside the socket.
fn ensure_lock(path: &Path, lock: &mut File) -> Result<(), SocketError> {
    make_folder(path)?;
    let private = PrivateFolder::open(folder_of(path), Sticky::Allowed).map_err(|why| refused(path, why))?;
    if !leads_to(&lock_path(path), lock) {
        *lock = self::lock(path, &private)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

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
        // A killed host leaves a socket on which nobody listens.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        bind(&path).unwrap();
    }

    #[tokio::test]
    async fn what_has_vanished_is_bound_again_and_still_excludes_others() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("run");
        let path = folder.join("c.sock");
        DirBuilder::new().mode(0o700).create(&folder).unwrap();
        let mut socket = bind(&path).unwrap();
        assert!(!socket.ensure().unwrap());
        let vanish: [&dyn Fn(); 3] =
            [&|| fs::remove_dir_all(&folder).unwrap(), &|| fs::remove_file(&path).unwrap(), &|| {
                fs::remove_file(folder.join("c.sock.lock")).unwrap()
            }];
        for vanish in vanish {
            vanish();
            assert!(socket.ensure().unwrap() && !socket.ensure().unwrap());
            assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
            let reached = std::os::unix::net::UnixStream::connect(&path).unwrap();
            drop((reached, socket.listener.accept().await.unwrap()));
            assert!(bind(&path).unwrap_err().contains("another host (process "));
        }
        drop(socket);
        let claim = SocketClaim::take(&path).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        let _socket = claim.bind().unwrap();
        assert!(bind(&path).unwrap_err().contains("another host (process "));
    }

    #[tokio::test]
    async fn a_host_that_came_while_the_socket_was_gone_keeps_it() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("c.sock");
        let mut first = bind(&path).unwrap();
        for file in [&path, &lock_path(&path)] {
            fs::remove_file(file).unwrap();
        }
        let second = bind(&path).unwrap();
        assert!(first.ensure().unwrap_err().to_string().contains("another host (process "));
        drop(first);
        assert!(path.exists(), "the first host takes only its own away");
        drop(second);
        assert!(!path.exists());
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

    /// Whatever `put` puts in place of the lock file is rejected and left as it is.
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
        // A folder open to all, one of this user's own, and one like `/tmp`.
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
