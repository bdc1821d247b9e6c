//! The name of a new cog or bot: of its folder, its package, the cog and its command.

use std::{fmt, path::Path};

use super::{super::exit::Failure, refused};
use crate::packages::Reference;

/// Users type the name: Discord allows 32 characters for a command, and with this many the templates' lines are short
/// enough.
const LENGTH_MAX: usize = 24;

/// The strict and reserved keywords of <https://doc.rust-lang.org/reference/keywords.html>.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield",
];
/// The crates that a cog is built from.
const CRATES: &[&str] = &["alloc", "core", "gearshift_cog", "proc_macro", "serde", "std", "test"];
/// System libraries: the linker would confuse a cog's library, such as `libc.so`, with them.
const LIBRARIES: &[&str] = &["c", "dl", "gcc_s", "m", "pthread", "rt", "util"];

/// Lowercase letters, digits, `-` and `_`, starting with a letter; not a keyword, nor the name of another crate or
/// library.
#[derive(Clone, Debug)]
pub(super) struct Name(String);

impl Name {
    /// The name in the last part of a folder's path.
    pub(super) fn of(folder: &Path) -> Result<Name, Failure> {
        let name = folder.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        match wrong(&name) {
            Some((why, help)) => Err(refused(format!("`{name}` cannot be the name of a cog: {why}"), help)),
            None => Ok(Name(name.into_owned())),
        }
    }

    pub(super) fn new(name: &'static str) -> Name {
        Name(name.to_owned())
    }

    /// The name as crates and library files have it.
    pub(super) fn of_crate(&self) -> String {
        self.0.replace('-', "_")
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// What is wrong with a name, and what would work.
fn wrong(name: &str) -> Option<(String, String)> {
    const RULE: &str = "use lowercase letters, digits, `-` and `_`, starting with a letter, as in `greeter`";
    let is_allowed = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || "-_".contains(sign);
    let as_crate = name.replace('-', "_");
    let another = || format!("choose another one, such as `{name}-cog`");
    if name.is_empty() {
        Some(("the path does not end with a name".to_owned(), RULE.to_owned()))
    } else if let Some(sign) = name.chars().find(|sign| !is_allowed(*sign)) {
        let small = name.to_ascii_lowercase();
        let would_do = sign.is_ascii_uppercase() && wrong(&small).is_none();
        let help = if would_do { format!("`{small}` would do") } else { RULE.to_owned() };
        Some((format!("it has a `{}`", sign.escape_debug()), help))
    } else if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        Some(("it does not begin with a letter".to_owned(), RULE.to_owned()))
    } else if name.len() > LENGTH_MAX {
        let help = "it is also the name of a command, which users type".to_owned();
        Some((format!("it has {} characters, and at most {LENGTH_MAX} are allowed", name.len()), help))
    } else if format!("localhost/{name}").parse::<Reference>().is_err() {
        let help = "letters and digits with one `-`, one `_` or `__` between them".to_owned();
        Some(("no registry would accept a package with that name".to_owned(), help))
    } else if KEYWORDS.contains(&&*as_crate) {
        Some(("it is a Rust keyword".to_owned(), another()))
    } else if CRATES.contains(&&*as_crate) {
        Some(("it is the name of a crate that a cog is built from".to_owned(), another()))
    } else if LIBRARIES.contains(&&*as_crate) {
        Some((format!("`lib{as_crate}` is a system library"), another()))
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
            ("a b", "it has a ` `", "lowercase letters"),
            ("grüßer", "it has a `ü`", "lowercase letters"),
            ("gr\u{7}", "it has a `\\u{7}`", "lowercase letters"),
            ("Fn", "it has a `F`", "lowercase letters"),
            ("9lives", "it does not begin with a letter", "lowercase letters"),
            ("-x", "it does not begin with a letter", "lowercase letters"),
            ("a-name-of-25-characters-x", "it has 25 characters", "users type"),
            ("a-", "no registry would accept", "between them"),
            ("a_", "no registry would accept", "between them"),
            ("a-_b", "no registry would accept", "between them"),
            (&"x".repeat(200), "it has 200 characters", "users type"),
            ("std", "a crate that a cog is built from", "another"),
            ("fn", "it is a Rust keyword", "`fn-cog`"),
            ("gearshift-cog", "a crate that a cog is built from", "another"),
            ("gcc-s", "`libgcc_s` is a system library", "another"),
            ("/", "the path does not end with a name", "lowercase letters"),
            ("bots/..", "the path does not end with a name", "lowercase letters"),
        ] {
            let failure = Name::of(Path::new(path)).expect_err(path).to_string();
            assert!(failure.contains(why) && failure.contains(help), "{path}: {failure}");
        }
        for path in ["a", "a1", "a--b", "a__b", "bots/my-cog_2", "greeter/", "a-name-of-24-characters1"] {
            assert!(Name::of(Path::new(path)).is_ok(), "{path}");
        }
    }
}
