//! Reads a manifest back, as the host does from the file. It checks form, not compatibility: that is the host's part.

use serde::{Deserialize, Serialize};

/// A cog's manifest as read from its file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The cog's name.
    pub name: String,
    /// The cog's own version.
    pub version: String,
    /// ABI it was built against, `(major, minor)`.
    pub abi: (u16, u16),
    /// Target triple.
    pub target: String,
    /// Compiler.
    pub rustc: String,
    /// Panic strategy.
    pub panic: String,
    /// `debug` or `release`.
    pub profile: String,
    /// Gateway events it hears.
    pub events: Vec<String>,
    /// Commands it answers, in the shape in which Discord takes them.
    pub commands: Vec<CommandManifest>,
}

/// A declared command, in Discord's own field names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandManifest {
    /// Discord's command type: 1 is a slash command.
    #[serde(rename = "type")]
    pub kind: u8,
    /// Name.
    pub name: String,
    /// Description.
    pub description: String,
    /// Options.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<OptionManifest>,
    /// Whether its answers are ephemeral. The host goes by it; Discord has no such field.
    #[serde(default, skip_serializing)]
    pub ephemeral: bool,
}

/// A declared option, in Discord's own field names. What is the default is not written: servers other than Discord's may not
/// know every field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionManifest {
    /// Discord's option type.
    #[serde(rename = "type")]
    pub kind: u8,
    /// Name.
    pub name: String,
    /// Description.
    pub description: String,
    /// Whether it must be filled in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// Whether the cog completes it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub autocomplete: bool,
}

/// Why the section's content is not a manifest.
#[derive(Debug)]
pub struct ManifestError(serde_json::Error);

impl std::fmt::Display for ManifestError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "its manifest cannot be read: {}", self.0)
    }
}

impl std::error::Error for ManifestError {}

impl Manifest {
    /// Reads the content of the manifest section.
    ///
    /// # Errors
    /// When it is not the JSON that `export!` writes.
    pub fn parse(section: &[u8]) -> Result<Self, ManifestError> {
        let end = section.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        serde_json::from_slice(&section[..end]).map_err(ManifestError)
    }
}

#[cfg(test)]
mod tests {
    use super::super::*;

    const DECLARATION: Declaration = Declaration {
        name: "quo\"te",
        version: "1.2.3",
        abi: crate::abi::ABI,
        panic: "unwind",
        profile: "debug",
        events: &["MESSAGE_CREATE", "READY"],
        commands: &[Command::new("say", "tab\tand é")
            .options(&[Opt::string("text", "what").required(), Opt::integer("times", "n").autocomplete()])
            .ephemeral()],
    };

    #[test]
    fn what_was_declared_is_what_is_read() {
        const BYTES: [u8; encoded_len(&DECLARATION)] = encode(&DECLARATION);
        let manifest = Manifest::parse(&BYTES).expect("valid JSON");
        assert_eq!(manifest.name, "quo\"te");
        assert_eq!(manifest.abi, crate::abi::ABI);
        assert_eq!(manifest.events, ["MESSAGE_CREATE", "READY"]);
        assert_eq!(manifest.commands[0].description, "tab\tand é");
        assert!(manifest.commands[0].options[0].required && manifest.commands[0].options[1].autocomplete);
        assert!(manifest.commands[0].ephemeral);
        assert!(Manifest::parse(b"{}").is_err());
    }

    #[test]
    fn what_is_the_default_is_neither_declared_nor_registered() {
        const PLAIN: Declaration = Declaration {
            commands: &[Command::new("a", "b"), Command::new("c", "d").options(&[Opt::string("e", "f")])],
            ..DECLARATION
        };
        const BYTES: [u8; encoded_len(&PLAIN)] = encode(&PLAIN);
        let expected = r#"[{"type":1,"name":"a","description":"b"},{"type":1,"name":"c","description":"d","options":[{"type":3,"name":"e","description":"f"}]}]"#;
        let declared = std::str::from_utf8(&BYTES).expect("text");
        assert!(declared.ends_with(&format!("\"commands\":{expected}}}")), "{declared}");
        let manifest = Manifest::parse(&BYTES).expect("valid JSON");
        assert_eq!(serde_json::to_string(&manifest.commands).expect("JSON"), expected);
    }
}
