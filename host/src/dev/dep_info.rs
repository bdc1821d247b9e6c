//! The files that went into a library, according to cargo.
//! <https://doc.rust-lang.org/cargo/reference/build-cache.html#dep-info-files>

use std::path::PathBuf;

/// The files of `library: file file …`, in which a space within a name is written as `\ `.
pub(super) fn dep_info(text: &str) -> Vec<PathBuf> {
    let Some((_, files)) = text.lines().next().and_then(|line| line.split_once(": ")) else {
        return Vec::new();
    };
    let (mut paths, mut path, mut characters) = (Vec::new(), String::new(), files.chars().peekable());
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.peek() == Some(&' ') => path.extend(characters.next()),
            ' ' => paths.push(std::mem::take(&mut path)),
            other => path.push(other),
        }
    }
    paths.push(path);
    paths.into_iter().filter(|path| !path.is_empty()).map(PathBuf::from).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn cargos_list_of_files_is_read_with_spaces_in_names() {
        let text = "/t/debug/libping.so: /p/my\\ cogs/src/lib.rs /p/words.txt\n\n/p/words.txt:\n";
        let files = dep_info(text);
        assert_eq!(files, [Path::new("/p/my cogs/src/lib.rs"), Path::new("/p/words.txt")]);
        assert!(dep_info("").is_empty());
    }
}
