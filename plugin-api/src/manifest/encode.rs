//! Writes a declaration as JSON in constant evaluation. It knows nothing of files; `export!` places the bytes.

use super::{
    Choice, ChoiceValue, Command, Filter, Localized, Opt, RUSTC, TARGET,
    handle::handle,
    limits::same,
    writer::{Writer, list},
};

/// Discord's types of an option that is a subcommand, and of one that is a group of them.
const SUBCOMMAND: u64 = 1;
const SUBCOMMAND_GROUP: u64 = 2;
/// Discord's context of an interaction in a guild, and in a direct message with the bot.
const IN_GUILD: &[u8] = &[0];
const IN_DM: &[u8] = &[1];

/// Everything that a cog's file says about it.
#[derive(Clone, Copy)]
pub struct Declaration {
    /// The cog's name.
    pub name: &'static str,
    /// The cog's own version.
    pub version: &'static str,
    /// The ABI it is built against: [`ABI`](crate::abi::ABI), except in a cog that tests the host.
    pub abi: (u16, u16),
    /// `unwind` or `abort`, as the cog's crate was compiled.
    pub panic: &'static str,
    /// `debug` or `release`.
    pub profile: &'static str,
    /// Gateway events it gets.
    pub events: &'static [&'static str],
    /// Filters for these events.
    pub filters: &'static [Filter],
    /// Commands it answers.
    pub commands: &'static [Command],
    /// Components and forms it answers, by pattern of their `custom_id`.
    pub components: &'static [&'static str],
    /// Whether it reads settings.
    pub settings: bool,
    /// The handles it needs; `None` if it does not declare them.
    pub handles: Option<&'static [&'static str]>,
}

/// How many bytes [`encode`] needs.
#[must_use]
pub const fn encoded_len(declaration: &Declaration) -> usize {
    let mut out = Writer::<0>::NEW;
    out.declaration(declaration);
    out.len
}

/// The declaration as JSON. `N` is [`encoded_len`].
#[must_use]
pub const fn encode<const N: usize>(declaration: &Declaration) -> [u8; N] {
    let mut out = Writer::<N>::NEW;
    out.declaration(declaration);
    assert!(out.len == N, "N must be encoded_len()");
    out.bytes
}

/// Whether a command, or one in it, has an alias.
const fn has_aliases(it: &Command) -> bool {
    let mut at = 0;
    while at < it.subcommands.len() {
        if has_aliases(&it.subcommands[at]) {
            return true;
        }
        at += 1;
    }
    !it.aliases.is_empty()
}

impl<const N: usize> Writer<N> {
    const fn declaration(&mut self, it: &Declaration) {
        self.raw("{\"manifest\":1");
        self.field("name", it.name);
        self.field("version", it.version);
        self.raw(",\"abi\":[");
        self.number(it.abi.0 as u64);
        self.raw(",");
        self.number(it.abi.1 as u64);
        self.raw("]");
        self.field("target", TARGET);
        self.field("rustc", RUSTC);
        self.field("panic", it.panic);
        self.field("profile", it.profile);
        self.raw(",\"events\":");
        self.events(it.events);
        self.raw(",\"filters\":");
        list!(self, it.filters, filter => self.filter(filter));
        self.raw(",\"commands\":");
        list!(self, it.commands, command => self.command(command));
        self.raw(",\"components\":");
        list!(self, it.components, pattern => self.string(pattern));
        self.raw(",\"settings\":");
        self.bool(it.settings);
        if let Some(handles) = it.handles {
            self.raw(",\"handles\":");
            list!(self, handles, name => self.string(handle(name)));
        }
        self.raw("}");
    }

    /// Each event once: several listeners may be for the same one.
    const fn events(&mut self, events: &[&str]) {
        self.raw("[");
        let mut at = 0;
        while at < events.len() {
            let mut before = 0;
            while before < at && !same(events[before], events[at]) {
                before += 1;
            }
            if before == at {
                self.raw(if at > 0 { "," } else { "" });
                self.string(events[at]);
            }
            at += 1;
        }
        self.raw("]");
    }

    const fn filter(&mut self, it: &Filter) {
        self.raw("{");
        self.key("event");
        self.string(it.event);
        self.raw(",\"channels\":");
        list!(self, it.channels, id => self.id(*id));
        self.raw(",\"guilds\":");
        list!(self, it.guilds, id => self.id(*id));
        self.raw(",\"skip_bots\":");
        self.bool(it.skip_bots);
        self.raw("}");
    }

    /// What the host uses, and, as `discord`, what Discord gets.
    const fn command(&mut self, it: &Command) {
        self.raw("{\"type\":");
        self.number(it.kind as u64);
        self.field("name", it.name);
        self.raw(",\"prefix\":");
        self.bool(it.prefix);
        self.raw(",\"aliases\":");
        list!(self, it.aliases, alias => self.string(alias));
        self.raw(",\"ephemeral\":[");
        let before = self.len;
        self.ephemeral(it, "", "", before);
        self.raw("],\"below\":");
        self.below(it);
        self.raw(",\"guilds\":");
        list!(self, it.guilds, id => self.id(*id));
        if it.slash {
            self.raw(",\"discord\":{\"type\":");
            self.number(it.kind as u64);
            self.body(it);
            self.registration(it);
            self.raw("}");
        }
        self.raw("}");
    }

    /// The aliases of the commands in it, which Discord does not know.
    const fn below(&mut self, it: &Command) {
        self.raw("[");
        let (mut at, mut is_first) = (0, true);
        while at < it.subcommands.len() {
            let below = &it.subcommands[at];
            if has_aliases(below) {
                self.raw(if is_first { "{" } else { ",{" });
                self.key("name");
                self.string(below.name);
                self.raw(",\"aliases\":");
                list!(self, below.aliases, alias => self.string(alias));
                self.raw(",\"below\":");
                self.below(below);
                self.raw("}");
                is_first = false;
            }
            at += 1;
        }
        self.raw("]");
    }

    /// The paths of all commands below it that answer ephemerally.
    const fn ephemeral(&mut self, it: &Command, group: &str, above: &str, before: usize) {
        if it.ephemeral && it.subcommands.is_empty() {
            if self.len > before {
                self.raw(",");
            }
            self.raw("\"");
            self.path_part(group);
            self.path_part(above);
            self.escaped(it.name);
            self.raw("\"");
        }
        let mut at = 0;
        while at < it.subcommands.len() {
            // Commands inherit it from their group.
            let mut below = it.subcommands[at];
            below.ephemeral |= it.ephemeral;
            self.ephemeral(&below, above, it.name, before);
            at += 1;
        }
    }

    const fn path_part(&mut self, part: &str) {
        if !part.is_empty() {
            self.escaped(part);
            self.raw(" ");
        }
    }

    /// What commands, subcommands and groups have in common. Defaults are left out, as not every server that implements
    /// Discord's API knows every field.
    const fn body(&mut self, it: &Command) {
        self.field("name", it.name);
        if !it.description.is_empty() {
            self.field("description", it.description);
        }
        self.localized(it.localized);
        if !it.subcommands.is_empty() {
            self.raw(",\"options\":");
            list!(self, it.subcommands, below => self.subcommand(below));
        } else if !it.options.is_empty() {
            self.raw(",\"options\":");
            list!(self, it.options, option => self.option(option));
        }
    }

    const fn subcommand(&mut self, it: &Command) {
        self.raw("{\"type\":");
        self.number(if it.subcommands.is_empty() { SUBCOMMAND } else { SUBCOMMAND_GROUP });
        self.body(it);
        self.raw("}");
    }

    /// What only a top-level command has.
    const fn registration(&mut self, it: &Command) {
        if it.rules.permissions != 0 {
            self.raw(",\"default_member_permissions\":");
            self.id(it.rules.permissions);
        }
        let contexts = match () {
            () if !it.contexts.is_empty() => it.contexts,
            () if it.rules.guild_only => IN_GUILD,
            () if it.rules.dm_only => IN_DM,
            () => &[],
        };
        if !contexts.is_empty() {
            self.raw(",\"contexts\":");
            list!(self, contexts, context => self.number(*context as u64));
        }
        if !it.integration_types.is_empty() {
            self.raw(",\"integration_types\":");
            list!(self, it.integration_types, kind => self.number(*kind as u64));
        }
        if it.rules.nsfw {
            self.raw(",\"nsfw\":true");
        }
        if !it.fields.is_empty() {
            self.raw(",");
            self.raw(it.fields);
        }
    }

    const fn option(&mut self, it: &Opt) {
        self.raw("{\"type\":");
        self.number(it.shape.kind as u64);
        self.field("name", it.name);
        self.field("description", it.description);
        self.localized(it.localized);
        self.raw(if it.shape.required { ",\"required\":true" } else { "" });
        if !it.shape.choices.is_empty() {
            self.raw(",\"choices\":");
            list!(self, it.shape.choices, choice => self.choice(choice));
        }
        if !it.shape.channel_types.is_empty() {
            self.raw(",\"channel_types\":");
            list!(self, it.shape.channel_types, kind => self.number(*kind as u64));
        }
        self.bound("min_value", it.shape.values.0);
        self.bound("max_value", it.shape.values.1);
        self.length("min_length", it.shape.lengths.0);
        self.length("max_length", it.shape.lengths.1);
        self.raw(if it.autocomplete { ",\"autocomplete\":true}" } else { "}" });
    }

    const fn choice(&mut self, it: &Choice) {
        self.raw("{");
        self.key("name");
        self.string(it.name);
        self.translations("name_localizations", it.localized, false);
        self.raw(",\"value\":");
        match it.value {
            ChoiceValue::Text(text) => self.string(text),
            ChoiceValue::Number(number) => self.raw(number),
        }
        self.raw("}");
    }

    const fn bound(&mut self, name: &str, number: &str) {
        if !number.is_empty() {
            self.raw(",");
            self.key(name);
            self.raw(number);
        }
    }

    const fn length(&mut self, name: &str, length: Option<u16>) {
        if let Some(length) = length {
            self.raw(",");
            self.key(name);
            self.number(length as u64);
        }
    }

    const fn localized(&mut self, it: &[Localized]) {
        self.translations("name_localizations", it, false);
        self.translations("description_localizations", it, true);
    }

    const fn translations(&mut self, key: &str, it: &[Localized], descriptions: bool) {
        let (mut at, mut written) = (0, 0);
        while at < it.len() {
            let text = if descriptions { it[at].description } else { it[at].name };
            if !text.is_empty() {
                if written == 0 {
                    self.raw(",");
                    self.key(key);
                    self.raw("{");
                } else {
                    self.raw(",");
                }
                self.key(it[at].locale);
                self.string(text);
                written += 1;
            }
            at += 1;
        }
        self.raw(if written > 0 { "}" } else { "" });
    }
}
