//! `[cog.NAME] handles`: what a cog may ask of the host, in the terms of the config and of its manifest.

use std::{fmt, num::NonZeroU64, str::FromStr};

use gearshift_cog::manifest::HANDLES;
use serde::{Deserialize, Deserializer, de::Error as _};

use super::{keys, parsed_text};

/// One permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permission {
    /// Every endpoint of Discord.
    Discord,
    /// Requests that change nothing at Discord.
    DiscordRead,
    /// Answering interactions, sending messages and reacting to them.
    DiscordReply,
    /// One of these permissions, in one guild.
    InGuild(Box<Permission>, u64),
    /// Requests to any server.
    Http,
    /// Requests to one origin, such as `https://api.example.org`.
    HttpOrigin(String),
    /// Its own keys in the store.
    Store,
    /// The site API.
    Api,
    /// Metrics.
    Stats,
    /// Gateway requests: members, presence, shards.
    Gateway,
    /// Scheduled tasks.
    Schedule,
}

impl Permission {
    const NAMED: [Permission; 9] = [
        Permission::Discord,
        Permission::DiscordRead,
        Permission::DiscordReply,
        Permission::Http,
        Permission::Store,
        Permission::Api,
        Permission::Stats,
        Permission::Gateway,
        Permission::Schedule,
    ];

    fn named(name: &str) -> Option<Permission> {
        Permission::NAMED.into_iter().find(|it| it.name() == name)
    }

    fn name(&self) -> &'static str {
        match self {
            Permission::InGuild(permission, _) => permission.name(),
            Permission::Discord => "discord",
            Permission::DiscordRead => "discord.read",
            Permission::DiscordReply => "discord.reply",
            Permission::Http | Permission::HttpOrigin(_) => "http",
            Permission::Store => "store",
            Permission::Api => "api",
            Permission::Stats => "stats",
            Permission::Gateway => "gateway",
            Permission::Schedule => "schedule",
        }
    }

    /// Whether this permission covers the other.
    pub fn includes(&self, other: &Permission) -> bool {
        match (self, other) {
            (Permission::InGuild(own, guild), Permission::InGuild(other, at)) => {
                guild == at && own.includes(other)
            }
            (_, Permission::InGuild(other, _)) => self.includes(other),
            (Permission::Discord, Permission::DiscordRead | Permission::DiscordReply)
            | (Permission::Http, Permission::HttpOrigin(_)) => true,
            _ => self == other,
        }
    }

    /// The origin of a URL, normalized for comparison; `None` if it has none.
    pub fn origin(url: &str) -> Option<String> {
        let url = reqwest::Url::parse(url).ok()?;
        matches!(url.scheme(), "http" | "https").then(|| url.origin().ascii_serialization())
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Permission::HttpOrigin(origin) => write!(out, "http:{origin}"),
            Permission::InGuild(permission, guild) => write!(out, "{permission}:{guild}"),
            _ => out.write_str(self.name()),
        }
    }
}

impl FromStr for Permission {
    type Err = String;

    fn from_str(text: &str) -> Result<Permission, String> {
        if text.contains('*') {
            return Err(format!(
                "`{text}` has a wildcard, and handles have none: `http` is every origin, `discord.reply` every guild"
            ));
        }
        if let Some(url) = text.strip_prefix("http:") {
            return origin_of(url).map(Permission::HttpOrigin);
        }
        if let Some((name, guild)) = text.split_once(':').filter(|(name, _)| name.starts_with("discord")) {
            // 0 is not a guild id.
            let permission = Permission::named(name).zip(guild.parse::<NonZeroU64>().ok());
            return permission
                .map(|(it, guild)| Permission::InGuild(Box::new(it), guild.get()))
                .ok_or_else(|| format!("`{text}` names no guild; write it as `discord.reply:GUILD_ID`"));
        }
        Permission::named(text)
            .ok_or_else(|| format!("unknown handle `{text}`; {}", keys::hint(text, HANDLES.into_iter())))
    }
}

/// The origin that a permission names, normalized for comparison: in lower case, without the default port.
fn origin_of(text: &str) -> Result<String, String> {
    let like = "write it as `http:https://api.example.org`";
    let found = reqwest::Url::parse(text).ok().zip(Permission::origin(text));
    let (url, origin) = found.ok_or_else(|| format!("`http:{text}` names no origin; {like}"))?;
    // These would suggest a restriction that does not exist. They are not quoted: they may contain a password.
    let is_more = url.path() != "/" || url.query().is_some() || url.fragment().is_some();
    if is_more || !url.username().is_empty() || url.password().is_some() {
        return Err(format!("only the origin is compared; write `http:{origin}`"));
    }
    match url.port() {
        Some(0) => Err(format!("`http:{text}` names port 0, at which nothing answers; {like}")),
        _ => Ok(origin),
    }
}

impl<'de> Deserialize<'de> for Permission {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Permission, D::Error> {
        let expected = "the name of a handle, such as \"store\" or \"discord.reply\"";
        parsed_text::deserialize(deserializer, expected)?.parse().map_err(D::Error::custom)
    }
}

/// What a cog may ask of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// Everything: there is no restriction.
    Everything,
    /// What its manifest declares.
    Declared(Vec<Permission>),
    /// What `[cog.NAME] handles` says.
    Config(Vec<Permission>),
}

impl Allowed {
    /// What a manifest declares. An unknown word allows nothing.
    pub fn declared(handles: Option<&[String]>) -> Allowed {
        let parse = |words: &[String]| words.iter().filter_map(|word| word.parse().ok()).collect();
        handles.map_or(Allowed::Everything, |words| Allowed::Declared(parse(words)))
    }

    /// The permissions; `None` means everything.
    pub fn list(&self) -> Option<&[Permission]> {
        match self {
            Allowed::Everything => None,
            Allowed::Declared(list) | Allowed::Config(list) => Some(list),
        }
    }

    /// The permissions of another one that it does not include, in words.
    pub fn lacks(&self, other: &Allowed) -> Vec<String> {
        match (self.list(), other.list()) {
            (None, _) => Vec::new(),
            (Some(_), None) => vec!["everything".to_owned()],
            (Some(own), Some(other)) => {
                let is_allowed = |it: &&Permission| own.iter().any(|own| own.includes(it));
                other.iter().filter(|it| !is_allowed(it)).map(|it| format!("`{it}`")).collect()
            }
        }
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.list() {
            None => out.write_str("everything"),
            Some([]) => out.write_str("nothing"),
            Some([first, more @ ..]) => {
                write!(out, "`{first}`")?;
                more.iter().try_for_each(|it| write!(out, ", `{it}`"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use gearshift_cog::manifest::HANDLES;

    use super::{Allowed, Permission};
    use crate::config::Config;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("gearshift.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn what_a_cog_may_ask_is_a_list_of_known_words() {
        let handles = |list: &str| {
            parse(&format!("[cogs]\n[cog.a]\nhandles = {list}\n"))
                .map(|config| config.cog["a"].handles.clone())
        };
        let all = [
            "discord",
            "discord.read",
            "discord.reply",
            "http",
            "http:https://api.example.org:8443",
            "store",
        ];
        let all =
            [&all[..], &["discord:1", "discord.read:2", "api", "stats", "gateway", "schedule"]].concat();
        let read = handles(&format!("{all:?}")).unwrap().unwrap();
        assert_eq!(read.iter().map(ToString::to_string).collect::<Vec<_>>(), all);
        assert_eq!(handles("[]"), Ok(Some(Vec::new())), "nothing");
        assert_eq!(parse("[cog.a]\n").unwrap().cog["a"].handles, None, "everything");
        for (wrong, said) in [
            ("[\"discord.repl\"]", "unknown handle `discord.repl`; did you mean `discord.reply`?"),
            ("[\"discord.reply:harbour\"]", "names no guild; write it as `discord.reply:GUILD_ID`"),
            ("[\"discord.repl:1\"]", "names no guild"),
            ("[\"store:1\"]", "unknown handle `store:1`"),
            ("[\"xyzzy\"]", "known here: `discord`, `discord.read`"),
            ("[\"http://api.example.org\"]", "names no origin; write it as `http:https://api.example.org`"),
            ("[\"http:ftp://api.example.org\"]", "names no origin"),
            ("[\"http:https://\"]", "names no origin"),
            ("[\"http:https://api.example.org:0\"]", "names port 0"),
            ("[\"discord.reply:0\"]", "names no guild"),
            ("[\"discord:-1\"]", "names no guild"),
            ("\"store\"", "expected a list"),
            ("[3]", "expected the name of a handle, such as \"store\" or \"discord.reply\""),
        ] {
            let error = handles(wrong).unwrap_err();
            assert!(error.contains(":3: `cog.a.handles`: ") && error.contains(said), "{error}");
        }
    }

    #[test]
    fn what_can_never_match_is_refused_and_an_origin_is_the_same_however_it_is_written() {
        let parse = |text: &str| text.parse::<Permission>().map(|it| it.to_string());
        for same in [
            "https://api.example.org",
            "https://api.example.org/",
            "HTTPS://API.example.org",
            "https://api.example.org:443",
        ] {
            assert_eq!(parse(&format!("http:{same}")).as_deref(), Ok("http:https://api.example.org"));
        }
        for wildcard in ["http:https://*.example.org", "http:*", "http:https://a.org:*", "discord.*", "*"] {
            let error = parse(wildcard).unwrap_err();
            assert!(error.starts_with(&format!("`{wildcard}` has a wildcard")), "{error}");
        }
        for more in ["/v1", "/?a=1", "/#a", "?"] {
            let error = parse(&format!("http:https://API.example.org{more}")).unwrap_err();
            assert!(
                error.ends_with("only the origin is compared; write `http:https://api.example.org`"),
                "{error}"
            );
        }
        let error = parse("http:https://me:secret@api.example.org").unwrap_err();
        assert!(error.starts_with("only the origin is compared") && !error.contains("secret"), "{error}");
    }

    #[test]
    fn every_handle_that_a_cog_can_declare_is_one_of_the_config() {
        for word in HANDLES {
            assert_eq!(word.parse::<Permission>().map(|it| it.to_string()).as_deref(), Ok(word));
        }
    }

    #[test]
    fn what_is_lacking_is_named_and_a_part_of_what_is_allowed_is_not() {
        let declared = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            Allowed::declared(Some(&words))
        };
        let has = declared(&["discord", "http:https://a.example", "discord.reply:1", "nonsense"]);
        assert_eq!(has.to_string(), "`discord`, `http:https://a.example`, `discord.reply:1`");
        for within in ["discord.read", "discord.reply", "discord:5", "http:https://a.example"] {
            assert!(has.lacks(&declared(&[within])).is_empty(), "{within}");
        }
        let lacking = has.lacks(&declared(&["http", "store", "discord.reply:7", "http:https://b.example"]));
        assert_eq!(lacking, ["`http`", "`store`", "`http:https://b.example`"]);
        let one = declared(&["discord.reply:1"]);
        assert_eq!(one.lacks(&declared(&["discord.reply", "discord.reply:2", "discord.reply:1"])).len(), 2);
        assert_eq!(has.lacks(&Allowed::Everything), ["everything"]);
        assert!(
            Allowed::Everything.lacks(&has).is_empty()
                && Allowed::Everything.lacks(&Allowed::Everything).is_empty()
        );
        assert_eq!(declared(&[]).to_string(), "nothing");
    }
}
