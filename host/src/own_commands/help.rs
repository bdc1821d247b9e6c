//! `/help`: the commands that the user may call, by cog, taken from the manifests.

use std::fmt::Write as _;

use gearshift_cog::{
    manifest::{CommandManifest, SubcommandAliases},
    permissions::ADMINISTRATOR,
};
use serde_json::{Value, json};

use super::{OwnCall, OwnParts, User, reply::Text, text_option};
use crate::{
    cogs::Cogs,
    library::{MESSAGE_MENU, SLASH, USER_MENU, kind_name},
};

pub(super) const NAME: &str = "help";
/// Discord's contexts of commands: in a guild, and in a direct message with the bot.
const IN_GUILD: u64 = 0;
const IN_DM: u64 = 1;
/// Discord's types of options that are subcommands or groups.
const COMMANDS: [u64; 2] = [1, 2];

pub(super) fn declared() -> Value {
    json!({
        "type": 1, "name": NAME, "description": "Lists the commands of this bot, or explains one",
        "options": [text_option("command", "The command to explain", false)],
    })
}

/// A command, a subcommand or a context menu entry: one line of the list, or one page.
struct Entry<'m> {
    /// Its name with its groups, without slash or prefix.
    path: String,
    /// The ways to call it with the prefix: its name and its aliases, after each name of its groups.
    names: Vec<String>,
    /// The top-level command that it belongs to.
    command: &'m CommandManifest,
    /// Discord's object for the command or subcommand; `None` if it can only be called with the prefix.
    object: Option<&'m Value>,
}

pub(super) fn answer(parts: &OwnParts, cogs: &Cogs, call: &OwnCall) -> Text {
    let manifests = visible(parts, cogs, &call.user);
    if call.words.is_empty() {
        return Text::Plain(list(parts, &manifests));
    }
    let path = call.words.join(" ");
    let path = path.strip_prefix('/').or_else(|| path.strip_prefix(&*parts.prefix)).unwrap_or(&path);
    let of_path: Vec<Entry<'_>> = manifests
        .iter()
        .flat_map(|(_, commands)| commands.iter().flat_map(entries))
        .filter(|entry| entry.is_called(path))
        .collect();
    if of_path.is_empty() {
        return Text::Plain(format!("There is no command `{path}` that you may call. `/{NAME}` lists them."));
    }
    let pages: Vec<String> = of_path.iter().map(|entry| entry.page(parts)).collect();
    Text::Plain(pages.join("\n\n"))
}

/// The names of all commands that the user may call, including groups.
pub(super) fn names(parts: &OwnParts, cogs: &Cogs, user: &User) -> Vec<String> {
    let manifests = visible(parts, cogs, user);
    let entries = manifests.iter().flat_map(|(_, commands)| commands.iter().flat_map(entries));
    let mut names: Vec<String> = entries.map(|entry| entry.path).collect();
    names.dedup();
    names
}

/// Each cog's commands that the user may call, as far as is known: changes by a guild's moderators are not.
fn visible(parts: &OwnParts, cogs: &Cogs, user: &User) -> Vec<(String, Vec<CommandManifest>)> {
    let is_owner = parts.is_owner(user);
    let (mut all, mut taken) = (Vec::new(), Vec::new());
    for (cog, manifest) in cogs.manifests() {
        let is_slash = |command: &&CommandManifest| command.kind == SLASH;
        taken.extend(manifest.commands.iter().filter(is_slash).map(|command| command.name.clone()));
        let may = |command: &&CommandManifest| may_call(user, is_owner, command);
        let commands: Vec<_> = manifest.commands.iter().filter(may).cloned().collect();
        if !commands.is_empty() {
            all.push((cog.to_string(), commands));
        }
    }
    let own = cogs.own_commands().iter().filter(|command| !taken.contains(&command.name));
    let own: Vec<_> = own.filter(|command| may_call(user, is_owner, command)).cloned().collect();
    if !own.is_empty() {
        all.push(("this bot".to_owned(), own));
    }
    all
}

/// Discord's rules for who is offered a command, and where.
/// <https://discord.com/developers/docs/interactions/application-commands#permissions>
fn may_call(user: &User, is_owner: bool, command: &CommandManifest) -> bool {
    let in_guild =
        |guilds: &[String]| user.guild.is_some_and(|id| guilds.iter().any(|guild| *guild == id.to_string()));
    if !command.guilds.is_empty() && !in_guild(&command.guilds) {
        return false;
    }
    let Some(object) = &command.discord else { return true };
    let context = if user.guild.is_some() { IN_GUILD } else { IN_DM };
    let contexts = object["contexts"].as_array().filter(|contexts| !contexts.is_empty());
    if contexts.is_some_and(|contexts| contexts.iter().all(|it| it.as_u64() != Some(context))) {
        return false;
    }
    if object["nsfw"] == true && !user.nsfw && user.guild.is_some() {
        return false;
    }
    let needed = object["default_member_permissions"].as_str().and_then(|bits| bits.parse::<u64>().ok());
    match (needed, user.guild) {
        (Some(0), _) => is_owner,
        (Some(needed), Some(_)) => {
            user.permissions.map_or(is_owner, |bits| bits & ADMINISTRATOR != 0 || bits & needed == needed)
        }
        // In a direct message users have no permissions, and none are required.
        (Some(_), None) | (None, _) => true,
    }
}

fn list(parts: &OwnParts, manifests: &[(String, Vec<CommandManifest>)]) -> String {
    let mut text = String::new();
    for (cog, commands) in manifests {
        // Writing to a string does not fail.
        let _ = writeln!(text, "**{cog}**");
        for entry in commands.iter().flat_map(entries).filter(|entry| !entry.is_group()) {
            let _ = write!(text, "{}", entry.called(parts));
            let _ = match entry.description() {
                "" => writeln!(text),
                description => writeln!(text, " – {description}"),
            };
        }
    }
    match text.is_empty() {
        true => "This bot has no commands that you may call.".to_owned(),
        false => format!("{text}\n`/{NAME} command:` explains one."),
    }
}

/// A command with all of its subcommands.
fn entries(command: &CommandManifest) -> Vec<Entry<'_>> {
    let names = [&command.name].into_iter().chain(&command.aliases).cloned().collect();
    let top = Entry { path: command.name.clone(), names, command, object: command.discord.as_ref() };
    with_below(top, &command.below)
}

/// An entry and its subcommands, some of which have aliases.
fn with_below<'m>(entry: Entry<'m>, aliases: &'m [SubcommandAliases]) -> Vec<Entry<'m>> {
    let mut all = Vec::new();
    for option in entry.options().filter(|option| is_command(option)) {
        let name = option["name"].as_str().unwrap_or_default();
        let known = aliases.iter().find(|below| below.name == name);
        let (further, below) = known.map_or((&[][..], &[][..]), |it| (&*it.aliases, &*it.below));
        let own = || [name].into_iter().chain(further.iter().map(String::as_str));
        let names = entry.names.iter().flat_map(|above| own().map(move |own| format!("{above} {own}")));
        let (path, names) = (format!("{} {name}", entry.path), names.collect());
        all.extend(with_below(Entry { path, names, command: entry.command, object: Some(option) }, below));
    }
    all.insert(0, entry);
    all
}

fn is_command(option: &Value) -> bool {
    option["type"].as_u64().is_some_and(|kind| COMMANDS.contains(&kind))
}

impl<'m> Entry<'m> {
    /// Whether the user means this: its path or an alias path, ignoring case.
    fn is_called(&self, path: &str) -> bool {
        self.names.iter().any(|name| name.to_lowercase() == path.to_lowercase())
    }

    /// A group cannot be called itself.
    fn is_group(&self) -> bool {
        self.options().any(is_command)
    }

    fn options(&self) -> impl Iterator<Item = &'m Value> + use<'m> {
        self.object.and_then(|object| object["options"].as_array()).into_iter().flatten()
    }

    fn description(&self) -> &str {
        match (self.command.kind, self.object) {
            (USER_MENU, _) => "in the menu of a user, under Apps",
            (MESSAGE_MENU, _) => "in the menu of a message, under Apps",
            (_, Some(object)) => object["description"].as_str().unwrap_or_default(),
            _ => "",
        }
    }

    /// As a user types it.
    fn called(&self, parts: &OwnParts) -> String {
        match (self.command.kind, self.command.discord.is_some()) {
            (SLASH, true) => format!("`/{}`", self.path),
            (SLASH, false) => format!("`{}{}`", parts.prefix, self.path),
            _ => format!("`{}`", self.path),
        }
    }

    fn page(&self, parts: &OwnParts) -> String {
        let mut text = format!("**{}**", self.called(parts));
        // Writing to a string does not fail.
        if self.command.kind != SLASH {
            let _ = write!(text, " ({})", kind_name(self.command.kind));
        }
        if !self.description().is_empty() {
            let _ = write!(text, "\n{}", self.description());
        }
        for option in self.options() {
            let (name, description) = (&option["name"], option["description"].as_str().unwrap_or_default());
            let name = name.as_str().unwrap_or_default();
            let _ = match is_command(option) {
                true => write!(text, "\n- `{} {name}` – {description}", self.path),
                false => write!(text, "\n- `{name}`{} – {description}", needed(option)),
            };
            let choices = option["choices"].as_array().into_iter().flatten();
            let choices: Vec<&str> = choices.filter_map(|choice| choice["name"].as_str()).collect();
            if !choices.is_empty() {
                let _ = write!(text, ": {}", choices.join(", "));
            }
        }
        if self.command.prefix && parts.reads_messages() {
            let names: Vec<String> =
                self.names.iter().map(|name| format!("`{}{name}`", parts.prefix)).collect();
            let _ = write!(text, "\nIn a message: {}", names.join(", "));
        }
        text
    }
}

fn needed(option: &Value) -> &'static str {
    if option["required"] == true { " (required)" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(guild: Option<u64>, permissions: Option<u64>) -> User {
        User { id: 1, guild, permissions, nsfw: false, slash: permissions.is_some() }
    }

    fn command(discord: Value) -> CommandManifest {
        CommandManifest {
            name: "a".to_owned(),
            kind: SLASH,
            discord: Some(discord),
            ..CommandManifest::default()
        }
    }

    #[test]
    fn a_command_is_shown_to_those_whom_discord_offers_it() {
        let open = json!({ "description": "d" });
        let ban = json!({ "default_member_permissions": "6" });
        let closed = json!({ "default_member_permissions": "0" });
        let cases = [
            (&open, user(Some(1), Some(0)), false, true),
            (&ban, user(Some(1), Some(4)), false, false),
            (&ban, user(Some(1), Some(7)), false, true),
            (&ban, user(Some(1), Some(ADMINISTRATOR)), false, true),
            (&ban, user(Some(1), None), false, false),
            (&ban, user(Some(1), None), true, true),
            (&ban, user(None, Some(0)), false, true),
            (&closed, user(Some(1), Some(ADMINISTRATOR)), false, false),
            (&closed, user(Some(1), Some(0)), true, true),
            (&json!({ "contexts": [0] }), user(None, Some(0)), true, false),
            (&json!({ "contexts": [1, 2] }), user(Some(1), Some(0)), true, false),
            (&json!({ "contexts": [] }), user(None, Some(0)), false, true),
            (&json!({ "nsfw": true }), user(Some(1), Some(0)), true, false),
        ];
        for (discord, user, is_owner, expected) in cases {
            assert_eq!(may_call(&user, is_owner, &command(discord.clone())), expected, "{discord}");
        }
        let only = CommandManifest { guilds: vec!["7".to_owned()], ..command(open) };
        assert!(may_call(&user(Some(7), Some(0)), false, &only));
        assert!(!may_call(&user(Some(8), Some(0)), true, &only));
        let prefix_only = CommandManifest { discord: None, ..only };
        assert!(!may_call(&user(None, None), true, &prefix_only));
    }

    #[test]
    fn groups_are_taken_apart_and_aliases_lead_to_them() {
        let add = json!({ "type": 1, "name": "add", "options": [{ "type": 3, "name": "name" }] });
        let mix = json!({ "type": 2, "name": "mix", "options": [{ "type": 1, "name": "two" }] });
        let mut tag = command(json!({ "description": "d", "options": [add, mix] }));
        tag.aliases = vec!["t".to_owned()];
        let two =
            SubcommandAliases { name: "two".to_owned(), aliases: vec!["2".to_owned()], below: Vec::new() };
        tag.below = vec![SubcommandAliases {
            name: "mix".to_owned(),
            aliases: vec!["m".to_owned()],
            below: vec![two],
        }];
        let all = entries(&tag);
        let paths: Vec<(&str, bool)> = all.iter().map(|entry| (&*entry.path, entry.is_group())).collect();
        assert_eq!(paths, [("a", true), ("a add", false), ("a mix", true), ("a mix two", false)]);
        assert!(all[3].is_called("a mix two") && all[3].is_called("T m 2") && !all[3].is_called("t mix"));
        let names =
            ["a mix", "a m", "t mix", "t m"].map(|group| [format!("{group} two"), format!("{group} 2")]);
        assert_eq!(all[3].names, names.concat());
    }
}
