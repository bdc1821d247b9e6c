//! Turns the paths of a config into paths that hold wherever the process stands.
//! It does not look whether anything is there.

use std::path::{Path, PathBuf};

use super::Config;

/// The folder of the config file; `.` for a bare file name.
pub(super) fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Every path in the config, once, made absolute: the watcher tells absolute paths, and they must be the same.
pub(super) fn resolve(config: &mut Config) {
    let folder = folder_of(&config.file);
    // It fails only where there is no working directory; then nothing that is relative can be found anyway.
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
    let paths: [Option<&mut PathBuf>; 8] = [
        Some(&mut config.cogs.folder),
        config.discord.as_mut().and_then(|discord| discord.token_file.as_mut()),
        config.api.as_mut().and_then(|api| api.token_file.as_mut()),
        config.store.as_mut().map(|store| &mut store.path),
        config.control.socket.as_mut(),
        config.build.as_mut().map(|build| &mut build.sources),
        config.play.world.as_mut(),
        config.play.keep.as_mut(),
    ];
    for path in paths.into_iter().flatten() {
        *path = folder.join(&*path);
    }
}
