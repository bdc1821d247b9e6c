//! The files of this repository, as text. Nothing is checked here.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A file and its content.
#[derive(Debug)]
pub(crate) struct Source {
    /// Relative to the top of the repository, with `/`.
    pub path: String,
    pub text: String,
}

impl Source {
    /// A file that does not exist, for testing what a check must find.
    pub(crate) fn sample(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned() }
    }

    /// The lines with their numbers, without anything after `//`.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(at, line)| (at + 1, line.split("//").next().unwrap_or(line)))
    }
}

/// The top of the repository.
pub(crate) fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The file at `path`.
pub(crate) fn read(path: &str) -> Source {
    let text = fs::read_to_string(top().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    Source { path: path.to_owned(), text }
}

/// Every file below `folder` whose name has this ending, ordered by path.
pub(crate) fn below(folder: &str, ending: &str) -> Vec<Source> {
    let mut found = Vec::new();
    collect(folder, ending, &mut found);
    assert!(!found.is_empty(), "no {ending} below {folder}: this looks in the wrong place");
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Every Rust source of the workspace.
pub(crate) fn rust() -> Vec<Source> {
    ["host", "plugin-api", "plugins"].into_iter().flat_map(|folder| below(folder, ".rs")).collect()
}

fn collect(folder: &str, ending: &str, found: &mut Vec<Source>) {
    for entry in fs::read_dir(top().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{folder}/{name}");
        if entry.file_type().unwrap().is_dir() {
            // What cargo and other tools generate is not a source.
            if name != "target" && name != "node_modules" && !name.starts_with('.') {
                collect(&path, ending, found);
            }
        } else if name.ends_with(ending) {
            found.push(read(&path));
        }
    }
}
