//! The operator's configuration: `gearshift.toml`, read once, validated completely, with every limit in one place.
//! This module opens nothing and connects to nothing; it knows names, numbers and paths.
//!
//! A minimal file is three lines:
//!
//! ```toml
//! [cogs]
//! folder = "cogs"
//! [discord]
//! ```
//!
//! Durations are integers with the unit in the key (`_ms`), and so are sizes (`_bytes`). Relative paths are relative
//! to the folder of the file; once read, every path in a [`Config`] is absolute.

mod check;
mod cog;
mod error;
mod events;
mod filter;
mod intents;
mod keys;
mod limits;
mod locate;
mod parsed_text;
mod paths;
mod permission;
mod presence;
mod registry;
mod secret;
mod sections;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::text;

pub use cog::{CogSection, LaneKind, Memory, Sandbox, Settings};
pub use error::{ConfigError, Problem};
pub use events::{missing_intents, without_message_content};
pub use filter::log_targets;
pub use intents::{Intent, bits as intent_bits};
pub use limits::Limits;
pub use locate::syntax;
pub use paths::absolute;
pub use permission::{Allowed, Permission};
pub use presence::{ActivityKind, Status};
pub use registry::{PackageRules, RegistrySection, TrustedKey, is_folder, is_host, no_place};
pub use secret::{Secret, SecretError, TOKEN_VARIABLE};
pub use sections::{
    Api, Cogs, Commands, Control, Discord, Http, Log, LogFormat, Metrics, Packages, Play, Runtime, Stats,
    Store,
};

/// The config file that is read by default.
pub const FILE: &str = "gearshift.toml";

/// The whole configuration. A section that is `None` was left out, and its session is not opened.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Config {
    /// `[cogs]`: where cogs come from.
    pub cogs: Cogs,
    /// `[discord]`: the account. Without it the host does not connect.
    pub discord: Option<Discord>,
    /// `[http]`: how every client of the host dials and how long it waits.
    pub http: Http,
    /// `[runtime]`: the host's own threads.
    pub runtime: Runtime,
    /// `[api]`: the site API. Without it there is no such session.
    pub api: Option<Api>,
    /// `[stats]`: statsd over UDP. Without it there is no such session.
    pub stats: Option<Stats>,
    /// `[store]`: the SQLite file. Without it there is no such session.
    pub store: Option<Store>,
    /// `[limits]`: queues, deadlines and sizes.
    pub limits: Limits,
    /// `[commands]`: where commands are registered, and the host's own commands.
    pub commands: Commands,
    /// `[control]`: the socket that `gearshift cogs` talks to.
    pub control: Control,
    /// `[metrics]`: health, readiness and metrics over HTTP. Without it there are none.
    pub metrics: Option<Metrics>,
    /// `[log]`: what is logged, and how it looks.
    pub log: Log,
    /// `[play]`: the built-in Discord of `gearshift play`.
    pub play: Play,
    /// `[packages]`: which packages are trusted.
    pub packages: Packages,
    /// `[registry."HOST/PATH"]`: the same for one registry, by name.
    pub registry: BTreeMap<String, RegistrySection>,
    /// `[cog.NAME]`: the settings of one cog, by name.
    pub cog: BTreeMap<String, CogSection>,
    /// The file that this was read from; empty for a default config.
    #[serde(skip)]
    pub file: PathBuf,
}

impl Config {
    /// Reads and validates a file.
    ///
    /// # Errors
    /// The file cannot be read, is not TOML, has an unknown key, or has a value that is out of range. Every problem
    /// that can be found in one pass is listed with its line and field.
    pub fn load(path: &Path) -> Result<Config, ConfigError> {
        let text = text::read(path)
            .map_err(|source| ConfigError::Unreadable { file: path.to_path_buf(), source })?;
        Config::parse(&text, path)
    }

    /// The `[control] socket` of a file, whatever else is wrong with the file: a host that runs with an earlier
    /// version of it must still be found. `None` if there is none, or it cannot be read.
    pub fn socket_of(path: &Path) -> Option<PathBuf> {
        let text = text::read(path).ok()?;
        let (document, _) = toml::de::DeTable::parse_recoverable(&text);
        let socket = document.get_ref().get("control")?.get_ref().get("socket")?.get_ref().as_str()?;
        Some(absolute(&paths::folder_of(path).join(socket)))
    }

    /// Validates a text in place of the file `path`; relative paths are relative to that file's folder.
    ///
    /// # Errors
    /// As for [`Config::load`], apart from reading the file.
    pub fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
        let invalid = |problems| ConfigError::Invalid { file: path.to_path_buf(), problems };
        let document =
            locate::Document::parse(text).map_err(|error| invalid(vec![Problem::syntax(text, &error)]))?;
        let (read, unknown) = keys::read::<Config>(&document);
        let mut problems = unknown;
        let mut config = match read {
            Ok(config) => config,
            Err(problem) => {
                problems.push(problem);
                return Err(invalid(problems));
            }
        };
        config.file = path.to_path_buf();
        let wrong = check::check(&config).into_iter().chain(registry::wrong(&config));
        let wrong = wrong.chain(paths::unexpanded(&mut config));
        problems.extend(wrong.map(|wrong| document.problem_at(wrong)));
        if !problems.is_empty() {
            problems.sort_by_key(|problem| problem.line);
            return Err(invalid(problems));
        }
        for (name, section) in &mut config.cog {
            if let Some(settings) = &mut section.settings {
                settings.lines = document.lines_below(&["cog", name, "settings"]);
            }
        }
        paths::resolve(&mut config);
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("/srv/bot/gearshift.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_minimal_file_is_three_lines() {
        let config = parse("[cogs]\nfolder = \"cogs\"\n[discord]\n").unwrap();
        assert_eq!(config.cogs.folder, Path::new("/srv/bot/cogs"));
        let discord = config.discord.unwrap();
        assert_eq!((discord.prefix.as_str(), discord.shards), ("!", 1));
        assert!(discord.intents.contains(&Intent::MessageContent));
        assert!(config.http.ipv4_only && config.http.async_dns);
        assert!(config.api.is_none() && config.stats.is_none() && config.store.is_none());
        assert_eq!(config.limits.lane_queue, 4096);
    }

    #[test]
    fn an_unknown_key_names_file_line_and_the_nearest_key() {
        let error = parse("[limits]\n\nlane_queu = 3\n[cgos]\n").unwrap_err();
        assert!(error.contains("/srv/bot/gearshift.toml:3: unknown key `limits.lane_queu`"), "{error}");
        assert!(error.contains("did you mean `lane_queue`?"), "{error}");
        assert!(error.contains(":4: unknown key `cgos`; did you mean `cogs`?"), "{error}");
    }

    #[test]
    fn an_unknown_key_far_from_all_others_lists_the_known_ones() {
        let error = parse("[store]\nxyzzyplugh = 1\n").unwrap_err();
        assert!(error.contains("known here: `path`"), "{error}");
    }

    #[test]
    fn a_token_in_the_file_is_answered_with_where_it_belongs_and_not_shown() {
        for key in ["token", "bot_token", "Token", "token_fil"] {
            let error = parse(&format!("[cogs]\n[discord]\n{key} = \"s3cret\"\n")).unwrap_err();
            assert!(error.contains(&format!(":3: unknown key `discord.{key}`; ")), "{error}");
            assert!(error.contains("`token_file`") && error.contains("DISCORD_TOKEN"), "{error}");
            assert!(!error.contains("s3cret") && !error.contains("known here"), "{error}");
        }
    }

    #[test]
    fn what_is_expected_is_said_in_words_of_the_file() {
        for (text, said) in [
            ("[limits]\nheld_max = \"many\"\n", "expected a whole number, 0 or more"),
            ("[limits]\nlane_queue = -1\n", "expected a whole number, 0 or more"),
            ("[limits]\nprobation_faults = 4294967296\n", "expected a whole number from 0 to 4294967295"),
            ("[play]\nport = 65536\n", "expected a whole number from 0 to 65535"),
            ("limits = 3\n", "expected a section"),
            ("[cogs]\ndisabled = \"ping\"\n", "expected a list"),
            ("[cogs]\nfolder = 3\n", "expected a text"),
            ("[cogs]\nwatch = 1\n", "expected true or false"),
            ("[limits]\ndrain_timeout_ms = \"5 s\"\n", "expected a whole number, 0 or more"),
            ("[discord]\nintents = [3]\n", "expected the name of an intent, such as \"guilds\""),
            ("[cog.a]\nmemory_max = 3\n", "expected an amount of memory, such as \"256 MiB\""),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.trim_end().ends_with(said), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_set_for_a_cog_is_kept_as_json_with_the_line_of_each_key() {
        let text = "[cogs]\n[cog.welcome.settings]\nchannel = 41\nsince = 2026-11-02\nroles = [\n  { id = 1 },\n  { id = 2 },\n]\n\
             [cog.welcome.settings.texts]\nhello = \"s3cret\"\n[cog.empty]\n";
        let config = parse(text).unwrap();
        let settings = config.cog["welcome"].settings.as_ref().unwrap();
        assert_eq!(
            settings.json(),
            r#"{"channel":41,"roles":[{"id":1},{"id":2}],"since":"2026-11-02","texts":{"hello":"s3cret"}}"#
        );
        let lines = ["channel", "roles[1].id", "roles[1].name", "texts.hello", "texts.bye", "other", ""];
        assert_eq!(lines.map(|key| settings.line_of(key)), [3, 7, 7, 10, 9, 2, 2].map(Some));
        assert!(config.cog["empty"].settings.is_none());
        assert!(!format!("{config:?}").contains("s3cret"), "they may hold a secret");
    }

    #[test]
    fn a_key_beside_a_cog_s_settings_is_unknown() {
        let error = parse("[cogs]\n[cog.welcome]\nsetings = { a = 1 }\nchannel = 4\n").unwrap_err();
        assert!(error.contains(":3: unknown key `cog.welcome.setings`; did you mean `settings`?"), "{error}");
        assert!(error.contains(":4: unknown key `cog.welcome.channel`; known here: `settings`"), "{error}");
        let error = parse("[cog.welcome]\nsettings = 3\n").unwrap_err();
        assert!(error.contains(":2: `cog.welcome.settings`: invalid type: integer `3`"), "{error}");
        let error = parse("[cog.welcome.settings]\na = nan\n").unwrap_err();
        assert!(error.contains("`inf` and `nan` cannot be settings of a cog"), "{error}");
    }

    #[test]
    fn what_is_quoted_of_the_file_cannot_move_the_cursor() {
        let text =
            "[cog.a]\nhandles = [\"\\rstore\"]\n[discord]\nintents = [\"\\u001b[2J\"]\n\"a\\nb\" = 1\n";
        for text in [text, &text.replace("handles", "other"), "[cog.a.settings]\n\"a\\u0007\" = nan\n"] {
            let error = parse(text).unwrap_err();
            assert!(error.lines().all(|line| !line.contains(char::is_control)), "{error:?}");
            assert!(error.lines().all(|line| line.starts_with("/srv/bot/gearshift.toml:")), "{error}");
        }
    }

    #[test]
    fn a_wrong_type_names_line_and_field() {
        let error = parse("[cogs]\n[limits]\nheld_max = \"many\"\n").unwrap_err();
        assert!(error.contains(":3: `limits.held_max`: invalid type: string \"many\""), "{error}");
    }

    #[test]
    fn a_missing_required_field_names_its_section() {
        let error = parse("[cogs]\n[stats]\nprefix = \"bot\"\n").unwrap_err();
        assert!(error.contains(":2: `stats`: missing field `address`"), "{error}");
    }

    #[test]
    fn a_syntax_error_names_its_line() {
        let error = parse("[cogs]\nfolder = \n").unwrap_err();
        assert!(error.contains("gearshift.toml:2: "), "{error}");
    }

    #[test]
    fn every_value_out_of_range_is_listed_at_once() {
        let error = parse(
            "[discord]\napi_url = \"ftp://x\"\nprefix = \"\"\nshards = 0\n[limits]\nlane_queue = 0\n[stats]\naddress = \"nowhere\"\n",
        )
        .unwrap_err();
        for part in [
            ":2: `discord.api_url`",
            ":3: `discord.prefix`",
            ":4: `discord.shards`",
            ":6: `limits.lane_queue`",
            ":8: `stats.address`",
        ] {
            assert!(error.contains(part), "{part} is not in {error}");
        }
    }

    #[test]
    fn metrics_are_for_this_machine_unless_the_config_says_otherwise() {
        let address = |section: &str| parse(section).map(|config| config.metrics.unwrap().address);
        assert_eq!(address("[metrics]\n").unwrap(), "127.0.0.1:9464");
        for (line, what) in [
            ("address = \"localhost:9464\"", ":2: `metrics.address`: must be an IP address and a port"),
            ("address = \"127.0.0.1\"", "must be an IP address and a port, as \"127.0.0.1:9464\""),
            ("address = \"0.0.0.0:9464\"", "other machines can reach it; set `expose = true` to allow that"),
            ("address = \"[2001:db8::1]:1\"", "`expose = true`"),
        ] {
            let error = address(&format!("[metrics]\n{line}\n")).unwrap_err();
            assert!(error.contains(what), "{error}");
        }
        for good in ["[::1]:9464", "127.8.0.1:0"] {
            assert_eq!(address(&format!("[metrics]\naddress = \"{good}\"\n")).unwrap(), good);
        }
        assert!(address("[metrics]\naddress = \"0.0.0.0:9464\"\nexpose = true\n").is_ok());
    }

    #[test]
    fn an_unknown_intent_is_refused_with_the_nearest_name() {
        let error = parse("[discord]\nintents = [\"guilds\", \"guild_mesages\"]\n").unwrap_err();
        assert!(error.contains("unknown intent `guild_mesages`; did you mean `guild_messages`?"), "{error}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Config::load(Path::new("/nonexistent/gearshift.toml")).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/gearshift.toml"));
    }

    #[test]
    fn paths_are_relative_to_the_folder_of_the_file_unless_absolute() {
        let config = parse("[store]\n[api]\nurl = \"https://site\"\ntoken_file = \"/run/secret\"\n").unwrap();
        assert_eq!(config.store.unwrap().path, Path::new("/srv/bot/gearshift.db"));
        assert_eq!(config.api.unwrap().token_file.as_deref(), Some(Path::new("/run/secret")));
    }

    #[test]
    fn a_path_that_only_a_shell_expands_is_refused_for_every_key() {
        let error = parse(
            "[cogs]\nfolder = \"~/cogs\"\n[discord]\ntoken_file = \"$HOME/token\"\n[api]\nurl = \"https://site\"\n\
             token_file = \"~\"\n[store]\npath = \"~bot/bot.db\"\n[control]\nsocket = \"${X}/c\"\n[play]\n\
             world = \"~/w\"\nkeep = \"~/k\"\n",
        )
        .unwrap_err();
        for part in [
            ":2: `cogs.folder`: `~` is not expanded here",
            ":4: `discord.token_file`: `$` is not",
            ":7: `api.token_file`",
            ":9: `store.path`",
            ":11: `control.socket`",
            ":13: `play.world`",
            ":14: `play.keep`",
        ] {
            assert!(error.contains(part), "{part} is not in {error}");
        }
        let config = parse("[cogs]\nfolder = \"./~cogs\"\n").unwrap();
        assert_eq!(config.cogs.folder, Path::new("/srv/bot/./~cogs"));
    }

    #[test]
    fn a_backslash_in_a_path_is_explained() {
        let error = parse("[cogs]\nfolder = \"C:\\cogs\"\n").unwrap_err();
        assert!(error.contains(":2: ") && error.contains("a backslash begins an escape"), "{error}");
    }

    #[test]
    fn an_encoding_other_than_utf_8_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gearshift.toml");
        std::fs::write(&file, b"\xef\xbb\xbf[cogs]\r\nfolder = \"c\"\r\n").unwrap();
        assert_eq!(Config::load(&file).unwrap().cogs.folder, folder.path().join("c"));
        std::fs::write(&file, b"\xff\xfe[\0c\0").unwrap();
        let error = Config::load(&file).unwrap_err();
        assert_eq!(
            crate::error::chain(&error),
            format!("cannot read the config file `{}`: it is UTF-16; save it as UTF-8", file.display())
        );
    }

    #[test]
    fn the_socket_is_found_in_a_file_that_is_broken_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gearshift.toml");
        let socket = |text: &str| {
            std::fs::write(&file, text).unwrap();
            Config::socket_of(&file)
        };
        let named = Some(folder.path().join("run/c.sock"));
        for broken in
            ["[limits]\nlane_queu = 3", "[cogs]\nfolder = \n", "x = [1,", "[discord]\nshards = \"many\""]
        {
            assert_eq!(socket(&format!("[control]\nsocket = \"run/c.sock\"\n{broken}\n")), named, "{broken}");
            assert_eq!(socket(&format!("{broken}\n")), None);
        }
        std::fs::write(&file, b"\xff\xfe[\0").unwrap();
        assert_eq!(Config::socket_of(&file), None);
    }

    #[test]
    fn a_token_in_the_file_is_never_printed() {
        let config = parse("[api]\nurl = \"https://site\"\ntoken = \"s3cret\"\n").unwrap();
        assert!(!format!("{config:?}").contains("s3cret"));
    }
}
