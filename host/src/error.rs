//! How errors are shown: the whole chain on one line, the owner of a file that cannot be accessed, and commands to run.

use std::os::unix::fs::MetadataExt;
use std::{
    io::{self, ErrorKind},
    path::Path,
};

use rustix::fs::{Access, AtFlags, CWD, accessat};

/// An error with its causes, joined by `: `.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// What the operator can do if the system is short of a resource, whatever failed for it; `None` for any other error.
pub(crate) fn shortage(error: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let errors = causes.filter_map(|error| error.downcast_ref::<io::Error>());
    // Errors of temporary files have no number.
    if errors.clone().any(|error| matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)) {
        return Some("free some space there, or raise this user's quota");
    }
    let number = errors.filter_map(io::Error::raw_os_error).last()?;
    Some(match number {
        libc::EMFILE => {
            "raise this user's limit of open files (`ulimit -n`; in a systemd unit `LimitNOFILE=`)"
        }
        libc::ENFILE => "this machine has as many files open as it may (`sysctl fs.file-max`)",
        libc::EAGAIN => {
            "raise this user's limit of processes and threads (`ulimit -u`; in a systemd unit `LimitNPROC=`, \
             `TasksMax=`)"
        }
        libc::ENOMEM => "no memory is left on this machine, or within the limit of this process",
        _ => return None,
    })
}

/// The system error in a panic's message: libraries panic when they cannot start a thread.
pub(crate) fn system_error(panic: &str) -> Option<io::Error> {
    // `(os error 11)`, or `Os { code: 11, kind: …`
    let mut found = ["(os error ", "Os { code: "].iter().filter_map(|sign| panic.split(sign).nth(1));
    let digits =
        |text: &str| text.split(|it: char| !it.is_ascii_digit()).next().and_then(|it| it.parse().ok());
    found.find_map(digits).map(io::Error::from_raw_os_error)
}

/// [`access`] in parentheses, for the text of an error that only says permission is denied; empty for other errors.
pub(crate) fn denied(path: &Path, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            access(path).map(|access| format!(" ({access})")).unwrap_or_default()
        }
        _ => String::new(),
    }
}

/// Owner and mode of what this process may not access, as `it is mode 0600 of user 0, and this process is user 1000`;
/// if the path itself cannot be examined, those of the nearest parent folder that can.
pub(crate) fn access(path: &Path) -> Option<String> {
    // Replacing or removing a file that this process owns may fail because of its folder.
    let may = Access::READ_OK | Access::WRITE_OK;
    let is_usable = path.is_file() && accessat(CWD, path, may, AtFlags::EACCESS).is_ok();
    owner_and_mode(path, is_usable)
}

fn owner_and_mode(path: &Path, of_folder: bool) -> Option<String> {
    let mut above = path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
    let itself = std::fs::metadata(path).ok().filter(|_| !of_folder).map(|found| ("it".to_owned(), found));
    let (what, found) = itself.or_else(|| {
        let (folder, found) = above.find_map(|folder| Some((folder, std::fs::metadata(folder).ok()?)))?;
        Some((format!("its folder `{}`", folder.display()), found))
    })?;
    let (mode, owner) = (found.mode() & 0o7777, found.uid());
    let user = rustix::process::geteuid().as_raw();
    Some(format!("{what} is mode {mode:04o} of user {owner}, and this process is user {user}"))
}

/// A text quoted so that a shell takes it as one argument.
pub(crate) fn argument(text: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/.:@^-_+=,%".contains(letter);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::{
        cogs::CogError,
        config::{ConfigError, SecretError},
        control::{CallError, SocketError},
        dev::DevError,
        host::HostError,
        library::{CopyError, FolderError, Refusal},
        packages::{KeyError, PackError, PackageError},
    };

    #[test]
    fn every_error_of_a_path_that_may_not_be_used_says_whose_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = || folder.path().to_owned();
        let no = || io::Error::from(io::ErrorKind::PermissionDenied);
        let errors: [Box<dyn std::error::Error>; 13] = [
            Box::new(CallError::NoHost { path: path(), source: no() }),
            Box::new(CogError::Folder { folder: path(), source: no() }),
            Box::new(ConfigError::Unreadable { file: path(), source: no() }),
            Box::new(CopyError::Write { copy: path(), source: no() }),
            Box::new(DevError::Folder { folder: path(), source: no() }),
            Box::new(FolderError::Failed { folder: path(), source: no() }),
            Box::new(HostError::Folder { folder: path(), source: no() }),
            Box::new(KeyError::Io { action: "read", file: path(), source: no() }),
            Box::new(PackError::Unread { file: path(), source: no() }),
            Box::new(PackageError::Io { action: "read", path: path(), source: no() }),
            Box::new(Refusal::Unreadable { file: path(), source: no() }),
            Box::new(SecretError::Unreadable { file: path(), source: no() }),
            Box::new(SocketError::Failed { path: path(), source: no() }),
        ];
        for error in errors {
            let text = error.to_string();
            assert!(text.contains(" (it is mode 0"), "{text}");
        }
    }

    #[test]
    fn what_the_system_is_short_of_is_known_though_a_library_panics_for_it() {
        let error = io::Error::from_raw_os_error(libc::EAGAIN);
        for text in [format!("a thread: {error:?}"), format!("OS can't spawn worker thread: {error}")] {
            let text = &text;
            let error = system_error(text).unwrap();
            assert!(shortage(&error).is_some_and(|help| help.contains("ulimit -u")), "{text}: {error}");
        }
        for text in ["index out of bounds: the len is 11", "(os error x)", ""] {
            assert!(system_error(text).is_none(), "{text}");
        }
        let folder =
            HostError::Folder { folder: "cogs".into(), source: io::Error::from_raw_os_error(libc::EMFILE) };
        assert!(shortage(&folder).is_some_and(|help| help.contains("ulimit -n")), "whatever failed for it");
        for full in [ErrorKind::StorageFull.into(), io::Error::from_raw_os_error(libc::EDQUOT)] {
            assert!(shortage(&full).is_some_and(|help| help.contains("free some space")), "{full}");
        }
        assert!(system_error("(os error 2)").is_some_and(|error| shortage(&error).is_none()));
    }

    #[test]
    fn an_argument_is_what_a_shell_takes_for_it() {
        for text in ["ghcr.io/me/greeter@^1.2", "./a b", "", "it's", "$HOME", "~/x", "a>=1, <2", "*"] {
            let line = format!("printf %s {}", argument(text));
            let shown = std::process::Command::new("sh").args(["-c", &line]).output().unwrap();
            assert_eq!(String::from_utf8(shown.stdout).unwrap(), text);
        }
        assert_eq!(argument("./packages/greeter"), "./packages/greeter");
    }

    #[test]
    fn a_file_or_else_its_folder_is_shown_with_mode_and_owner() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let user = rustix::process::geteuid().as_raw();
        let of_folder = access(&file).unwrap();
        assert!(of_folder.starts_with("its folder `"), "{of_folder}");
        assert!(of_folder.contains(&format!("of user {user}, and")), "{of_folder}");
        assert_eq!(
            access(&folder.path().join("a/b/token")).unwrap(),
            of_folder,
            "the nearest one that is there"
        );
        std::fs::write(&file, "").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(
            access(&file).unwrap(),
            of_folder,
            "it may write the file, and the folder says whether in it"
        );
        let text = format!("it is mode 0640 of user {user}, and this process is user {user}");
        assert_eq!(owner_and_mode(&file, false).unwrap(), text);
        let of = |kind: io::ErrorKind| denied(&file, &kind.into());
        assert_eq!(of(io::ErrorKind::PermissionDenied), format!(" ({of_folder})"));
        assert_eq!(of(io::ErrorKind::NotFound), "");
    }
}
