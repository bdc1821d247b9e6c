//! Commands in their groups, as the manifest declares them.

use std::collections::{BTreeMap, HashMap};

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Error;

use super::{
    Command, Group, Lost, MESSAGE, SLASH, USER,
    settings::{Localized, check_translated},
};
use crate::{
    block::{any_of, at},
    errors::Errors,
    nearest::nearest,
};

/// Discord's limit of commands per group.
/// <https://discord.com/developers/docs/interactions/application-commands#subcommands-and-subcommand-groups>
const COMMANDS_MAX: usize = 25;

/// Discord's limits of commands per application, by type.
/// <https://discord.com/developers/docs/interactions/application-commands#registering-a-command>
const OF_TYPE_MAX: [(u8, usize, &str); 3] =
    [(SLASH, 100, "slash commands"), (USER, 15, "user menu entries"), (MESSAGE, 15, "message menu entries")];

/// The elements of `COMMANDS`. Conflicts between them are errors.
pub(super) fn declare(
    groups: &[Group],
    commands: &[Command],
    lost: &Lost<'_>,
    errors: &mut Errors,
) -> TokenStream {
    check_names(groups, commands, errors);
    check_counts(groups, commands, errors);
    check_languages(groups, commands, errors);
    for (path, name) in paths(groups, commands) {
        let above = &path[..path.len() - 1];
        let group = above.join(" ");
        let is_there = groups.iter().any(|group| group.path == above) || lost.groups.contains(&group);
        if !above.is_empty() && !is_there {
            errors.push(Error::new(name, no_group(&group, groups)));
        }
    }
    for group in groups {
        let path = group.path.join(" ");
        let is_below = |other: &[String]| other.len() > group.path.len() && other.starts_with(&group.path);
        let is_lost = lost.commands.iter().any(|lost| lost.starts_with(&format!("{path} ")));
        if !is_lost && !paths(groups, commands).any(|(path, _)| is_below(path)) {
            let text =
                format!("the group `{path}` has no commands; write one as `#[command(\"{path} add\")]`");
            errors.push(Error::new(group.name, text));
        }
        let is_in = |path: &[String]| path.len() == group.path.len() + 1 && is_below(path);
        let beside = groups.iter().map(|group| (&group.path, group.name));
        let unconditional = commands.iter().filter(|it| it.kind == SLASH && it.conditions.is_empty());
        let mut inside = beside
            .chain(unconditional.map(|command| (&command.path, command.name)))
            .filter(|(path, _)| is_in(path));
        if let Some((_, name)) = inside.nth(COMMANDS_MAX) {
            let text =
                format!("Discord allows {COMMANDS_MAX} commands per group; move some to another: `{path}`");
            errors.push(Error::new(name, text));
        }
    }
    below(&[], groups, commands)
}

/// The paths of groups and slash commands.
fn paths<'a>(groups: &'a [Group], commands: &'a [Command]) -> impl Iterator<Item = (&'a Vec<String>, Span)> {
    let commands = commands.iter().filter(|command| command.kind == SLASH);
    groups
        .iter()
        .map(|group| (&group.path, group.name))
        .chain(commands.map(|command| (&command.path, command.name)))
}

fn below(path: &[String], groups: &[Group], commands: &[Command]) -> TokenStream {
    let is_below = |other: &[String]| other.len() == path.len() + 1 && other.starts_with(path);
    let groups_here = groups.iter().filter(|group| is_below(&group.path)).map(|group| {
        let inside = below(&group.path, groups, commands);
        let (name, description) = (group.path.last(), &group.description);
        let calls = &group.settings.calls();
        // If all of its commands were compiled out, the group would be empty.
        let inner: Vec<_> = commands
            .iter()
            .filter(|command| command.path.starts_with(&group.path))
            .map(|command| &command.conditions)
            .collect();
        let is_there = inner.iter().any(|conditions| conditions.is_empty());
        let any = any_of(inner);
        let condition = (!is_there).then(|| quote!(#[cfg(#any)]));
        quote!(#condition ::gearshift_cog::manifest::Command::group(#name, #description, &[#inside]) #calls,)
    });
    let commands_here = commands.iter().filter(|command| is_below(&command.path)).map(declare_command);
    quote!(#(#groups_here)* #(#commands_here)*)
}

fn declare_command(command: &Command) -> TokenStream {
    let Command { kind, path, description, conditions, settings, parameters, .. } = command;
    let (name, calls) = (path.last(), settings.calls());
    // Errors that the SDK finds at compile time are reported at the command's name.
    let span = at(command.name);
    let new = match *kind {
        SLASH => {
            let options = parameters.iter().map(super::Parameter::declare);
            let options = (!parameters.is_empty()).then(|| quote_spanned!(span=> .options(&[#(#options),*])));
            quote_spanned!(span=> new(#name, #description) #options)
        }
        MESSAGE => quote_spanned!(span=> message_menu(#name)),
        _ => quote_spanned!(span=> user_menu(#name)),
    };
    quote_spanned!(span=> #(#conditions)* ::gearshift_cog::manifest::Command::#new #calls,)
}

/// Checks that no two in the same group share a name or alias. Those with conditions are left out.
fn check_names(groups: &[Group], commands: &[Command], errors: &mut Errors) {
    let mut names: HashMap<(u8, String), ()> = HashMap::new();
    let mut claim = |kind: u8, path: &[String], name: &str, span: Span| {
        let (_, above) = path.split_last().expect("a path has a name");
        let full = above.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join(" ");
        if names.insert((kind, full.clone()), ()).is_some() {
            errors.push(Error::new(span, format!("two commands are called `{full}`; rename one of them")));
        }
    };
    for group in groups {
        claim(SLASH, &group.path, group.path.last().map_or("", String::as_str), group.name);
        group
            .settings
            .aliases
            .iter()
            .for_each(|alias| claim(SLASH, &group.path, &alias.value(), alias.span()));
    }
    for command in commands.iter().filter(|command| command.conditions.is_empty()) {
        let name = command.path.last().map_or("", String::as_str);
        claim(command.kind, &command.path, name, command.name);
        for alias in &command.settings.aliases {
            claim(command.kind, &command.path, &alias.value(), alias.span());
        }
    }
}

/// Checks that Discord accepts their number. Those with conditions are left out.
fn check_counts(groups: &[Group], commands: &[Command], errors: &mut Errors) {
    for (kind, most, what) in OF_TYPE_MAX {
        let groups =
            groups.iter().filter(|group| kind == SLASH && group.path.len() == 1).map(|group| group.name);
        let is_counted = |it: &&Command| {
            it.kind == kind && it.path.len() == 1 && it.conditions.is_empty() && !it.settings.is_prefix_only()
        };
        let mut all = groups.chain(commands.iter().filter(is_counted).map(|command| command.name));
        if let Some(name) = all.nth(most) {
            errors.push(Error::new(name, format!("Discord allows {most} {what}; move some to another cog")));
        }
    }
}

/// Checks that no two in the same group have the same name in any language.
fn check_languages(groups: &[Group], commands: &[Command], errors: &mut Errors) {
    let of_groups = groups.iter().map(|group| (SLASH, &group.path, &group.settings.localized));
    let of_commands = commands.iter().filter(|command| command.conditions.is_empty());
    let of_commands = of_commands.map(|command| (command.kind, &command.path, &command.settings.localized));
    let mut places: BTreeMap<_, Vec<(&str, &Localized)>> = BTreeMap::new();
    for (kind, path, localized) in of_groups.chain(of_commands) {
        if let Some((name, above)) = path.split_last() {
            places.entry((kind, above)).or_default().push((name, localized));
        }
    }
    places.values().for_each(|place| check_translated(place, errors));
}

fn no_group(path: &str, groups: &[Group]) -> String {
    let declared: Vec<String> = groups.iter().map(|group| group.path.join(" ")).collect();
    let declared: Vec<&str> = declared.iter().map(String::as_str).collect();
    match nearest(path, &declared) {
        Some(near) => format!("there is no group `{path}`; did you mean `{near}`?"),
        None => format!(
            "there is no group `{path}`; declare it: `#[cog(group(\"{path}\", \"What its commands are for\"))]`"
        ),
    }
}

#[cfg(test)]
mod tests {
    use quote::{format_ident, quote};

    #[test]
    fn a_group_holds_at_most_as_many_commands_as_discord_allows() {
        let with = |count: usize| {
            let methods = (0..count).map(|number| {
                let (path, name) = (format!("tag t{number}"), format_ident!("t{number}"));
                quote! {
                    /// One of them
                    #[command(#path)]
                    async fn #name(&self, ctx: &Context) -> Result { Ok(()) }
                }
            });
            let options = syn::parse_quote!(group("tag", "Notes"));
            let block = syn::parse_quote!(impl Tags { #(#methods)* });
            crate::cog::expand(options, block).to_string()
        };
        assert!(with(26).contains("Discord allows 25 commands per group"));
        assert!(!with(25).contains("Discord allows"));
    }
}
