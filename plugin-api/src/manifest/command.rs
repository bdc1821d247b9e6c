//! Commands, as Discord defines them and as they are called with a prefix.
//! <https://discord.com/developers/docs/interactions/application-commands>

use super::{
    Concurrency, Cooldown, Opt, Rules, fields,
    limits::{check, check_localized, check_localized_menu, checked, same, within},
};

/// Discord's command types.
const SLASH: u8 = 1;
const USER: u8 = 2;
const MESSAGE: u8 = 3;

/// A command (`!name` and `/name`), a group of commands, or an entry in the menu of a user or a message.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    pub(crate) kind: u8,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) options: &'static [Opt],
    pub(crate) subcommands: &'static [Command],
    pub(crate) aliases: &'static [&'static str],
    pub(crate) slash: bool,
    pub(crate) prefix: bool,
    pub(crate) ephemeral: bool,
    pub(crate) rules: Rules,
    pub(crate) contexts: &'static [u8],
    pub(crate) integration_types: &'static [u8],
    pub(crate) guilds: &'static [u64],
    pub(crate) localized: &'static [Localized],
    pub(crate) fields: &'static str,
}

/// A name and a description in another language.
#[derive(Clone, Copy, Debug)]
pub struct Localized {
    /// Discord's locale, such as `de` or `pt-BR`. <https://discord.com/developers/docs/reference#locales>
    pub locale: &'static str,
    /// The name in that language.
    pub name: &'static str,
    /// The description in that language; empty for none.
    pub description: &'static str,
}

impl Command {
    /// A command without options. Discord allows 1-32 lower-case letters, digits, `-` and `_` in the name and 1-100
    /// characters in the description; a constant that breaks these rules does not compile.
    ///
    /// ```compile_fail
    /// # use gearshift_cog::manifest::Command;
    /// const COMMANDS: &[Command] = &[Command::new("Say hello", "Says hello")];
    /// ```
    ///
    /// # Panics
    /// If the name or description breaks Discord's rules.
    #[must_use]
    pub const fn new(name: &'static str, description: &'static str) -> Self {
        check(name, description);
        Self {
            kind: SLASH,
            name,
            description,
            options: &[],
            subcommands: &[],
            aliases: &[],
            slash: true,
            prefix: true,
            ephemeral: false,
            rules: Rules::NONE,
            contexts: &[],
            integration_types: &[],
            guilds: &[],
            localized: &[],
            fields: "",
        }
    }

    /// A group of commands, called as `/name sub` and `!name sub`. Discord allows groups in a group, but no deeper. A
    /// group itself cannot be called.
    ///
    /// # Panics
    /// If the name or description breaks Discord's rules, if it contains no commands or more than 25, or if one of them
    /// contains groups of groups or is not a slash command.
    #[must_use]
    pub const fn group(
        name: &'static str,
        description: &'static str,
        subcommands: &'static [Command],
    ) -> Self {
        assert!(!subcommands.is_empty() && subcommands.len() <= 25, "a group has 1 to 25 commands");
        let mut at = 0;
        while at < subcommands.len() {
            assert!(subcommands[at].kind == SLASH, "a group has slash commands only");
            let mut below = 0;
            while below < subcommands[at].subcommands.len() {
                let depth = subcommands[at].subcommands[below].subcommands.len();
                assert!(depth == 0, "Discord allows groups in groups, but no further level");
                below += 1;
            }
            at += 1;
        }
        let mut group = Self::new(name, description);
        group.subcommands = subcommands;
        group
    }

    /// An entry in a user's menu, named with 1-32 characters of any kind. The user is passed as the option `user`.
    ///
    /// # Panics
    /// If the name is empty or too long.
    #[must_use]
    pub const fn user_menu(name: &'static str) -> Self {
        Self::menu(USER, name)
    }

    /// An entry in a message's menu, named with 1-32 characters of any kind. The message is passed as the option
    /// `message`.
    ///
    /// # Panics
    /// If the name is empty or too long.
    #[must_use]
    pub const fn message_menu(name: &'static str) -> Self {
        Self::menu(MESSAGE, name)
    }

    const fn menu(kind: u8, name: &'static str) -> Self {
        assert!(within(name, 1, 32), "a command's name must have 1 to 32 characters");
        let mut menu = Self::new("menu", "menu");
        menu.kind = kind;
        menu.name = name;
        menu.description = "";
        menu.prefix = false;
        menu
    }

    /// Sets the options, in the order in which a user fills them in; required ones first, at most 25.
    ///
    /// ```compile_fail
    /// # use gearshift_cog::manifest::{Command, Opt};
    /// const OPTIONS: &[Opt] = &[Opt::string("a", "First"), Opt::string("b", "Second").required()];
    /// const COMMANDS: &[Command] = &[Command::new("say", "Says something").options(OPTIONS)];
    /// ```
    ///
    /// # Panics
    /// If a required option follows an optional one, if there are too many or two with the same name, or if it is a
    /// menu entry or a group.
    #[must_use]
    pub const fn options(mut self, options: &'static [Opt]) -> Self {
        assert!(self.kind == SLASH && self.subcommands.is_empty(), "a menu and a group have no options");
        assert!(options.len() <= 25, "Discord allows 25 options per command");
        let mut at = 1;
        while at < options.len() {
            let in_order = options[at - 1].shape.required || !options[at].shape.required;
            assert!(in_order, "a required option follows an optional one");
            let mut before = 0;
            while before < at {
                assert!(!same(options[before].name, options[at].name), "two options have the same name");
                before += 1;
            }
            at += 1;
        }
        self.options = options;
        self
    }

    /// Makes answers visible only to the user who called: every [`Context::reply`](crate::Context::reply) to
    /// `/name` is ephemeral, and so is "thinking …" if the host must acknowledge the call for a busy cog. Everybody
    /// sees answers to `!name`, as Discord has no ephemeral ones there.
    ///
    /// # Panics
    /// If it is called with a prefix only.
    #[must_use]
    pub const fn ephemeral(mut self) -> Self {
        self.ephemeral = true;
        checked(self)
    }

    /// Adds names for calls with a prefix: `!t` for `!tag`.
    ///
    /// # Panics
    /// If it is not called with a prefix.
    #[must_use]
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        checked(self)
    }

    /// Makes the command a slash command only, which is not called with a prefix.
    ///
    /// # Panics
    /// If it is called with a prefix only, or has aliases.
    #[must_use]
    pub const fn slash_only(mut self) -> Self {
        self.prefix = false;
        checked(self)
    }

    /// Makes the command a prefix command only, which is not registered with Discord.
    ///
    /// # Panics
    /// If it is called with a slash only, or has what only Discord uses: contexts, guilds, …
    #[must_use]
    pub const fn prefix_only(mut self) -> Self {
        assert!(self.kind == SLASH, "a menu is called from a menu only");
        self.slash = false;
        checked(self)
    }

    /// Sets the rules that must hold before the command runs.
    ///
    /// # Panics
    /// If it could not run anywhere.
    #[must_use]
    pub const fn rules(mut self, rules: Rules) -> Self {
        self.rules = rules;
        checked(self)
    }

    /// Restricts the command to members with all these permissions, as [Discord's bits](crate::permissions). Discord
    /// hides it from others (`default_member_permissions`, which a guild can override), and the SDK checks each call.
    ///
    /// # Panics
    /// If it is for direct messages, where nobody has any.
    #[must_use]
    pub const fn permissions(mut self, permissions: u64) -> Self {
        self.rules.permissions = permissions;
        checked(self)
    }

    /// Requires that the bot has all these permissions in the channel, as [Discord's bits](crate::permissions).
    #[must_use]
    pub const fn bot_permissions(mut self, permissions: u64) -> Self {
        self.rules.bot_permissions = permissions;
        self
    }

    /// Restricts the command to members with one of these roles, by snowflake.
    ///
    /// # Panics
    /// If it is for direct messages, where nobody has one.
    #[must_use]
    pub const fn roles(mut self, roles: &'static [u64]) -> Self {
        self.rules.roles = roles;
        checked(self)
    }

    /// Restricts the command to direct messages.
    ///
    /// # Panics
    /// If it could not run anywhere.
    #[must_use]
    pub const fn dm_only(mut self) -> Self {
        self.rules.dm_only = true;
        checked(self)
    }

    /// Restricts the command to guilds.
    ///
    /// # Panics
    /// If it could not run anywhere.
    #[must_use]
    pub const fn guild_only(mut self) -> Self {
        self.rules.guild_only = true;
        checked(self)
    }

    /// Restricts the command to the application's owners.
    #[must_use]
    pub const fn owners_only(mut self) -> Self {
        self.rules.owners_only = true;
        self
    }

    /// Restricts the command to age-restricted channels.
    #[must_use]
    pub const fn nsfw(mut self) -> Self {
        self.rules.nsfw = true;
        self
    }

    /// Limits how often the command can be called.
    #[must_use]
    pub const fn cooldown(mut self, cooldown: Cooldown) -> Self {
        self.rules.cooldown = Some(cooldown);
        self
    }

    /// Limits how many calls of the command can run at once.
    #[must_use]
    pub const fn concurrency(mut self, concurrency: Concurrency) -> Self {
        self.rules.concurrency = Some(concurrency);
        self
    }

    /// Sets where the command is offered, by Discord's numbers: 0 guilds, 1 direct messages with the bot, 2 other
    /// private channels.
    ///
    /// # Panics
    /// If it could not run anywhere, or is called with a prefix only.
    #[must_use]
    pub const fn contexts(mut self, contexts: &'static [u8]) -> Self {
        self.contexts = contexts;
        checked(self)
    }

    /// Sets the installations that the command is for, by Discord's numbers: 0 those of guilds, 1 those of users.
    ///
    /// # Panics
    /// If it is called with a prefix only.
    #[must_use]
    pub const fn integration_types(mut self, types: &'static [u8]) -> Self {
        self.integration_types = types;
        checked(self)
    }

    /// Registers the command in these guilds only, by snowflake. Discord shows it there at once.
    ///
    /// # Panics
    /// If it could not run anywhere, or is called with a prefix only.
    #[must_use]
    pub const fn guilds(mut self, guilds: &'static [u64]) -> Self {
        self.guilds = guilds;
        checked(self)
    }

    /// Sets names and descriptions in other languages.
    ///
    /// # Panics
    /// If one breaks Discord's rules, or it is called with a prefix only.
    #[must_use]
    pub const fn localized(mut self, localized: &'static [Localized]) -> Self {
        match self.kind {
            SLASH => check_localized(localized),
            _ => check_localized_menu(localized),
        }
        self.localized = localized;
        checked(self)
    }

    /// Sets further fields of Discord's command object, as JSON without the braces: `"handler":1`. This allows fields
    /// that Discord adds before this crate knows them.
    ///
    /// # Panics
    /// If it is not JSON, contains a field that is set in another way (such as `name`), or the command is called with a
    /// prefix only.
    #[must_use]
    pub const fn fields(mut self, json: &'static str) -> Self {
        fields::check(json);
        self.fields = json;
        checked(self)
    }
}
