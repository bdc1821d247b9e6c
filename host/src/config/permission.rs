//! `[cog.NAME] handles`: what a cog may ask of the host, in words of the config.

use std::fmt;

use serde::{Deserialize, Deserializer, de::Error as _};

use super::keys;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permission {
    /// Every endpoint of Discord.
    Discord,
    /// What changes nothing at Discord.
    DiscordRead,
    /// Answering interactions, sending messages and reacting to them.
    DiscordReply,
    /// One of these in one guild.
    InGuild(Box<Permission>, u64),
    /// Requests to anywhere.
    Http,
    /// Requests to one origin, such as `https://api.example.org`.
    HttpOrigin(String),
    /// Its own keys in the store.
    Store,
    /// The site API.
    Api,
    /// Metrics.
    Stats,
    /// What the gateway is asked: members, presence, shards.
    Gateway,
    /// Planned tasks.
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

    /// The origin of a URL, as it is compared; `None` if it has none.
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

impl<'de> Deserialize<'de> for Permission {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Permission, D::Error> {
        let text = String::deserialize(deserializer)?;
        if let Some(url) = text.strip_prefix("http:") {
            // A path would promise a limit that is none.
            let origin = Permission::origin(url).filter(|origin| origin == url.trim_end_matches('/'));
            return origin.map(Permission::HttpOrigin).ok_or_else(|| {
                D::Error::custom(format!(
                    "`{text}` names no origin; write it as `http:https://api.example.org`"
                ))
            });
        }
        let named = |name: &str| Permission::NAMED.into_iter().find(|it| it.name() == name);
        if let Some((name, guild)) = text.split_once(':').filter(|(name, _)| name.starts_with("discord")) {
            let permission = named(name).zip(guild.parse().ok());
            return permission.map(|(it, guild)| Permission::InGuild(Box::new(it), guild)).ok_or_else(|| {
                D::Error::custom(format!("`{text}` names no guild; write it as `discord.reply:GUILD_ID`"))
            });
        }
        named(&text).ok_or_else(|| {
            let known = Permission::NAMED.iter().map(Permission::name);
            D::Error::custom(format!("unknown handle `{text}`; {}", keys::hint(&text, known)))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

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
            ("[\"http:https://api.example.org/v1\"]", "names no origin"),
            ("[\"http:ftp://api.example.org\"]", "names no origin"),
            ("\"store\"", "expected a list"),
        ] {
            let error = handles(wrong).unwrap_err();
            assert!(error.contains(":3: `cog.a.handles`: ") && error.contains(said), "{error}");
        }
    }
}
