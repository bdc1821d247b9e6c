//! Reads a manifest back, as the host does from the file. It checks the form; compatibility is checked by the host.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A cog's manifest as read from its file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The cog's name.
    pub name: String,
    /// The cog's own version.
    pub version: String,
    /// The ABI it was built against, `(major, minor)`.
    pub abi: (u16, u16),
    /// Target triple.
    pub target: String,
    /// Compiler.
    pub rustc: String,
    /// Panic strategy.
    pub panic: String,
    /// `debug` or `release`.
    pub profile: String,
    /// Gateway events it gets.
    pub events: Vec<String>,
    /// Filters for them: an event that is named here reaches the cog if one of its filters lets it through.
    #[serde(default)]
    pub filters: Vec<FilterManifest>,
    /// Commands it answers.
    pub commands: Vec<CommandManifest>,
    /// Components and forms it answers, by pattern of their `custom_id`.
    #[serde(default)]
    pub components: Vec<String>,
    /// Whether it reads settings.
    #[serde(default)]
    pub settings: bool,
    /// The handles it needs; `None` if it does not declare them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handles: Option<Vec<String>>,
}

/// Selects which events of a name wake a cog; an empty list lets everything through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilterManifest {
    /// The event.
    pub event: String,
    /// Channels, by snowflake.
    pub channels: Vec<String>,
    /// Guilds, by snowflake.
    pub guilds: Vec<String>,
    /// Excludes events that a bot or a webhook caused.
    pub skip_bots: bool,
}

/// A declared command: what the host uses, and what Discord gets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CommandManifest {
    /// Name of the command, or of the group.
    pub name: String,
    /// Discord's command type: 1 for a slash command, 2 for a user menu, 3 for a message menu.
    #[serde(rename = "type")]
    pub kind: u8,
    /// Whether it can be called with a prefix.
    pub prefix: bool,
    /// Additional names for calls with a prefix.
    pub aliases: Vec<String>,
    /// The commands in it that have aliases, or contain one that has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub below: Vec<SubcommandAliases>,
    /// Paths (`tag`, `tag list`) of the commands whose answers are ephemeral.
    pub ephemeral: Vec<String>,
    /// The guilds in which it is registered, by snowflake; empty for everywhere.
    pub guilds: Vec<String>,
    /// Discord's own application command object, as it is registered; none if it is called with a prefix only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discord: Option<Value>,
}

/// The aliases of a command in a group, or of a group in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubcommandAliases {
    /// Its own name, without those of its groups.
    pub name: String,
    /// Additional names for calls with a prefix.
    pub aliases: Vec<String>,
    /// The commands in it.
    pub below: Vec<SubcommandAliases>,
}

/// Why the section's content is not a manifest.
#[derive(Debug)]
pub struct ManifestError(serde_path_to_error::Error<serde_json::Error>);

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
    /// If it is not the JSON that `export!` writes.
    pub fn parse(section: &[u8]) -> Result<Self, ManifestError> {
        let end = section.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let mut reader = serde_json::Deserializer::from_slice(&section[..end]);
        serde_path_to_error::deserialize(&mut reader).map_err(ManifestError)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::super::*;

    const DECLARATION: Declaration = Declaration {
        name: "quo\"te",
        version: "1.2.3",
        abi: crate::abi::ABI,
        panic: "unwind",
        profile: "debug",
        events: &["MESSAGE_CREATE", "READY"],
        filters: &[Filter::new("MESSAGE_CREATE").channels(&[7]).skip_bots()],
        commands: &[Command::new("say", "tab\tand é")
            .options(&[Opt::string("text", "what").required(), Opt::integer("times", "n").autocomplete()])
            .ephemeral()],
        components: &["say:{id}"],
        settings: true,
        handles: Some(&["discord.reply:7", "store"]),
    };

    fn registered(bytes: &[u8]) -> Vec<serde_json::Value> {
        let manifest = Manifest::parse(bytes).expect("valid JSON");
        manifest.commands.into_iter().filter_map(|command| command.discord).collect()
    }

    #[test]
    fn a_declaration_is_read_back() {
        const BYTES: [u8; encoded_len(&DECLARATION)] = encode(&DECLARATION);
        let manifest = Manifest::parse(&BYTES).expect("valid JSON");
        assert_eq!(manifest.name, "quo\"te");
        assert_eq!(manifest.abi, crate::abi::ABI);
        assert_eq!(manifest.events, ["MESSAGE_CREATE", "READY"]);
        assert_eq!((&*manifest.filters[0].channels[0], manifest.filters[0].skip_bots), ("7", true));
        assert_eq!((manifest.components, manifest.settings), (vec!["say:{id}".to_owned()], true));
        assert_eq!(manifest.handles, Some(vec!["discord.reply:7".to_owned(), "store".to_owned()]));
        let say = &manifest.commands[0];
        assert_eq!((&*say.name, say.prefix, &*say.ephemeral), ("say", true, &["say".to_owned()][..]));
        let discord = say.discord.as_ref().expect("a slash command");
        assert_eq!(discord["description"], "tab\tand é");
        assert_eq!(
            (&discord["options"][0]["required"], &discord["options"][1]["autocomplete"]),
            (&json!(true), &json!(true))
        );
        assert!(Manifest::parse(b"{}").is_err());
        let said = |text: String| Manifest::parse(text.as_bytes()).expect_err("it is none").to_string();
        let text = String::from_utf8(BYTES.to_vec()).expect("it is text");
        let broken = said(text.replace(r#","description":"what""#, ", what"));
        assert!(broken.contains("commands[0].discord"), "{broken}");
    }

    #[test]
    fn defaults_are_neither_declared_nor_registered() {
        const PLAIN: Declaration = Declaration {
            commands: &[Command::new("a", "b"), Command::new("c", "d").options(&[Opt::string("e", "f")])],
            handles: None,
            ..DECLARATION
        };
        const BYTES: [u8; encoded_len(&PLAIN)] = encode(&PLAIN);
        let expected = json!([
            { "type": 1, "name": "a", "description": "b" },
            { "type": 1, "name": "c", "description": "d", "options": [{ "type": 3, "name": "e", "description": "f" }] },
        ]);
        assert_eq!(json!(registered(&BYTES)), expected);
        assert_eq!(Manifest::parse(&BYTES).expect("valid JSON").handles, None);
    }

    #[test]
    fn groups_menus_and_all_option_types_are_declared() {
        const GERMAN: &[Localized] =
            &[Localized { locale: "de", name: "farbe", description: "Welche Farbe" }];
        const RED: Choice = Choice { name: "Red", value: ChoiceValue::Number("-3"), localized: &[] };
        const SET: Command = Command::new("set", "Sets it").options(&[
            Opt::integer("color", "which").required().choices(&[RED]).localized(GERMAN),
            Opt::number("size", "s").min("0.5").max("9"),
            Opt::string("text", "t").min_length(1).max_length(6000),
            Opt::channel("where", "w").channel_types(&[0, 5]),
        ]);
        const TWO: Command = Command::new("two", "Two of them").ephemeral().aliases(&["2", "both"]);
        const ALL: Declaration = Declaration {
            commands: &[
                Command::group("color", "Colors", &[SET, Command::group("mix", "Mixes", &[TWO])])
                    .permissions(1 << 40)
                    .guild_only()
                    .aliases(&["c"])
                    .fields("\"handler\":1"),
                Command::user_menu("Greet them"),
                Command::message_menu("Pin").guilds(&[9]),
                Command::new("old", "With a prefix only")
                    .prefix_only()
                    .cooldown(Cooldown::new(1, Duration::from_secs(1))),
            ],
            ..DECLARATION
        };
        const BYTES: [u8; encoded_len(&ALL)] = encode(&ALL);
        let expected = json!([
            {
                "type": 1, "name": "color", "description": "Colors", "default_member_permissions": "1099511627776",
                "contexts": [0], "handler": 1, "options": [
                    { "type": 1, "name": "set", "description": "Sets it", "options": [
                        { "type": 4, "name": "color", "description": "which", "required": true,
                          "name_localizations": { "de": "farbe" }, "description_localizations": { "de": "Welche Farbe" },
                          "choices": [{ "name": "Red", "value": -3 }] },
                        { "type": 10, "name": "size", "description": "s", "min_value": 0.5, "max_value": 9 },
                        { "type": 3, "name": "text", "description": "t", "min_length": 1, "max_length": 6000 },
                        { "type": 7, "name": "where", "description": "w", "channel_types": [0, 5] },
                    ] },
                    { "type": 2, "name": "mix", "description": "Mixes",
                      "options": [{ "type": 1, "name": "two", "description": "Two of them" }] },
                ],
            },
            { "type": 2, "name": "Greet them" },
            { "type": 3, "name": "Pin" },
        ]);
        assert_eq!(json!(registered(&BYTES)), expected);
        let commands = Manifest::parse(&BYTES).expect("valid JSON").commands;
        assert_eq!(
            (&*commands[0].ephemeral, &*commands[0].aliases),
            (&["color mix two".to_owned()][..], &["c".to_owned()][..])
        );
        let two = SubcommandAliases {
            name: "two".to_owned(),
            aliases: vec!["2".to_owned(), "both".to_owned()],
            below: vec![],
        };
        assert_eq!(
            commands[0].below,
            [SubcommandAliases { name: "mix".to_owned(), aliases: vec![], below: vec![two] }]
        );
        assert_eq!((commands[1].prefix, &*commands[2].guilds), (false, &["9".to_owned()][..]));
        assert!(commands[3].discord.is_none() && commands[3].prefix);
    }
}
