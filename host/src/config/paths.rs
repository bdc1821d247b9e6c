//! Makes the paths of a config independent of the working directory.
//! It does not check whether anything exists there.

use std::path::{Component, Path, PathBuf};

use super::{Config, locate::ValueError, registry};

/// Every path in the config, with its key.
fn paths(config: &mut Config) -> impl Iterator<Item = ([&'static str; 2], &mut PathBuf)> {
    let paths: [([&'static str; 2], Option<&mut PathBuf>); 7] = [
        (["cogs", "folder"], Some(&mut config.cogs.folder)),
        (["discord", "token_file"], config.discord.as_mut().and_then(|discord| discord.token_file.as_mut())),
        (["api", "token_file"], config.api.as_mut().and_then(|api| api.token_file.as_mut())),
        (["store", "path"], config.store.as_mut().map(|store| &mut store.path)),
        (["control", "socket"], config.control.socket.as_mut()),
        (["play", "world"], config.play.world.as_mut()),
        (["play", "keep"], config.play.keep.as_mut()),
    ];
    paths.into_iter().filter_map(|(keys, path)| Some((keys, path?)))
}

/// Paths that a shell would expand, but this program does not: otherwise a folder named `~` would be created.
pub(super) fn unexpanded(config: &mut Config) -> Vec<ValueError> {
    let wrong = paths(config).filter_map(|(keys, path)| {
        let sign = path.to_str()?.chars().next().filter(|sign| matches!(sign, '~' | '$'))?;
        let what = format!(
            "`{sign}` is not expanded here; write the path in full, or relative to the folder of this file (for \
             a name that begins with it: `./{sign}…`)"
        );
        Some(ValueError { keys: keys.iter().map(|key| (*key).to_owned()).collect(), what })
    });
    wrong.collect()
}

/// Makes every path absolute, once: the watcher reports absolute paths, which must compare equal.
pub(super) fn resolve(config: &mut Config) {
    let folder = folder_of(&config.file);
    for (_, path) in paths(config) {
        *path = absolute(&folder.join(&*path));
    }
    registry::resolve(&mut config.registry, &folder);
}

/// The folder that relative paths in the config file are relative to.
pub(super) fn folder_of(file: &Path) -> PathBuf {
    absolute(file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")))
}

/// An absolute path as it is displayed and compared: without `.` and `..`, but with the links on the way.
pub fn absolute(path: &Path) -> PathBuf {
    // It fails only without a working directory, and then no relative path can be found anyway.
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                // `..` means the parent of the link's target.
                // https://man7.org/linux/man-pages/man7/path_resolution.7.html
                if plain.is_symlink() {
                    plain = plain.canonicalize().unwrap_or(plain);
                }
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_shown_without_detours_and_leads_where_it_did() {
        let place = tempfile::tempdir().unwrap();
        let top = place.path().canonicalize().unwrap();
        std::fs::create_dir_all(top.join("far/away")).unwrap();
        std::os::unix::fs::symlink("far/away", top.join("link")).unwrap();
        for (path, shown) in [
            ("a/./b/../c", "a/c"),
            ("./x/", "x"),
            ("link/cogs", "link/cogs"),
            ("link/../cogs", "far/cogs"),
            ("x/../link/../../cogs", "cogs"),
        ] {
            assert_eq!(absolute(&top.join(path)).as_os_str(), top.join(shown).as_os_str(), "{path}");
        }
        assert_eq!(absolute(Path::new("/../..")).as_os_str(), "/");
        assert_eq!(
            absolute(Path::new("./x")).as_os_str(),
            std::env::current_dir().unwrap().join("x").as_os_str()
        );
    }
}
