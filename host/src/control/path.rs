//! The path of the control socket: one per configuration, so that several hosts of one user do not collide.
//! It opens nothing.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::library::default_base;

const SUFFIX: &str = "sock";
/// The longest path of a control socket, in bytes. The system's limit is 107 (`sun_path`,
/// <https://man7.org/linux/man-pages/man7/unix.7.html>), and the host first binds a path that is up to 7 bytes longer.
const PATH_MAX_BYTES: usize = 100;

/// The path is too long for a socket.
#[derive(Debug, thiserror::Error)]
#[error("the path of the control socket `{}` has {} bytes, more than the {PATH_MAX_BYTES} that a socket's may have", .0.display(), .0.as_os_str().len())]
pub struct PathTooLong(PathBuf);

impl PathTooLong {
    /// What the reader can do.
    pub fn help(&self) -> &'static str {
        "name a shorter path with --socket or `[control] socket`; without them it is below XDG_RUNTIME_DIR, or TMPDIR"
    }
}

/// # Errors
/// The path is longer than a socket's may be.
pub(super) fn check_length(path: &Path) -> Result<(), PathTooLong> {
    match path.as_os_str().len() > PATH_MAX_BYTES {
        true => Err(PathTooLong(path.to_owned())),
        false => Ok(()),
    }
}

/// The socket of the host that runs with this config file, unless its `[control] socket` names another. The same file
/// always gives the same path, whatever path it is given by.
pub fn default_path(config: &Path) -> PathBuf {
    let config = fs::canonicalize(config)
        .or_else(|_| std::path::absolute(config))
        .unwrap_or_else(|_| config.to_owned());
    let folder = config.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    // Readable, but short: the path of a socket has about a hundred bytes at most.
    let folder: String =
        folder.chars().filter(|character| character.is_ascii_alphanumeric()).take(16).collect();
    let digest = blake3::hash(config.as_os_str().as_encoded_bytes()).to_hex();
    default_base().join(format!("{folder}-{}.{SUFFIX}", &digest[..8]))
}

/// This user's sockets in the default location. Their hosts may be dead.
pub fn running() -> Vec<PathBuf> {
    let entries = fs::read_dir(default_base()).into_iter().flatten().flatten();
    let mut sockets: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|it| it == SUFFIX))
        .collect();
    sockets.sort();
    sockets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_config_file_has_a_socket_of_its_own() {
        let one = default_path(Path::new("/srv/my bot/gearshift.toml"));
        let other = default_path(Path::new("/srv/my-bot/gearshift.toml"));
        assert_ne!(one, other);
        assert_eq!(one, default_path(Path::new("/srv/my bot/gearshift.toml")));
        let name = one.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name.starts_with("mybot-") && name.ends_with(".sock"), "{name}");
    }
}
