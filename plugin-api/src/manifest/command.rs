//! Commands, as Discord knows them and as they are called with a prefix.
//! <https://discord.com/developers/docs/interactions/application-commands>

use super::{
    Concurrency, Cooldown, Opt, Rules, fields,
    limits::{check, check_localized, check_localized_menu, checked, same, within},
};

/// Discord's command types.
const SLASH: u8 = 1;
const USER: u8 = 2;
const MESSAGE: u8 = 3;

/// A command: `!name` and `/name`, a group of commands, or an entry of the menu of a user or a message.
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
    /// The name there.
    pub name: &'static str,
    /// The description there; empty for none.
    pub description: &'static str,
}

impl Command {
    /// A command without options. Discord allows 1-32 lower-case letters, digits, `-` and `_` in the name and 1-100
    /// characters in the description; what is in a constant and breaks that does not compile.
    ///
    /// ```compile_fail
    /// # use gearshift_cog::manifest::Command;
    /// const COMMANDS: &[Command] = &[Command::new("Say hello", "Says hello")];
    /// ```
    ///
    /// # Panics
    /// When name or description break Discord's rules.
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

    /// A group of commands, called as `/name sub` and `!name sub`. A group in a group is as deep as Discord goes; a group
    /// itself cannot be called.
    ///
    /// # Panics
    /// When name or description break Discord's rules, there are no commands or more than 25 in it, one of them has
    /// groups of groups, or is no slash command.
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
                assert!(depth == 0, "Discord knows groups in groups, and none below");
                below += 1;
            }
            at += 1;
        }
        let mut group = Self::new(name, description);
        group.subcommands = subcommands;
        group
    }

    /// An entry of a user's menu, with 1-32 characters of any kind. It is called with the user as the option `user`.
    ///
    /// # Panics
    /// When the name is empty or too long.
    #[must_use]
    pub const fn user_menu(name: &'static str) -> Self {
        Self::menu(USER, name)
    }

    /// An entry of a message's menu, with 1-32 characters of any kind. It is called with the message as the option
    /// `message`.
    ///
    /// # Panics
    /// When the name is empty or too long.
    #[must_use]
    pub const fn message_menu(name: &'static str) -> Self {
        Self::menu(MESSAGE, name)
    }

    const fn menu(kind: u8, name: &'static str) -> Self {
        assert!(within(name, 1, 32), "a name of a command has 1 to 32 characters");
        let mut menu = Self::new("menu", "menu");
        menu.kind = kind;
        menu.name = name;
        menu.description = "";
        menu.prefix = false;
        menu
    }

    /// The same command with options, in the order in which a user fills them in; required ones first, at most 25.
    ///
    /// ```compile_fail
    /// # use gearshift_cog::manifest::{Command, Opt};
    /// const OPTIONS: &[Opt] = &[Opt::string("a", "First"), Opt::string("b", "Second").required()];
    /// const COMMANDS: &[Command] = &[Command::new("say", "Says something").options(OPTIONS)];
    /// ```
    ///
    /// # Panics
    /// When a required option stands behind one that is not, there are too many, two of one name, or it is a menu or a group.
    #[must_use]
    pub const fn options(mut self, options: &'static [Opt]) -> Self {
        assert!(self.kind == SLASH && self.subcommands.is_empty(), "a menu and a group have no options");
        assert!(options.len() <= 25, "Discord allows 25 options of a command");
        let mut at = 1;
        while at < options.len() {
            let in_order = options[at - 1].shape.required || !options[at].shape.required;
            assert!(in_order, "a required option stands behind one that is not");
            let mut before = 0;
            while before < at {
                assert!(!same(options[before].name, options[at].name), "two options have one name");
                before += 1;
            }
            at += 1;
        }
        self.options = options;
        self
    }

    /// The same command, with answers that only the user who called it can see: every
    /// [`Context::reply`](crate::Context::reply) to `/name` is ephemeral, and so is "thinking …" when the host must acknowledge
    /// the call for a busy cog. Answers to `!name` are seen by everybody: Discord has no other ones there.
    ///
    /// # Panics
    /// When it is called with a prefix only.
    #[must_use]
    pub const fn ephemeral(mut self) -> Self {
        self.ephemeral = true;
        checked(self)
    }

    /// Further names for it with a prefix: `!t` for `!tag`.
    ///
    /// # Panics
    /// When it is not called with a prefix.
    #[must_use]
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        checked(self)
    }

    /// The same command, not called with a prefix.
    ///
    /// # Panics
    /// When it is called with a prefix only, or has aliases.
    #[must_use]
    pub const fn slash_only(mut self) -> Self {
        self.prefix = false;
        checked(self)
    }

    /// The same command, called with a prefix only: it is not registered with Discord.
    ///
    /// # Panics
    /// When it is called with a slash only, or has what only Discord would know of it: contexts, guilds, …
    #[must_use]
    pub const fn prefix_only(mut self) -> Self {
        assert!(self.kind == SLASH, "a menu is called from a menu only");
        self.slash = false;
        checked(self)
    }

    /// What must hold before it runs.
    ///
    /// # Panics
    /// When it could run nowhere.
    #[must_use]
    pub const fn rules(mut self, rules: Rules) -> Self {
        self.rules = rules;
        checked(self)
    }

    /// The same command, for members with all these permissions, as [Discord's bits](crate::permissions): Discord hides it from others
    /// (`default_member_permissions`, where a guild can decide otherwise), and the SDK looks whenever it is called.
    ///
    /// # Panics
    /// When it is for direct messages, where nobody has any.
    #[must_use]
    pub const fn permissions(mut self, permissions: u64) -> Self {
        self.rules.permissions = permissions;
        checked(self)
    }

    /// The same command, if the bot has all these permissions in the channel, as [Discord's bits](crate::permissions).
    #[must_use]
    pub const fn bot_permissions(mut self, permissions: u64) -> Self {
        self.rules.bot_permissions = permissions;
        self
    }

    /// The same command, for members with one of these roles, by snowflake.
    ///
    /// # Panics
    /// When it is for direct messages, where nobody has one.
    #[must_use]
    pub const fn roles(mut self, roles: &'static [u64]) -> Self {
        self.rules.roles = roles;
        checked(self)
    }

    /// The same command, in direct messages only.
    ///
    /// # Panics
    /// When it could run nowhere.
    #[must_use]
    pub const fn dm_only(mut self) -> Self {
        self.rules.dm_only = true;
        checked(self)
    }

    /// The same command, in guilds only.
    ///
    /// # Panics
    /// When it could run nowhere.
    #[must_use]
    pub const fn guild_only(mut self) -> Self {
        self.rules.guild_only = true;
        checked(self)
    }

    /// The same command, for the application's owners only.
    #[must_use]
    pub const fn owners_only(mut self) -> Self {
        self.rules.owners_only = true;
        self
    }

    /// The same command, in age-restricted channels only.
    #[must_use]
    pub const fn nsfw(mut self) -> Self {
        self.rules.nsfw = true;
        self
    }

    /// The same command, as often as this.
    #[must_use]
    pub const fn cooldown(mut self, cooldown: Cooldown) -> Self {
        self.rules.cooldown = Some(cooldown);
        self
    }

    /// The same command, with so many calls under way.
    #[must_use]
    pub const fn concurrency(mut self, concurrency: Concurrency) -> Self {
        self.rules.concurrency = Some(concurrency);
        self
    }

    /// Where it is offered, by Discord's numbers: 0 guilds, 1 direct messages with the bot, 2 other private channels.
    ///
    /// # Panics
    /// When it could run nowhere, or is called with a prefix only.
    #[must_use]
    pub const fn contexts(mut self, contexts: &'static [u8]) -> Self {
        self.contexts = contexts;
        checked(self)
    }

    /// For which installations, by Discord's numbers: 0 of guilds, 1 of users.
    ///
    /// # Panics
    /// When it is called with a prefix only.
    #[must_use]
    pub const fn integration_types(mut self, types: &'static [u8]) -> Self {
        self.integration_types = types;
        checked(self)
    }

    /// The same command, registered in these guilds only, by snowflake. Discord shows it there at once.
    ///
    /// # Panics
    /// When it could run nowhere, or is called with a prefix only.
    #[must_use]
    pub const fn guilds(mut self, guilds: &'static [u64]) -> Self {
        self.guilds = guilds;
        checked(self)
    }

    /// Names and descriptions in other languages.
    ///
    /// # Panics
    /// When one breaks Discord's rules, or it is called with a prefix only.
    #[must_use]
    pub const fn localized(mut self, localized: &'static [Localized]) -> Self {
        match self.kind {
            SLASH => check_localized(localized),
            _ => check_localized_menu(localized),
        }
        self.localized = localized;
        checked(self)
    }

    /// Further fields of Discord's command object, as JSON without the braces: `"handler":1`. What Discord adds can be
    /// declared before this crate knows it.
    ///
    /// # Panics
    /// When it is not JSON, holds a field that is said otherwise (such as `name`), or the command is called with a prefix
    /// only.
    #[must_use]
    pub const fn fields(mut self, json: &'static str) -> Self {
        fields::check(json);
        self.fields = json;
        checked(self)
    }
}
