//! Judges whether this host can serve a library, from what was read from its file. It opens nothing.

use std::fmt;

use gearshift_cog::{
    abi::ABI,
    manifest::{Manifest, TARGET},
};

use super::{
    declared::{self, CommandProblem},
    manifest::Contents,
};
use crate::config::Permission;

/// Maximum length of a cog's name, in bytes.
const NAME_MAX_BYTES: usize = 32;

/// Why this host cannot serve a library.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// It has another major version of the ABI.
    #[error("{}", speaks(*.0))]
    Abi((u16, u16)),
    /// It is built for another platform.
    #[error("it is built for `{}`, this host for `{TARGET}`", .0.escape_debug())]
    Target(String),
    /// Panics in it could not be caught.
    #[error("it is built with `panic = {0:?}`: a panic in it would end the bot")]
    Panic(String),
    /// It has no name that can be written as `name#7`.
    #[error("its name {0:?} is not 1 to {NAME_MAX_BYTES} of `a`-`z`, `0`-`9`, `-` and `_`")]
    Name(String),
    /// It listens to something that cannot be an event of Discord's.
    #[error("it listens to {0:?}, which is not the name of a gateway event")]
    Event(String),
    /// Discord would refuse one of its commands.
    #[error(transparent)]
    Command(#[from] CommandProblem),
    /// It needs a handle that this host does not have; a newer one may.
    #[error("it asks for {0:?}, and this host has no such handle")]
    Handle(String),
    /// It has a manifest, but no module header.
    #[error("it has a manifest, but no module that the host can open")]
    NoHeader,
}

impl Mismatch {
    /// What the author can do about it.
    pub fn help(&self) -> String {
        match self {
            Self::Abi(_) => abi_help(),
            Self::Target(_) => format!("build it with `--target {TARGET}`"),
            Self::Panic(_) => "build it in a profile with `panic = \"unwind\"`".to_owned(),
            Self::Name(_) => "name its package so, or the cog with `#[cog(name = \"…\")]`".to_owned(),
            Self::Event(_) => {
                "events are named as in Discord's documentation, such as MESSAGE_CREATE".to_owned()
            }
            Self::Handle(_) => "update the host, or correct `handles` of its `#[cog]`".to_owned(),
            Self::Command(problem) => problem.help().to_owned(),
            Self::NoHeader => {
                "build it with `crate-type = [\"cdylib\"]`, and do not strip exported symbols".to_owned()
            }
        }
    }
}

/// An oddity of a library that can be served all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// It was built against a newer minor version of the ABI.
    NewerAbi((u16, u16)),
    /// It asks never to be unmapped; the private copy does not.
    NoDelete,
    /// It takes thread-local memory from a small reserve of the process.
    StaticTls,
    /// It has symbols that keep the loader from ever unmapping it.
    Unique(Vec<String>),
    /// It does not record what it takes from the process.
    NotInterposed(Vec<&'static str>),
}

impl Note {
    /// Whether the loader will not unmap it, whatever the host does.
    #[must_use]
    pub fn is_never_unmapped(&self) -> bool {
        matches!(self, Self::Unique(_))
    }
}

impl fmt::Display for Note {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NewerAbi(abi) => {
                write!(out, "it speaks the newer ABI {}, and is served with {}", pair(*abi), pair(ABI))
            }
            Self::NoDelete => out.write_str(
                "it asks never to be unmapped (DF_1_NODELETE); the flag is cleared in the private copy",
            ),
            Self::StaticTls => out.write_str(
                "it uses static thread-local memory (DF_STATIC_TLS), which the process can run out of",
            ),
            Self::Unique(names) => write!(
                out,
                "it is never unmapped: it defines {} symbols for the whole process (STB_GNU_UNIQUE), such as `{}`",
                names.len(),
                names.first().map_or("", String::as_str).escape_debug()
            ),
            Self::NotInterposed(names) => write!(
                out,
                "it is not known what it takes from the process: it does not define {}",
                names.join(", ")
            ),
        }
    }
}

/// Everything that keeps this host from serving a library; empty if nothing does.
#[must_use]
pub fn mismatches(contents: &Contents) -> Vec<Mismatch> {
    let Manifest { name, abi, target, panic, events, commands, handles, .. } = &contents.manifest;
    let mut found = Vec::new();
    if abi.0 != ABI.0 {
        found.push(Mismatch::Abi(*abi));
    }
    if !same_target(target, TARGET) {
        found.push(Mismatch::Target(target.clone()));
    }
    if panic != "unwind" {
        found.push(Mismatch::Panic(panic.clone()));
    }
    if !is_name(name) {
        found.push(Mismatch::Name(name.clone()));
    }
    found.extend(events.iter().filter(|event| !is_event(event)).cloned().map(Mismatch::Event));
    found.extend(declared::problems(commands).into_iter().map(Mismatch::Command));
    let unknown = handles.iter().flatten().filter(|word| word.parse::<Permission>().is_err());
    found.extend(unknown.cloned().map(Mismatch::Handle));
    if !contents.has_header {
        found.push(Mismatch::NoHeader);
    }
    found
}

/// The oddities of a library.
#[must_use]
pub fn notes(contents: &Contents) -> Vec<Note> {
    let abi = contents.manifest.abi;
    let all = [
        (abi.0 == ABI.0 && abi.1 > ABI.1).then_some(Note::NewerAbi(abi)),
        contents.nodelete_at.map(|_| Note::NoDelete),
        contents.static_tls.then_some(Note::StaticTls),
        (!contents.unique_symbols.is_empty()).then(|| Note::Unique(contents.unique_symbols.clone())),
        (!contents.not_interposed.is_empty()).then(|| Note::NotInterposed(contents.not_interposed.clone())),
    ];
    all.into_iter().flatten().collect()
}

/// Whether this is a valid name of a cog.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    (1..=NAME_MAX_BYTES).contains(&name.len()) && name.bytes().all(fits)
}

fn is_event(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    !name.is_empty() && name.bytes().all(fits)
}

/// Whether libraries of one target can be loaded into a process of the other. The vendor, the second of four
/// parts, does not matter.
#[must_use]
pub fn same_target(one: &str, other: &str) -> bool {
    fn parts(target: &str) -> (&str, &str) {
        let (arch, rest) = target.split_once('-').unwrap_or((target, ""));
        match rest.split_once('-') {
            Some((_vendor, system)) if system.contains('-') => (arch, system),
            _ => (arch, rest),
        }
    }
    parts(one) == parts(other)
}

/// Describes both sides of an ABI mismatch.
pub(super) fn speaks(abi: (u16, u16)) -> String {
    format!("it speaks ABI {}, this host speaks {}", pair(abi), pair(ABI))
}

pub(super) fn abi_help() -> String {
    format!("rebuild it against gearshift-cog {}.x, or update the host", ABI.0)
}

/// An ABI version in readable form.
pub(super) fn pair((major, minor): (u16, u16)) -> String {
    format!("{major}.{minor}")
}

#[cfg(test)]
mod tests {
    use gearshift_cog::manifest::CommandManifest;

    use super::*;

    #[test]
    fn a_target_is_the_same_whatever_its_vendor() {
        assert!(same_target("x86_64-unknown-linux-gnu", "x86_64-pc-linux-gnu"));
        for other in
            ["aarch64-unknown-linux-gnu", "x86_64-unknown-linux-musl", "x86_64-unknown-freebsd", "x86_64", ""]
        {
            assert!(!same_target("x86_64-unknown-linux-gnu", other), "{other}");
        }
        assert!(same_target("aarch64-apple-darwin", "aarch64-apple-darwin"));
        assert!(!same_target("aarch64-apple-darwin", "aarch64-linux-android"));
    }

    #[test]
    fn no_text_of_a_library_can_move_the_cursor_or_forge_a_line() {
        let odd = "a\n\u{1b}[2J";
        let command = |name: &str| CommandManifest {
            name: name.to_owned(),
            kind: 1,
            prefix: true,
            aliases: vec![odd.to_owned(), odd.to_owned()],
            ..CommandManifest::default()
        };
        let contents = Contents {
            manifest: Manifest {
                name: odd.to_owned(),
                target: odd.to_owned(),
                panic: odd.to_owned(),
                events: vec![odd.to_owned()],
                handles: Some(vec![odd.to_owned()]),
                commands: vec![command(odd), command(odd), command("b")],
                ..Manifest::default()
            },
            has_header: false,
            nodelete_at: None,
            static_tls: true,
            unique_symbols: vec![odd.to_owned()],
            not_interposed: Vec::new(),
            needs: Vec::new(),
        };
        let found = mismatches(&contents);
        let texts: Vec<String> = found
            .iter()
            .flat_map(|it| [it.to_string(), it.help()])
            .chain(notes(&contents).iter().map(Note::to_string))
            .collect();
        assert!(found.len() > 8, "{found:?}");
        for text in texts {
            assert!(!text.contains(char::is_control), "{text:?}");
        }
    }

    #[test]
    fn names_are_short_and_plain() {
        assert!(is_name("ping") && is_name("my-cog_2") && is_name(&"a".repeat(32)));
        for wrong in ["", "Ping", "my cog", "café", "../up", &"a".repeat(33)] {
            assert!(!is_name(wrong), "{wrong}");
        }
    }
}
