//! Puts built libraries into the folder of cogs, each atomically.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader},
    path::Path,
};

/// How many bytes of two files are compared at a time.
const PART: usize = 64 << 10;

/// Copies a library into the folder, which `cargo clean` may have removed. `false` if it is already there unchanged.
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

/// Whether two files have the same content. Libraries built from different sources usually differ near the beginning.
fn is_same(built: &Path, library: &Path) -> io::Result<bool> {
    let built = File::open(built)?;
    let Ok(library) = File::open(library) else { return Ok(false) };
    if built.metadata()?.len() != library.metadata()?.len() {
        return Ok(false);
    }
    let [mut built, mut library] = [built, library].map(|file| BufReader::with_capacity(PART, file));
    loop {
        let (one, other) = (built.fill_buf()?, library.fill_buf()?);
        let length = one.len().min(other.len());
        if length == 0 {
            return Ok(one.len() == other.len());
        }
        if one[..length] != other[..length] {
            return Ok(false);
        }
        built.consume(length);
        library.consume(length);
    }
}

/// Removes libraries of packages that are not built any more.
pub(super) fn keep_only(folder: &Path, is_kept: impl Fn(&str) -> bool) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if !entry.file_name().to_str().is_some_and(&is_kept) {
            remove(&entry.path());
        }
    }
}

/// Removes a library. If that fails, it stays loaded, which the user will notice.
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
        // Shorter, longer, and different after the first part that is compared.
        let (long, other) = ("x".repeat(3 * PART), format!("{}y", "x".repeat(3 * PART - 1)));
        for text in ["two", "", &long, &other] {
            fs::write(&built, text).unwrap();
            assert!(install(&built, &to).unwrap());
            assert!(!install(&built, &to).unwrap(), "the same again");
            assert!(fs::read(to.join("liba.so")).unwrap() == text.as_bytes());
        }
        fs::write(to.join("libold.so"), "old").unwrap();
        keep_only(&to, |name| name == "liba.so");
        let left: Vec<_> = fs::read_dir(&to).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert_eq!(left, ["liba.so"]);
        fs::remove_dir_all(&to).unwrap();
        assert!(install(&built, &to).unwrap(), "the folder is made again");
    }
}
