//! Which package a source belongs to, and what is a source at all. It builds nothing.

use std::{ffi::OsStr, fs, path::Path};

/// Whether a change of `path` below `sources` can change a library: not what editors and cargo leave beside them.
pub(super) fn is_source(sources: &Path, path: &Path) -> bool {
    let Ok(inside) = path.strip_prefix(sources) else { return false };
    let is_hidden = |part: &OsStr| part.as_encoded_bytes().starts_with(b".") || part == "target";
    if inside.iter().any(is_hidden) {
        return false;
    }
    let name = inside.file_name().unwrap_or_default();
    name == "Cargo.toml" || Path::new(name).extension().is_some_and(|it| it == "rs")
}

/// The name in the nearest `Cargo.toml` above `file` that is of a package.
pub(super) fn package_of(file: &Path) -> Option<String> {
    file.ancestors().skip(1).find_map(|folder| {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).ok()?;
        let manifest: toml::Table = manifest.parse().ok()?;
        Some(manifest.get("package")?.get("name")?.as_str()?.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_build_reads_is_a_source() {
        let source = |path: &str| is_source(Path::new("/p"), &Path::new("/p").join(path));
        assert!(source("ping/src/lib.rs") && source("ping/Cargo.toml") && source("ping/src/a/b.rs"));
        for other in
            ["ping/src/.lib.rs.swp", "ping/src/lib.rs~", "ping/target/debug/x.rs", ".git/x.rs", "ping/4913"]
        {
            assert!(!source(other), "{other}");
        }
        assert!(!is_source(Path::new("/p"), Path::new("/q/lib.rs")));
    }
}
