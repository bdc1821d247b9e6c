//! The limits that Discord and the host set for commands and their options, as far as they can be checked at compile
//! time.

use super::{
    Rules,
    command::{Command, Localized},
};

/// Checks that the declaration is consistent: the command can be called somewhere.
pub(super) const fn checked(command: Command) -> Command {
    assert!(command.slash || command.prefix, "a command cannot be both `slash_only` and `prefix_only`");
    assert!(
        command.prefix || command.aliases.is_empty(),
        "aliases only work with a prefix, which this command does not have"
    );
    let is_plain = !command.ephemeral
        && command.contexts.is_empty()
        && command.integration_types.is_empty()
        && command.guilds.is_empty()
        && command.localized.is_empty()
        && command.fields.is_empty();
    assert!(
        command.slash || is_plain,
        "a `prefix_only` command is not registered with Discord: it has no contexts, integration types, guilds, \
         fields or names in other languages, and its answers are never ephemeral"
    );
    let Rules { guild_only, dm_only, roles, permissions, .. } = command.rules;
    assert!(!(guild_only && dm_only), "a command cannot be both `guild_only` and `dm_only`");
    assert!(
        !dm_only || roles.is_empty() && permissions == 0,
        "there are no roles or permissions in direct messages"
    );
    assert!(
        !dm_only || command.guilds.is_empty(),
        "a command of certain guilds does not exist in direct messages"
    );
    let (in_guilds, in_dms) = (has(command.contexts, &[0]), has(command.contexts, &[1, 2]));
    assert!(
        command.contexts.is_empty()
            || (in_guilds || !guild_only && command.guilds.is_empty()) && (in_dms || !dm_only),
        "its contexts exclude the only place where it may run"
    );
    let below = command.subcommands;
    let excluded = guild_only && any_subcommand(below, Property::DmOnly)
        || dm_only && any_subcommand(below, Property::GuildOnly);
    assert!(!excluded, "a command of the group may only run where the group may not");
    assert!(
        command.prefix || !any_subcommand(below, Property::Aliases),
        "aliases only work with a prefix, which the command's group does not have"
    );
    assert!(
        command.slash || !any_subcommand(below, Property::Ephemeral),
        "answers to a message are never ephemeral, and the command's group has no slash commands"
    );
    command
}

const fn has(all: &[u8], some: &[u8]) -> bool {
    let mut at = 0;
    while at < all.len() * some.len() {
        if all[at / some.len()] == some[at % some.len()] {
            return true;
        }
        at += 1;
    }
    false
}

/// A property of a command.
#[derive(Clone, Copy)]
enum Property {
    DmOnly,
    GuildOnly,
    Aliases,
    Ephemeral,
}

/// Whether one of these commands, or one in them, has it.
const fn any_subcommand(commands: &[Command], what: Property) -> bool {
    let mut at = 0;
    while at < commands.len() {
        let Command { rules, aliases, ephemeral, subcommands, .. } = &commands[at];
        let has = match what {
            Property::DmOnly => rules.dm_only,
            Property::GuildOnly => rules.guild_only,
            Property::Aliases => !aliases.is_empty(),
            Property::Ephemeral => *ephemeral,
        };
        if has || any_subcommand(subcommands, what) {
            return true;
        }
        at += 1;
    }
    false
}

/// Checks Discord's rules as far as possible at compile time: for letters other than ASCII, the host reports at load
/// whether Discord accepts them.
/// <https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-naming>
pub(super) const fn check(name: &str, description: &str) {
    check_name(name);
    check_description(description);
}

/// Checks that names and descriptions in other languages follow the same rules; one of the two may be left out.
pub(super) const fn check_localized(all: &[Localized]) {
    let mut at = 0;
    while at < all.len() {
        let Localized { name, description, .. } = &all[at];
        if !name.is_empty() {
            check_name(name);
        }
        if !description.is_empty() {
            check_description(description);
        }
        at += 1;
    }
}

/// The same for an entry of a menu, which has no description.
pub(super) const fn check_localized_menu(all: &[Localized]) {
    let mut at = 0;
    while at < all.len() {
        assert!(within(all[at].name, 1, 32), "a command's name must have 1 to 32 characters");
        assert!(all[at].description.is_empty(), "a menu entry has no description");
        at += 1;
    }
}

const fn check_name(name: &str) {
    assert!(within(name, 1, 32), "the name of a command or option must have 1 to 32 characters");
    let (bytes, mut at) = (name.as_bytes(), 0);
    while at < bytes.len() {
        let fits = matches!(bytes[at], b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'\'' | 0x80..);
        assert!(
            fits,
            "the name of a command or option must consist of lower-case letters, digits, `-` and `_`"
        );
        at += 1;
    }
}

const fn check_description(description: &str) {
    assert!(within(description, 1, 100), "a description must have 1 to 100 characters");
}

pub(crate) const fn characters(text: &str) -> usize {
    let (bytes, mut at, mut count) = (text.as_bytes(), 0, 0);
    while at < bytes.len() {
        // Continuation bytes of a character begin with the bits 10.
        if bytes[at] & 0xc0 != 0x80 {
            count += 1;
        }
        at += 1;
    }
    count
}

/// Whether the number of characters of a text is in this range.
pub(crate) const fn within(text: &str, least: usize, most: usize) -> bool {
    let length = characters(text);
    least <= length && length <= most
}

pub(crate) const fn same(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len() != right.len() {
        return false;
    }
    let mut at = 0;
    while at < left.len() {
        if left[at] != right[at] {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    type Change = fn(Command) -> Command;

    const IN_DM: &[Command] = &[Command::new("one", "d").dm_only()];
    const DEEP: &[Command] = &[Command::group("admin", "d", IN_GUILD)];
    const IN_GUILD: &[Command] = &[Command::new("one", "d").guild_only()];
    const ALIASED: &[Command] = &[Command::new("one", "d").aliases(&["o"])];
    const SECRET: &[Command] = &[Command::new("one", "d").ephemeral()];
    const GERMAN: &[Localized] = &[Localized { locale: "de", name: "befehl", description: "" }];
    const CAPITAL: &[Localized] = &[Localized { locale: "de", name: "Befehl", description: "" }];
    const DESCRIBED: &[Localized] = &[Localized { locale: "de", name: "Gruß", description: "Grüßt" }];
    const GREETING: &[Localized] = &[Localized { locale: "de", name: "Gruß senden", description: "" }];

    #[test]
    fn commands_that_could_never_be_called_do_not_compile() {
        let (command, menu) = (Command::new("c", "d"), Command::user_menu("Menu"));
        let refused: [(&str, Change, Command); 29] = [
            ("no way to call it", |it| it.slash_only().prefix_only(), command),
            ("no way to call it", |it| it.prefix_only().slash_only(), command),
            ("aliases without a prefix", |it| it.slash_only().aliases(&["a"]), command),
            ("aliases without a prefix", |it| it.aliases(&["a"]).slash_only(), command),
            ("aliases of a menu", |it| it.aliases(&["a"]), menu),
            ("an ephemeral answer to a message", |it| it.prefix_only().ephemeral(), command),
            ("not registered, in a guild", |it| it.guilds(&[1]).prefix_only(), command),
            ("not registered, with contexts", |it| it.prefix_only().contexts(&[0]), command),
            ("not registered, for users", |it| it.prefix_only().integration_types(&[1]), command),
            ("not registered, with fields", |it| it.prefix_only().fields("\"handler\":1"), command),
            ("not registered, in German", |it| it.prefix_only().localized(GERMAN), command),
            ("nowhere", |it| it.guild_only().dm_only(), command),
            ("nowhere", |it| it.dm_only().guild_only(), command),
            ("nowhere", |it| it.rules(Rules { guild_only: true, dm_only: true, ..Rules::NONE }), command),
            ("roles in direct messages", |it| it.dm_only().roles(&[1]), command),
            ("permissions in direct messages", |it| it.dm_only().permissions(4), command),
            ("permissions in direct messages", |it| it.permissions(4).dm_only(), command),
            ("a guild's in direct messages", |it| it.guilds(&[1]).dm_only(), command),
            ("in a guild, not in guilds", |it| it.guild_only().contexts(&[1, 2]), command),
            ("of a guild, not in guilds", |it| it.contexts(&[1]).guilds(&[1]), command),
            ("in direct messages, in guilds", |it| it.contexts(&[0]).dm_only(), command),
            ("in guilds, with one for elsewhere", |it| it.guild_only(), Command::group("g", "d", IN_DM)),
            ("in direct messages, likewise", |it| it.dm_only(), Command::group("g", "d", DEEP)),
            ("an alias in a group without a prefix", Command::slash_only, Command::group("g", "d", ALIASED)),
            ("ephemeral in a group without a slash", Command::prefix_only, Command::group("g", "d", SECRET)),
            ("a capital letter in German", |it| it.localized(CAPITAL), command),
            ("a menu with a description", |it| it.localized(DESCRIBED), menu),
            ("a menu without a prefix", |it| it.prefix_only(), menu),
            ("a menu with options", |it| it.options(&[]), menu),
        ];
        for (what, make, command) in refused {
            assert!(catch_unwind(|| make(command)).is_err(), "{what}");
        }
        let taken: [(Change, Command); 6] = [
            (|it| it.slash_only().ephemeral().guilds(&[1]).contexts(&[0]), command),
            (|it| it.prefix_only().aliases(&["a"]).guild_only().roles(&[1]).nsfw(), command),
            (|it| it.dm_only().contexts(&[1]).integration_types(&[0, 1]).localized(GERMAN), command),
            (|it| it.guild_only().contexts(&[0, 1]), command),
            (|it| it.localized(GREETING).ephemeral(), menu),
            (|it| it.guild_only(), Command::group("g", "d", DEEP)),
        ];
        for (make, command) in taken {
            make(command);
        }
    }
}
