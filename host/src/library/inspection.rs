//! What `gearshift inspect` shows about a library: as text, or as JSON. None of the library's code is executed.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use gearshift_cog::{
    abi::ABI,
    manifest::{CommandManifest, Manifest},
};
use serde::Serialize;

use super::{
    copy::Digest,
    file::{self, Readiness},
    manifest,
    prepare::Refusal,
    verify,
};
use crate::text::path_as_text;

/// Everything that can be known about a library without opening it.
#[derive(Debug, Clone, Serialize)]
pub struct Inspection {
    /// The file.
    #[serde(serialize_with = "path_as_text")]
    pub file: PathBuf,
    /// Size in bytes.
    pub size: u64,
    /// BLAKE3 of its content.
    pub digest: Digest,
    /// What the cog declares.
    pub cog: Manifest,
    /// Libraries that it depends on.
    pub needs: Vec<String>,
    /// Oddities that are worth reporting.
    pub notes: Vec<String>,
    /// What keeps this host from serving it; empty if it can be loaded.
    pub problems: Vec<Problem>,
}

/// A reason why a library cannot be served.
#[derive(Debug, Clone, Serialize)]
pub struct Problem {
    /// The reason.
    pub text: String,
    /// What the author can do about it.
    pub help: String,
}

impl Inspection {
    /// Reads a library's file.
    ///
    /// # Errors
    /// If it is not a complete library, or not a cog.
    pub fn of(file: &Path) -> Result<Self, Refusal> {
        let candidate = match file::examine(file).map_err(|source| Refusal::unreadable(file, source))? {
            Readiness::Complete(candidate) => candidate,
            Readiness::Incomplete { length, needed } => return Err(Refusal::Incomplete { length, needed }),
            Readiness::NotALibrary(why) => return Err(why.into()),
        };
        let contents = manifest::read(file)?;
        let problem = |it: verify::Mismatch| Problem { text: it.to_string(), help: it.help() };
        Ok(Self {
            file: file.to_owned(),
            size: candidate.stamp.length,
            digest: Digest::of(file).map_err(|source| Refusal::unreadable(file, source))?,
            notes: verify::notes(&contents).iter().map(ToString::to_string).collect(),
            problems: verify::mismatches(&contents).into_iter().map(problem).collect(),
            needs: contents.needs,
            cog: contents.manifest,
        })
    }

    /// Whether this host can serve it.
    #[must_use]
    pub fn loads(&self) -> bool {
        self.problems.is_empty()
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cog = &self.cog;
        // Anyone may have written the manifest: its control characters must not reach the terminal.
        writeln!(out, "{}: {} {}", self.file.display(), cog.name.escape_debug(), cog.version.escape_debug())?;
        let mut line = |name: &str, value: &str| writeln!(out, "  {name:<9}{}", value.escape_debug());
        line("abi", &format!("{} (this host speaks {})", verify::pair(cog.abi), verify::pair(ABI)))?;
        line("target", &cog.target)?;
        line("compiler", &cog.rustc)?;
        line("profile", &format!("{}, panic = {}", cog.profile, cog.panic))?;
        line("events", &listed(cog.events.iter().map(String::as_str)))?;
        line(
            "commands",
            &listed(cog.commands.iter().map(usage).collect::<Vec<_>>().iter().map(String::as_str)),
        )?;
        line("handles", &asked(cog.handles.as_deref()))?;
        line("needs", &listed(self.needs.iter().map(String::as_str)))?;
        line("size", &format!("{} bytes", self.size))?;
        line("digest", &self.digest.to_string())?;
        // These are the host's own texts, in which quoted parts are escaped.
        for note in &self.notes {
            writeln!(out, "  {:<9}{note}", "note")?;
        }
        for problem in &self.problems {
            writeln!(out, "  {:<9}{}\n  {:<9}{}", "problem", problem.text, "  help", problem.help)?;
        }
        writeln!(out, "  {:<9}{}", "loads", if self.loads() { "yes" } else { "no" })
    }
}

/// What it may request from the host, unless the config says otherwise.
fn asked(handles: Option<&[String]>) -> String {
    handles.map_or_else(
        || "everything: it does not declare what it asks for".to_owned(),
        |handles| listed(handles.iter().map(String::as_str)),
    )
}

fn listed<'a>(items: impl Iterator<Item = &'a str>) -> String {
    let items: Vec<&str> = items.collect();
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}

/// `/remind when [what]`, `/tag add|remove`, `!old`, the name of a context menu command.
fn usage(command: &CommandManifest) -> String {
    const SUBCOMMAND_GROUP: u64 = 2;
    let Some(discord) = &command.discord else { return format!("!{}", command.name) };
    if command.kind != 1 {
        return format!("{:?} of a menu", command.name);
    }
    let options = discord["options"].as_array().map_or(&[][..], Vec::as_slice);
    let name = |option: &serde_json::Value| option["name"].as_str().unwrap_or_default().to_owned();
    if options
        .first()
        .is_some_and(|first| first["type"].as_u64().is_some_and(|kind| kind <= SUBCOMMAND_GROUP))
    {
        let below: Vec<String> = options.iter().map(name).collect();
        return format!("/{} {}", command.name, below.join("|"));
    }
    let options = options.iter().map(|option| {
        if option["required"] == true { format!(" {}", name(option)) } else { format!(" [{}]", name(option)) }
    });
    format!("/{}{}", command.name, options.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_written_as_it_is_said() {
        let help = "build it with `crate-type = [\"cdylib\"]`".to_owned();
        let inspection = Inspection {
            file: "libping.so".into(),
            size: 1,
            digest: Digest::of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
                .expect("it can be read"),
            cog: Manifest { name: "a\n\u{1b}[2J".to_owned(), ..Manifest::default() },
            needs: Vec::new(),
            notes: Vec::new(),
            problems: vec![Problem { text: "it is built for `\\n`".to_owned(), help }],
        };
        let text = inspection.to_string();
        assert!(text.starts_with("libping.so: a\\n\\u{1b}[2J "), "{text}");
        let wrong =
            "  problem  it is built for `\\n`\n    help   build it with `crate-type = [\"cdylib\"]`\n";
        assert!(text.contains(wrong), "{text}");
    }
}
