//! Creates a folder with its files: under a temporary name, and renamed into place once complete. It overwrites
//! nothing.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::{super::exit::Failure, cannot, template::File};
use crate::error::denied;

/// The folder's real path, without `..` and links, which cargo uses to look for a workspace around it.
///
/// # Errors
/// Something already exists there, or there is no folder to create it in.
pub(super) fn free(folder: &Path) -> Result<PathBuf, Failure> {
    if folder.symlink_metadata().is_ok() {
        return Err(taken(folder));
    }
    let parent = folder.parent().and_then(|parent| parent.canonicalize().ok()).filter(|it| it.is_dir());
    match (parent, folder.file_name()) {
        (Some(parent), Some(name)) => Ok(parent.join(name)),
        _ => {
            let parent = folder.parent().unwrap_or(folder).display();
            Err(cannot(
                format!("there is no folder `{parent}` to create it in"),
                "create that first, or correct the path",
            ))
        }
    }
}

/// # Errors
/// The folder cannot be created; then nothing of it is left behind.
pub(super) fn make(folder: &Path, files: &[File]) -> Result<(), Failure> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty => taken(folder),
        _ => {
            let whose = denied(folder, &error);
            let text = format!("failed to create `{}`{whose}: {error}", folder.display());
            cannot(text, "choose a folder that this user can write to, with enough space left")
        }
    };
    write_aside(folder, files).map_err(failed)
}

fn taken(folder: &Path) -> Failure {
    cannot(format!("`{}` already exists", folder.display()), "choose another name; nothing is overwritten")
}

fn write_aside(folder: &Path, files: &[File]) -> io::Result<()> {
    let parent = folder.parent().unwrap_or(folder);
    // Beside its final place, so that the rename stays within the file system. It is removed with its contents on
    // failure.
    let aside = tempfile::Builder::new().prefix(".gearshift-new-").tempdir_in(parent);
    // The error without the temporary name, which means nothing to its reader.
    let aside = aside.map_err(|error| io::Error::from(error.kind()))?;
    // A folder inside, as the outer one is private and this one gets the user's usual permissions.
    let whole = aside.path().join("whole");
    fs::create_dir(&whole)?;
    for file in files {
        let path = whole.join(&file.path);
        fs::create_dir_all(path.parent().unwrap_or(&whole))?;
        fs::write(path, &file.text)?;
    }
    match renameat_with(CWD, &whole, CWD, folder, RenameFlags::NOREPLACE) {
        // Not every file system supports that; a plain rename only replaces an empty folder.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => fs::rename(&whole, folder),
        done => Ok(done?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_appears_meanwhile_is_not_overwritten_and_nothing_is_left_behind() {
        let place = tempfile::tempdir().expect("a folder");
        let there = place.path().join("there");
        fs::create_dir(&there).expect("it is made");
        fs::write(there.join("mine"), "mine").expect("it is written");
        let file = || File { path: "a/b".into(), text: "text".to_owned() };
        let failure = make(&there, &[file()]).expect_err("it is taken").to_string();
        assert!(failure.contains("already exists"), "{failure}");
        assert_eq!(fs::read_dir(&there).expect("it is there").count(), 1);
        // A file where a folder must be: the second cannot be written.
        let bad = [file(), File { path: "a/b/c".into(), text: String::new() }];
        make(&place.path().join("new"), &bad).expect_err("it cannot be written");
        let left: Vec<_> = fs::read_dir(place.path())
            .expect("it is there")
            .map(|it| it.expect("a name").file_name())
            .collect();
        assert_eq!(left, ["there"]);
    }
}
