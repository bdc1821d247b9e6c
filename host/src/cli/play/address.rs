//! The page's last port and token, so that an open page finds the host again after a restart.
//! It serves nothing.

use std::{
    fmt, fs,
    io::Write,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

const SUFFIX: &str = "page";

/// The port and token of a page. `Debug` hides the token.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) port: u16,
    pub(super) token: String,
}

impl fmt::Debug for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Address").field("port", &self.port).finish_non_exhaustive()
    }
}

/// The file beside the control socket: a config has one page, as it has one socket.
pub(super) fn path_for(socket: &Path) -> PathBuf {
    socket.with_extension(SUFFIX)
}

impl Address {
    /// What the last host of this config left; `None` if there is no such file, or if another user can read it.
    pub(super) fn read(file: &Path) -> Option<Address> {
        let about = fs::symlink_metadata(file).ok()?;
        let folder = fs::metadata(file.parent()?).ok()?;
        if !about.is_file() || about.mode() & 0o077 != 0 || about.uid() != folder.uid() {
            return None;
        }
        let text = fs::read_to_string(file).ok()?;
        let (port, token) = text.trim().split_once(' ')?;
        let is_token =
            token.len() >= 16 && token.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '-');
        is_token.then_some(Address { port: port.parse().ok()?, token: token.to_owned() })
    }

    /// Keeps the address for the next host. If this fails, an open page does not reconnect by itself; nothing else
    /// depends on it.
    pub(super) fn keep(&self, file: &Path) {
        if let Err(error) = self.write(file) {
            tracing::debug!("cannot keep the page's address in `{}`: {error}", file.display());
        }
    }

    fn write(&self, file: &Path) -> std::io::Result<()> {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Made private before anything is written, and moved into place complete.
        let mut new = tempfile::NamedTempFile::new_in(folder)?;
        new.as_file().set_permissions(fs::Permissions::from_mode(0o600))?;
        writeln!(new, "{} {}", self.port, self.token)?;
        new.persist(file).map_err(|error| error.error)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_was_kept_and_by_its_user_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = path_for(&folder.path().join("bot.sock"));
        assert_eq!(Address::read(&file), None);
        let address = Address { port: 4711, token: "0123456789abcdef".to_owned() };
        address.keep(&file);
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        assert_eq!(Address::read(&file), Some(address));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(Address::read(&file), None, "others could have read it");
    }

    #[test]
    fn what_is_no_address_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.page");
        for text in ["", "1", "x 0123456789abcdef", "80 short", "80 <script>01234567</script>"] {
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
            assert_eq!(Address::read(&file), None, "{text}");
        }
    }
}
