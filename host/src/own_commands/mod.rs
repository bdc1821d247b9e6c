//! The host's own commands: `/cogs` for the application's owners, and `/help` for everybody. They are answered on
//! separate tasks, from the control socket's answers and from the manifests; the router only forwards their calls.

mod cogs;
mod help;
mod reply;

use std::sync::{Arc, Weak};

use gearshift_cog::{
    abi::{Event, Interaction, Invocation, Message, Origin},
    manifest::CommandManifest,
};
use serde_json::{Value, json};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use self::reply::Reply;
use crate::{
    cogs::Cogs,
    config::{self, Intent},
    lane::Call,
    library::SLASH,
    sessions::Discord,
};

/// Maximum number of suggestions that Discord accepts for one option.
/// <https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object-autocomplete>
const SUGGESTIONS_MAX: usize = 25;
/// Discord's types of options: a subcommand, and a string.
const SUBCOMMAND: u8 = 1;
const TEXT: u8 = 3;

/// The host's own commands that the config enables, declared like a cog's.
pub fn manifests(config: &config::Commands) -> Vec<CommandManifest> {
    let own = [(config.owner, cogs::NAME, cogs::declared()), (config.help, help::NAME, help::declared())];
    let on = own.into_iter().filter(|(is_on, ..)| *is_on);
    on.map(|(_, name, discord)| CommandManifest {
        name: name.to_owned(),
        kind: SLASH,
        prefix: true,
        discord: Some(discord),
        ..CommandManifest::default()
    })
    .collect()
}

/// What is needed to answer.
#[derive(Debug)]
pub struct OwnParts {
    /// The cogs.
    pub cogs: Weak<Cogs>,
    /// Sends the answers.
    pub discord: Arc<Discord>,
    /// The prefix of commands in messages.
    pub prefix: String,
    /// They determine whether commands in messages arrive.
    pub intents: Vec<Intent>,
}

/// Answers calls until the router is dropped, or until `closing`; after that only calls that have already arrived.
pub async fn answer(parts: OwnParts, mut calls: mpsc::Receiver<Call>, closing: CancellationToken) {
    let parts = Arc::new(parts);
    let mut answers = JoinSet::new();
    loop {
        tokio::select! {
            call = calls.recv() => match call {
                Some(call) => drop(answers.spawn(Arc::clone(&parts).take(call))),
                None => break,
            },
            Some(_) = answers.join_next() => {}
            () = closing.cancelled(), if !calls.is_closed() => calls.close(),
        }
    }
    while answers.join_next().await.is_some() {}
}

impl OwnParts {
    async fn take(self: Arc<Self>, call: Call) {
        let Some(cogs) = self.cogs.upgrade() else { return };
        let sent = match call {
            Call::Command(Invocation { command, arguments, origin }) => {
                let call = OwnCall::new(&command, &arguments, &origin);
                let reply = Reply::to(&self.discord, &origin);
                match command.as_str() {
                    cogs::NAME => cogs::answer(&self, &cogs, &call, reply).await,
                    _ => reply.send(help::answer(&self, &cogs, &call)).await,
                }
            }
            Call::Event(Event::Interaction(typing)) => {
                let Some(focused) = typing.options.iter().find(|option| option.focused) else { return };
                let user = User::of(&typing);
                let all = match typing.command.split(' ').next() {
                    Some(cogs::NAME) if self.is_owner(&user) => cogs::suggestions(&cogs, &typing.command),
                    Some(cogs::NAME) => Vec::new(),
                    _ => help::names(&self, &cogs, &user),
                };
                reply::suggest(&self.discord, &typing, &matching(all, &focused.value)).await
            }
            Call::Event(_) | Call::Task(_) => return,
        };
        if let Err(error) = sent {
            tracing::warn!("failed to answer a command of the host: {error}");
        }
    }

    fn reads_messages(&self) -> bool {
        self.intents.contains(&Intent::MessageContent)
    }

    fn is_owner(&self, user: &User) -> bool {
        self.discord.account().owner_ids.contains(&user.id)
    }
}

/// A call of one of the host's commands.
struct OwnCall {
    user: User,
    /// The arguments: subcommand and argument of `/cogs`, the command of `/help`.
    words: Vec<String>,
}

/// The user who calls, and where.
struct User {
    id: u64,
    guild: Option<u64>,
    /// Discord's permission bits in that channel; `None` if Discord does not send them.
    permissions: Option<u64>,
    /// Whether the channel is age-restricted.
    nsfw: bool,
    /// Whether it is called as a slash command.
    slash: bool,
}

impl OwnCall {
    fn new(command: &str, arguments: &str, origin: &Origin) -> OwnCall {
        match origin {
            Origin::Prefix(message) => OwnCall {
                user: User::who_wrote(message),
                words: arguments.split_whitespace().map(str::to_owned).collect(),
            },
            Origin::Slash(interaction) => {
                let path = interaction.command.strip_prefix(command).unwrap_or_default();
                let named = interaction.options.iter().map(|option| option.value.as_str());
                let words = path.split_whitespace().chain(named.flat_map(str::split_whitespace));
                OwnCall { user: User::of(interaction), words: words.map(str::to_owned).collect() }
            }
        }
    }
}

impl User {
    fn of(interaction: &Interaction) -> User {
        /// Fields that the plain types lack.
        #[derive(serde::Deserialize, Default)]
        struct Raw {
            #[serde(default)]
            channel: Channel,
        }
        #[derive(serde::Deserialize, Default)]
        struct Channel {
            #[serde(default)]
            nsfw: bool,
        }
        let raw: Raw = serde_json::from_str(&interaction.json).unwrap_or_default();
        User {
            id: interaction.user.id,
            guild: interaction.guild_id.into_option(),
            permissions: Some(interaction.permissions),
            nsfw: raw.channel.nsfw,
            slash: true,
        }
    }

    fn who_wrote(message: &Message) -> User {
        let guild = message.guild_id.into_option();
        User { id: message.author.id, guild, permissions: None, nsfw: false, slash: false }
    }
}

/// The names that contain the typed text, with those that begin with it first.
fn matching(mut all: Vec<String>, typed: &str) -> Vec<String> {
    let typed = typed.trim_start_matches('/').to_lowercase();
    all.retain(|name| name.to_lowercase().contains(&typed));
    all.sort();
    all.sort_by_key(|name| !name.to_lowercase().starts_with(&typed));
    all.truncate(SUGGESTIONS_MAX);
    all
}

fn text_option(name: &str, description: &str, required: bool) -> Value {
    json!({ "type": TEXT, "name": name, "description": description, "required": required, "autocomplete": true })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggestions_begin_with_what_begins_so_and_are_no_more_than_discord_takes() {
        let all = ["tags", "stage", "ping", "Tally"].map(str::to_owned).to_vec();
        assert_eq!(matching(all.clone(), "/TA"), ["Tally", "tags", "stage"]);
        assert_eq!(matching(all, "x"), [""; 0]);
        assert_eq!(matching((0..99).map(|n| n.to_string()).collect(), "").len(), 25);
    }

    #[test]
    fn what_is_switched_off_is_not_declared() {
        let names = |owner, help| {
            let own = manifests(&config::Commands { guild: None, owner, help });
            own.into_iter().map(|command| command.name).collect::<Vec<_>>()
        };
        assert_eq!(names(true, true), ["cogs", "help"]);
        assert_eq!(names(false, true), ["help"]);
        assert!(names(false, false).is_empty());
    }
}
