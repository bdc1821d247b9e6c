//! The name of what is made: of the folder, of the package, of the cog and of its command.

use std::{fmt, path::Path};

use super::{super::exit::Failure, refused};
use crate::packages::Reference;

/// Users type it: Discord takes 32 characters for a command, and the templates' lines are short enough for these.
const LENGTH_MAX: usize = 24;

/// <https://doc.rust-lang.org/reference/keywords.html>, strict and reserved ones.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield",
];
/// Crates that a cog is built from.
const CRATES: &[&str] = &["alloc", "core", "gearshift_cog", "proc_macro", "serde", "std", "test"];
/// The linker would take the cog's library, such as `libc.so`, for the system's.
const LIBRARIES: &[&str] = &["c", "dl", "gcc_s", "m", "pthread", "rt", "util"];

/// Small letters, digits, `-` and `_`, a letter first; no keyword, and no other crate's or library's.
#[derive(Clone, Debug)]
pub(super) struct Name(String);

impl Name {
    /// The last part of a folder's path.
    pub(super) fn of(folder: &Path) -> Result<Name, Failure> {
        let name = folder.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        match wrong(&name) {
            Some((why, help)) => Err(refused(format!("`{name}` is no name for a cog: {why}"), help)),
            None => Ok(Name(name.into_owned())),
        }
    }

    pub(super) fn new(name: &'static str) -> Name {
        Name(name.to_owned())
    }

    /// As crates and files of libraries have it.
    pub(super) fn of_crate(&self) -> String {
        self.0.replace('-', "_")
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// What is wrong with a name, and what would do.
fn wrong(name: &str) -> Option<(String, String)> {
    const RULE: &str = "a name has small letters, digits, `-` and `_`, a letter first, such as `greeter`";
    let is_allowed = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || "-_".contains(sign);
    let as_crate = name.replace('-', "_");
    let another = || format!("choose another one, such as `{name}-cog`");
    if name.is_empty() {
        Some(("the path ends without one".to_owned(), RULE.to_owned()))
    } else if let Some(sign) = name.chars().find(|sign| !is_allowed(*sign)) {
        let small = name.to_ascii_lowercase();
        let would_do = sign.is_ascii_uppercase() && wrong(&small).is_none();
        let help = if would_do { format!("`{small}` would do") } else { RULE.to_owned() };
        Some((format!("it has a `{}`", sign.escape_debug()), help))
    } else if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        Some(("it does not begin with a letter".to_owned(), RULE.to_owned()))
    } else if name.len() > LENGTH_MAX {
        let help = "it is the name of a command too, which users type".to_owned();
        Some((format!("it has {} characters, and {LENGTH_MAX} at most are taken", name.len()), help))
    } else if format!("localhost/{name}").parse::<Reference>().is_err() {
        let help = "letters and digits with one `-`, one `_` or `__` between them".to_owned();
        Some(("no registry would take a package of that name".to_owned(), help))
    } else if KEYWORDS.contains(&&*as_crate) {
        Some(("it is a keyword of Rust's".to_owned(), another()))
    } else if CRATES.contains(&&*as_crate) {
        Some(("it is the name of a crate that a cog is built from".to_owned(), another()))
    } else if LIBRARIES.contains(&&*as_crate) {
        Some((format!("`lib{as_crate}` is a library of the system's"), another()))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_cargo_discord_or_the_linker_would_not_take_is_refused_with_what_to_do() {
        for (path, why, help) in [
            ("Greeter", "it has a `G`", "`greeter` would do"),
            ("a b", "it has a ` `", "small letters"),
            ("grüßer", "it has a `ü`", "small letters"),
            ("gr\u{7}", "it has a `\\u{7}`", "small letters"),
            ("Fn", "it has a `F`", "small letters"),
            ("9lives", "it does not begin with a letter", "small letters"),
            ("-x", "it does not begin with a letter", "small letters"),
            ("a-name-of-25-characters-x", "it has 25 characters", "users type"),
            ("a-", "no registry would take", "between them"),
            ("a_", "no registry would take", "between them"),
            ("a-_b", "no registry would take", "between them"),
            (&"x".repeat(200), "it has 200 characters", "users type"),
            ("std", "a crate that a cog is built from", "another"),
            ("fn", "it is a keyword of Rust's", "`fn-cog`"),
            ("gearshift-cog", "a crate that a cog is built from", "another"),
            ("gcc-s", "`libgcc_s` is a library", "another"),
            ("/", "the path ends without one", "small letters"),
            ("bots/..", "the path ends without one", "small letters"),
        ] {
            let failure = Name::of(Path::new(path)).expect_err(path).to_string();
            assert!(failure.contains(why) && failure.contains(help), "{path}: {failure}");
        }
        for path in ["a", "a1", "a--b", "a__b", "bots/my-cog_2", "greeter/", "a-name-of-24-characters1"] {
            assert!(Name::of(Path::new(path)).is_ok(), "{path}");
        }
    }
}
