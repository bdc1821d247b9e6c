//! The options of a command or group besides its name: `guild_only`, `cooldown = "3s per user"`, `name_de = "…"`.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Error, Expr, Ident, LitStr, Result};

use crate::{
    args::{Arg, Value},
    block::at,
    durations,
    errors::Errors,
    nearest::nearest,
    permissions,
};

/// Checks that Discord accepts a text.
type Check = fn(&str, Span) -> Result<()>;

/// The options that a kind of command can have.
pub(super) struct Kind {
    name: &'static str,
    keys: &'static [&'static str],
    check_name: Check,
}

pub(super) const COMMAND: Kind = Kind {
    name: "`#[command]`",
    keys: &[
        "aliases",
        "bot_permissions",
        "check",
        "concurrency",
        "contexts",
        "cooldown",
        "description_de",
        "dm_only",
        "ephemeral",
        "fields",
        "guild_only",
        "guilds",
        "integration_types",
        "name_de",
        "nsfw",
        "owners_only",
        "permissions",
        "prefix_only",
        "roles",
        "slash_only",
    ],
    check_name,
};
pub(super) const GROUP: Kind = Kind { name: "a group", ..COMMAND };
pub(super) const MENU: Kind = Kind {
    name: "a menu",
    keys: &[
        "bot_permissions",
        "check",
        "concurrency",
        "contexts",
        "cooldown",
        "dm_only",
        "ephemeral",
        "fields",
        "guild_only",
        "guilds",
        "integration_types",
        "name_de",
        "nsfw",
        "owners_only",
        "permissions",
        "roles",
    ],
    check_name: check_menu_name,
};

/// Options that Discord or the host supports only at the top level, not for a command in a group.
const TOP_ONLY: &[&str] =
    &["contexts", "fields", "guilds", "integration_types", "nsfw", "prefix_only", "slash_only"];

/// Discord's locales. <https://discord.com/developers/docs/reference#locales>
const LOCALES: &[&str] = &[
    "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl", "no", "pl",
    "pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th", "zh-CN", "ja",
    "zh-TW", "ko",
];

/// The options of one command or group.
#[derive(Default)]
pub(super) struct Settings {
    /// Method calls on the SDK's `Command`.
    rules: TokenStream,
    pub aliases: Vec<LitStr>,
    pub check: Option<Expr>,
    pub localized: Localized,
    /// The given options that are in [`TOP_ONLY`].
    top_only: Vec<Ident>,
}

/// Names and descriptions by locale, each with its span.
#[derive(Default)]
pub(crate) struct Localized(BTreeMap<&'static str, (Option<LitStr>, Option<LitStr>)>);

impl Settings {
    pub(super) fn read(args: Vec<&Arg>, kind: &Kind) -> Result<Self> {
        let mut settings = Self::default();
        for arg in args {
            let key = arg.key();
            if let (true, Some(name)) = (TOP_ONLY.contains(&key.as_str()), &arg.name) {
                settings.top_only.push(name.clone());
            }
            settings.set(&key, arg, kind)?;
        }
        Ok(settings)
    }

    fn set(&mut self, key: &str, arg: &Arg, kind: &Kind) -> Result<()> {
        if let Some((locale, is_name)) = localized(key, "name_", "description_") {
            let known = if is_name { "name_de" } else { "description_de" };
            if !kind.keys.contains(&known) {
                return Err(arg.unknown(kind.name, kind.keys));
            }
            let check = if is_name { kind.check_name } else { check_description };
            return self.localized.set(locale, is_name, arg, check);
        }
        let span = at(arg.span());
        if !kind.keys.contains(&key) {
            return Err(arg.unknown(kind.name, kind.keys));
        }
        let call = match key {
            "guild_only" | "dm_only" | "owners_only" | "nsfw" | "ephemeral" | "slash_only"
            | "prefix_only" => {
                arg.flag()?;
                let name = &arg.name;
                quote_spanned!(span=> .#name())
            }
            "permissions" | "bot_permissions" => {
                let (name, bits) = (&arg.name, permissions::bits(&arg.text("MANAGE_MESSAGES")?)?);
                quote_spanned!(span=> .#name(#bits))
            }
            "cooldown" => {
                let cooldown = durations::cooldown(&arg.text("3s per user")?)?;
                quote_spanned!(span=> .cooldown(#cooldown))
            }
            "concurrency" => {
                let concurrency = durations::concurrency(&arg.text("1 per channel")?)?;
                quote_spanned!(span=> .concurrency(#concurrency))
            }
            "guilds" | "roles" => {
                let (name, ids) = (&arg.name, arg.ids()?);
                quote_spanned!(span=> .#name(&[#(#ids),*]))
            }
            "contexts" => {
                let of = numbers(arg, &[("guild", 0), ("bot_dm", 1), ("private_channel", 2)])?;
                quote_spanned!(span=> .contexts(&[#(#of),*]))
            }
            "integration_types" => {
                let of = numbers(arg, &[("guild", 0), ("user", 1)])?;
                quote_spanned!(span=> .integration_types(&[#(#of),*]))
            }
            "fields" => {
                let json = arg.text("\\\"handler\\\":1")?;
                quote_spanned!(span=> .fields(#json))
            }
            "aliases" => {
                self.aliases = arg.texts("\"a\", \"new\"")?;
                for alias in &self.aliases {
                    check_alias(alias)?;
                }
                let aliases = &self.aliases;
                quote_spanned!(span=> .aliases(&[#(#aliases),*]))
            }
            "check" => {
                self.check = Some(arg.function("Self::may")?.clone());
                return Ok(());
            }
            _ => return Err(arg.unknown(kind.name, kind.keys)),
        };
        self.rules.extend(call);
        Ok(())
    }

    /// Whether it is not registered with Discord.
    pub(super) fn is_prefix_only(&self) -> bool {
        self.top_only.iter().any(|key| key == "prefix_only")
    }

    /// Checks that a command in a group has none of the options for the top level.
    pub(super) fn check_place(&self, depth: usize) -> Result<()> {
        match self.top_only.first() {
            Some(key) if depth > 1 => {
                let text = format!("`{key}` applies to a top-level command only; write it on the group");
                Err(Error::new(key.span(), text))
            }
            _ => Ok(()),
        }
    }

    /// The method calls on the SDK's `Command` for all options.
    pub(super) fn calls(&self) -> TokenStream {
        let (rules, localized) = (&self.rules, self.localized.call());
        quote!(#rules #localized)
    }
}

impl Localized {
    /// Adds a translated name, or a description if `is_name` is false, that passes `check`.
    pub(crate) fn set(&mut self, locale: &str, is_name: bool, arg: &Arg, check: Check) -> Result<()> {
        let locale = self::locale(locale, arg.span())?;
        let text = arg.text("…")?;
        check(&text.value(), text.span())?;
        let (name, description) = self.0.entry(locale).or_default();
        let slot = if is_name { name } else { description };
        if slot.is_some() {
            return Err(Error::new(arg.span(), format!("the translation for `{locale}` is given twice")));
        }
        *slot = Some(text);
        Ok(())
    }

    /// The translated names, with their locales.
    fn names(&self) -> impl Iterator<Item = (&'static str, &LitStr)> {
        self.0.iter().filter_map(|(locale, (name, _))| Some((*locale, name.as_ref()?)))
    }

    pub(super) fn call(&self) -> Option<TokenStream> {
        let all = self.list();
        (!self.0.is_empty()).then(|| quote!(.localized(#all)))
    }

    /// All translations, as the SDK's `Localized`.
    pub(crate) fn list(&self) -> TokenStream {
        let text = |text: &Option<LitStr>| text.as_ref().map(LitStr::value).unwrap_or_default();
        let all = self.0.iter().map(|(locale, (name, description))| {
            let (name, description) = (text(name), text(description));
            quote!(::gearshift_cog::manifest::Localized { locale: #locale, name: #name, description: #description })
        });
        quote!(&[#(#all),*])
    }
}

/// Checks that no two of these, which are shown next to each other, have the same name in any language. Discord shows
/// the original name if there is no translation.
/// <https://discord.com/developers/docs/interactions/application-commands#localization>
pub(crate) fn check_translated(all: &[(&str, &Localized)], errors: &mut Errors) {
    let locales: BTreeSet<&str> =
        all.iter().flat_map(|(_, localized)| localized.names()).map(|(it, _)| it).collect();
    for locale in locales {
        let mut taken: BTreeMap<String, &str> = BTreeMap::new();
        let mut translated = Vec::new();
        for (own, localized) in all {
            match localized.names().find(|(of, _)| *of == locale) {
                Some((_, name)) => translated.push((own, name)),
                None => _ = taken.insert((*own).to_owned(), own),
            }
        }
        for (own, name) in translated {
            if let Some(other) = taken.insert(name.value(), own) {
                let name_there = name.value();
                let text = format!(
                    "in `{locale}`, `{other}` and `{own}` are both called `{name_there}`; rename one"
                );
                errors.push(Error::new(name.span(), text));
            }
        }
    }
}

/// For `name_de` or `description_de`: `de`, and whether it is a name. Keys with these prefixes and an unknown locale
/// get an error of their own.
pub(super) fn localized<'a>(key: &'a str, name: &str, description: &str) -> Option<(&'a str, bool)> {
    let is_name = |locale| (locale, true);
    key.strip_prefix(name)
        .map(is_name)
        .or_else(|| key.strip_prefix(description).map(|locale| (locale, false)))
        .filter(|(locale, _)| !locale.is_empty())
}

/// Discord's locale `pt-BR` for the suffix `pt_BR` of a key.
fn locale(text: &str, span: Span) -> Result<&'static str> {
    let text = text.replace('_', "-");
    if let Some(locale) = LOCALES.iter().find(|locale| locale.eq_ignore_ascii_case(&text)) {
        return Ok(locale);
    }
    let near = nearest(&text, LOCALES).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    let text = format!(
        "Discord has no locale `{text}`{near} (https://discord.com/developers/docs/reference#locales)"
    );
    Err(Error::new(span, text))
}

/// The numbers for the names in parentheses.
pub(super) fn numbers(arg: &Arg, known: &[(&str, u8)]) -> Result<Vec<u8>> {
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let like = names[..names.len().min(2)].join(", ");
    arg.list(&like)?
        .iter()
        .map(|item| {
            let number =
                known.iter().find(|(name, _)| item.key() == *name && matches!(item.value, Value::None));
            number.map(|(_, number)| *number).ok_or_else(|| item.unknown(&format!("`{}`", arg.key()), &names))
        })
        .collect()
}

/// Checks Discord's rules for the name of a command or option.
/// <https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-naming>
pub(super) fn check_name(name: &str, span: Span) -> Result<()> {
    let fits = |letter: char| match letter {
        '-' | '_' | '\'' => true,
        letter if letter.is_ascii() => letter.is_ascii_lowercase() || letter.is_ascii_digit(),
        letter => !letter.is_uppercase() && !letter.is_whitespace(),
    };
    if (1..=32).contains(&name.chars().count()) && name.chars().all(fits) {
        return Ok(());
    }
    let better: String = name.to_lowercase().chars().filter(|letter| fits(*letter)).take(32).collect();
    let hint = if better.is_empty() { String::new() } else { format!("; write `{better}`") };
    let text = format!(
        "`{name}` is not a valid name for a command or option: Discord allows 1 to 32 lower-case \
         letters, digits, `-` and `_`{hint}"
    );
    Err(Error::new(span, text))
}

/// Checks Discord's rule for the name of a menu entry.
pub(super) fn check_menu_name(name: &str, span: Span) -> Result<()> {
    let length = name.chars().count();
    match (1..=32).contains(&length) {
        true => Ok(()),
        false => {
            Err(Error::new(span, format!("a menu entry's name must have 1 to 32 characters, not {length}")))
        }
    }
}

/// Checks an alias: a single word, for use with a prefix. It is not registered with Discord.
fn check_alias(alias: &LitStr) -> Result<()> {
    let value = alias.value();
    if value.is_empty() || value.contains(char::is_whitespace) {
        return Err(Error::new(alias.span(), "an alias must be one word"));
    }
    Ok(())
}

pub(super) fn check_description(text: &str, span: Span) -> Result<()> {
    let length = text.chars().count();
    if (1..=100).contains(&length) {
        return Ok(());
    }
    let text = format!(
        "a description must have 1 to 100 characters, but this one has {length}; \
         what follows an empty line is not part of it"
    );
    Err(Error::new(span, text))
}
