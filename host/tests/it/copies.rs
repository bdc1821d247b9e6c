//! The private folder, and the copies of libraries in it. The contents of the libraries do not matter here.

use std::{env, fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use gearshift_host::library::{
    CopyError, CopyFolder, FolderError, Mapping, PrivateCopy, Readiness, Refusal, examine, prepare,
};
use tempfile::TempDir;

use crate::{damage::Damaged, libraries::library, stage::skipped};

/// A private folder in a temporary one.
pub(crate) fn private_folder() -> (TempDir, CopyFolder) {
    let base = TempDir::new().unwrap();
    let folder = CopyFolder::create(base.path()).unwrap();
    (base, folder)
}

#[test]
fn each_generation_has_a_file_of_its_own_until_it_is_unmapped() {
    let (base, folder) = private_folder();
    let mut first = prepare(&folder, &library("ping")).unwrap().copy;
    let mut second = prepare(&folder, &library("ping")).unwrap().copy;
    first.rename("ping", 7).unwrap();
    second.rename("ping", 8).unwrap();
    assert!(first.path().ends_with("ping-7.so") && second.path().ends_with("ping-8.so"));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(folder.path()), mode(first.path())), (0o700, 0o600));

    let (kept, gone) = (first.path().to_owned(), second.path().to_owned());
    first.set_mapping(Mapping::Mapped);
    second.set_mapping(Mapping::Mapped);
    second.set_mapping(Mapping::Unmapped);
    drop((first, second));
    assert!(kept.exists() && !gone.exists());

    // The process ends with a library still mapped; the next process cleans up.
    let path = folder.path().to_owned();
    drop(folder);
    assert!(kept.exists());
    let next = CopyFolder::create(base.path()).unwrap();
    assert!(!kept.exists() && next.path().exists());
    assert!(!path.exists() || path == next.path());
}

#[test]
fn copies_are_named_as_the_kernel_names_them() {
    // `/proc/self/maps` resolves links: a library below a link would appear to be unmapped at once.
    let base = TempDir::new().unwrap();
    let (real, link) = (base.path().join("real"), base.path().join("link"));
    fs::create_dir(&real).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o700)).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let folder = CopyFolder::create(&link).unwrap();
    assert!(folder.path().starts_with(real.canonicalize().unwrap()), "{}", folder.path().display());
}

#[test]
fn the_folder_of_a_living_process_is_left_alone() {
    let (base, first) = private_folder();
    let copy = prepare(&first, &library("ping")).unwrap().copy;
    let second = CopyFolder::create(base.path()).unwrap();
    assert!(copy.path().exists() && first.path() != second.path());
    let path = first.path().to_owned();
    drop(first);
    assert!(copy.path().exists(), "a copy keeps its folder");
    drop(copy);
    assert!(!path.exists());
}

#[test]
fn nothing_is_cleaned_up_because_it_is_old_while_a_process_uses_it() {
    let (base, folder) = private_folder();
    let (_other, cleaner) = (CopyFolder::create(base.path()).unwrap(), fs::File::open(base.path()).unwrap());
    // As `systemd-tmpfiles` does before it looks into a folder.
    assert!(matches!(cleaner.try_lock(), Err(fs::TryLockError::WouldBlock)));
    drop(folder);
    assert!(matches!(cleaner.try_lock(), Err(fs::TryLockError::WouldBlock)));
}

#[test]
fn a_library_that_changes_under_the_copy_is_refused() {
    let (_base, folder) = private_folder();
    let complete = |file: &Damaged| match examine(file.path()).unwrap() {
        Readiness::Complete(candidate) => candidate,
        other => panic!("{other:?}"),
    };
    let grown = Damaged::copy_of(&library("ping"));
    let candidate = complete(&grown);
    fs::write(grown.path(), [grown.bytes(), vec![0]].concat()).unwrap();
    assert!(matches!(PrivateCopy::make(&folder, &candidate), Err(CopyError::Changed)));

    let replaced = Damaged::copy_of(&library("ping"));
    let candidate = complete(&replaced);
    let other = Damaged::copy_of(&library("ping"));
    fs::rename(other.path(), replaced.path()).unwrap();
    assert!(matches!(PrivateCopy::make(&folder, &candidate), Err(CopyError::Changed)));
    assert!(Refusal::from(CopyError::Changed).is_passing());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "only the lock is left");
}

#[test]
fn a_folder_that_others_can_write_to_is_refused() {
    let base = TempDir::new().unwrap();
    fs::set_permissions(base.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let error = CopyFolder::create(base.path()).unwrap_err();
    assert!(matches!(error, FolderError::Shared(_)));
    assert!(error.to_string().ends_with("other users can write there"));
    assert_eq!(fs::read_dir(base.path()).unwrap().count(), 0, "nothing is made there");
}

/// What another user could put into a folder for copies before a host uses it.
fn trapped(base: &Path, precious: &Path) {
    let dead = base.join("gearshift-copies-1-0");
    fs::create_dir(&dead).unwrap();
    fs::set_permissions(&dead, fs::Permissions::from_mode(0o700)).unwrap();
    std::os::unix::fs::symlink(precious, base.join(".gearshift-copies.lock")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, dead.join("lock"), rustix::fs::Mode::RWXU).unwrap();
}

#[test]
fn nothing_is_touched_in_a_folder_of_others() {
    let (base, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let through = outside.path().join("new");
    trapped(base.path(), &through);
    fs::set_permissions(base.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let error = CopyFolder::create(base.path()).unwrap_err();
    assert!(matches!(error, FolderError::Shared(_)), "{error}");
    assert!(!through.exists(), "a file was made through a link");
    assert!(base.path().join("gearshift-copies-1-0/lock").exists(), "a stranger's folder was removed");
}

#[test]
fn a_lock_that_is_a_link_is_refused_and_a_pipe_does_not_hang() {
    let (base, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let through = outside.path().join("new");
    trapped(base.path(), &through);
    let error = CopyFolder::create(base.path()).unwrap_err().to_string();
    assert!(error.ends_with("/.gearshift-copies.lock` there is not a plain file of its own"), "{error}");
    assert!(!through.exists());
    fs::remove_file(base.path().join(".gearshift-copies.lock")).unwrap();
    // Only the pipe remains: what cannot be judged is left alone, and the start succeeds.
    let folder = CopyFolder::create(base.path()).unwrap();
    assert!(folder.path().exists() && base.path().join("gearshift-copies-1-0/lock").exists());
}

#[test]
fn a_removed_folder_is_created_again_for_the_next_copy() {
    let (base, folder) = private_folder();
    let first = prepare(&folder, &library("ping")).unwrap().copy;
    let vanish: [&dyn Fn(); 3] = [
        &|| fs::remove_dir_all(base.path()).unwrap(),
        &|| fs::remove_dir_all(folder.path()).unwrap(),
        &|| fs::remove_file(folder.path().join("lock")).unwrap(),
    ];
    for vanish in vanish {
        vanish();
        let copy = prepare(&folder, &library("ping")).unwrap().copy;
        assert!(copy.path().exists() && copy.path() != first.path());
        let mode = fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o700);
        let _other = CopyFolder::create(base.path()).unwrap();
        assert!(copy.path().exists(), "another process does not take it for a dead one's");
    }
}

/// Names the folder mounted with `noexec`, in the process started by [`a_noexec_folder_is_refused_at_start`].
const NOEXEC: &str = "GEARSHIFT_TEST_NOEXEC";

#[test]
fn a_noexec_folder_is_refused_at_start() {
    if let Some(folder) = env::var_os(NOEXEC) {
        // Everybody can access the mount itself, so the private folder is below it.
        let error = CopyFolder::create(&Path::new(&folder).join("private")).unwrap_err();
        assert!(error.to_string().ends_with("code cannot be mapped from there"), "{error}");
        assert!(error.help().contains("noexec"));
        return;
    }
    let folder = TempDir::new().unwrap();
    let script = "mount -t tmpfs -o noexec tmpfs \"$1\" || exit 77; shift; exec \"$@\"";
    let outcome = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .args([folder.path(), &env::current_exe().unwrap()])
        .args(["--exact", "copies::a_noexec_folder_is_refused_at_start"])
        .env(NOEXEC, folder.path())
        .output();
    match outcome {
        Ok(output) if output.status.success() => {
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(said.contains("1 passed"), "{said}");
        }
        Ok(output) if output.status.code() == Some(101) => {
            panic!("{}", String::from_utf8_lossy(&output.stdout))
        }
        _ => skipped("this system does not let a test mount a folder with noexec"),
    }
}
