//! Puts built libraries into the folder of cogs, each in one step.

use std::{fs, io, path::Path};

/// Copies a library into the folder, which `cargo clean` may have removed. False if the same is there already.
pub(super) fn install(built: &Path, folder: &Path) -> io::Result<bool> {
    let name = built.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let library = folder.join(name);
    if is_same(built, &library)? {
        return Ok(false);
    }
    let mut part = std::ffi::OsString::from(".");
    part.push(name);
    let part = folder.join(part);
    fs::create_dir_all(folder)?;
    fs::copy(built, &part)?;
    fs::rename(&part, &library)?;
    Ok(true)
}

fn is_same(built: &Path, library: &Path) -> io::Result<bool> {
    let size = fs::metadata(built)?.len();
    // Mostly they differ, and already in size.
    let may_be = fs::metadata(library).is_ok_and(|there| there.len() == size);
    Ok(may_be && fs::read(library).ok() == Some(fs::read(built)?))
}

/// Removes what other packages left there, which are not built any more.
pub(super) fn keep_only(folder: &Path, is_kept: impl Fn(&str) -> bool) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if !entry.file_name().to_str().is_some_and(&is_kept) {
            remove(&entry.path());
        }
    }
}

/// Removes a library. One that stays is loaded, which is seen.
pub(super) fn remove(library: &Path) {
    let _ = fs::remove_file(library);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_put_in_once_and_what_nobody_builds_goes() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir(&from).unwrap();
        fs::create_dir(&to).unwrap();
        let built = from.join("liba.so");
        fs::write(&built, "one").unwrap();
        assert!(install(&built, &to).unwrap());
        assert!(!install(&built, &to).unwrap(), "the same again");
        fs::write(&built, "two").unwrap();
        assert!(install(&built, &to).unwrap());
        assert_eq!(fs::read(to.join("liba.so")).unwrap(), b"two");
        fs::write(to.join("libold.so"), "old").unwrap();
        keep_only(&to, |name| name == "liba.so");
        let left: Vec<_> = fs::read_dir(&to).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert_eq!(left, ["liba.so"]);
        fs::remove_dir_all(&to).unwrap();
        assert!(install(&built, &to).unwrap(), "the folder is made again");
    }
}
