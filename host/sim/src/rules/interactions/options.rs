//! The options that a member fills in, checked and resolved as a Discord client does before it sends them.

use serde_json::{Map, Number, Value, json};

use super::named::{NamedKind, Place, file, is_of_types, named};
use crate::commands::numbers::{MAX_INTEGER, is_integer, is_number};
use crate::commands::{Command, CommandOption, OptionKind};
use crate::world::ActError;

/// Filled-in options, as an interaction contains them.
pub(crate) struct Filled {
    /// The nested `options` list.
    pub(crate) options: Vec<Value>,
    /// Users, members, roles and channels that the options name.
    pub(crate) resolved: Map<String, Value>,
}

/// Checks the options `given` for the subcommand `path` of a command. `focused` names an option that is still being
/// typed: its value is passed on unchecked, and no option is required.
pub(crate) fn fill_options(
    place: Place<'_>,
    command: &Command,
    path: &[&str],
    given: &[(String, Value)],
    focused: Option<&str>,
) -> Result<Filled, ActError> {
    let (declared, chain) = descend(command, path)?;
    let mut filled = Filled { options: Vec::new(), resolved: Map::new() };
    for (name, _) in given {
        if !declared.iter().any(|option| option.name() == name) {
            let known = declared.iter().map(CommandOption::name);
            return Err(ActError::unknown_option(name, known));
        }
    }
    if let Some(focused) = focused.filter(|focused| !given.iter().any(|(name, _)| name == focused)) {
        return Err(ActError::MissingOption { option: focused.to_owned() });
    }
    for option in declared {
        let name = option.name();
        let Some((_, value)) = given.iter().find(|(given, _)| given == name) else {
            if option.required == Some(true) && focused.is_none() {
                return Err(ActError::MissingOption { option: name.to_owned() });
            }
            continue;
        };
        let mut entry = json!({ "name": name, "type": option.kind });
        if focused == Some(name) {
            if option.autocomplete != Some(true) {
                let why = "it has no autocomplete".to_owned();
                return Err(ActError::Unusable { control: name.to_owned(), why });
            }
            entry["focused"] = json!(true);
            entry["value"] = value.clone();
        } else {
            let bad = |wanted: &str| ActError::BadOption {
                option: name.to_owned(),
                wanted: wanted.to_owned(),
                got: plain(value),
            };
            entry["value"] = convert(place, option, value, &mut filled.resolved, bad)?;
        }
        filled.options.push(entry);
    }
    for (name, kind) in chain.into_iter().rev() {
        filled.options = vec![json!({ "name": name, "type": kind, "options": filled.options })];
    }
    Ok(filled)
}

/// The texts given for a command's file options.
pub(crate) fn typed_files(command: &Command, path: &[&str], given: &[(String, Value)]) -> Vec<String> {
    // Running the command reports a path that does not exist.
    let (options, _) = descend(command, path).unwrap_or_default();
    let takes_file = |name: &str| {
        options.iter().any(|option| option.name() == name && option.kind == OptionKind::Attachment)
    };
    given.iter().filter(|(name, _)| takes_file(name)).map(|(_, value)| plain(value)).collect()
}

/// Names and types of the subcommands that lead to the options.
type Chain<'a> = Vec<(&'a str, OptionKind)>;

/// Follows the subcommands; returns the options declared there, and the subcommands.
fn descend<'a>(command: &'a Command, path: &[&str]) -> Result<(&'a [CommandOption], Chain<'a>), ActError> {
    let mut options = &command.body.options[..];
    let mut chain = Vec::new();
    let line = |chain: &Chain<'_>| {
        let names = chain.iter().map(|(name, _)| *name);
        format!("/{}", std::iter::once(command.name()).chain(names).collect::<Vec<_>>().join(" "))
    };
    let mut path = path.iter();
    loop {
        let nested: Vec<&CommandOption> = options.iter().filter(|option| option.kind.is_nested()).collect();
        let names = || nested.iter().map(|option| option.name());
        match (path.next(), nested.is_empty()) {
            (None, true) => return Ok((options, chain)),
            (None, false) => return Err(ActError::missing_subcommand(line(&chain), names())),
            (Some(word), true) => {
                let words = std::iter::once(word).chain(path).copied().collect::<Vec<_>>().join(" ");
                let first = options.first().map(CommandOption::name);
                return Err(ActError::unnamed_option(line(&chain), &words, first));
            }
            (Some(word), false) => {
                let Some(next) = nested.iter().find(|option| option.name() == *word) else {
                    return Err(ActError::unknown_subcommand(command.name(), word, names()));
                };
                chain.push((next.name(), next.kind));
                options = &next.options;
            }
        }
    }
}

fn convert(
    place: Place<'_>,
    option: &CommandOption,
    value: &Value,
    resolved: &mut Map<String, Value>,
    bad: impl Fn(&str) -> ActError,
) -> Result<Value, ActError> {
    let choices = &option.choices;
    if !choices.is_empty() {
        let typed = plain(value);
        let chosen = choices.iter().find(|choice| choice.value == *value || choice.name == typed);
        let chosen = chosen.or_else(|| choices.iter().find(|choice| plain(&choice.value) == typed));
        let names: Vec<&str> = choices.iter().map(|choice| &*choice.name).collect();
        return chosen
            .map(|choice| choice.value.clone())
            .ok_or_else(|| bad(&format!("one of {}", names.join(", "))));
    }
    let mut by_name = |kind: NamedKind| {
        let id = named(place, kind, &plain(value), resolved);
        id.ok_or_else(|| bad(&format!("the name of a {}", kind.word())))
    };
    match option.kind {
        OptionKind::String => {
            let text = plain(value);
            let length = text.chars().count() as u64;
            let bound =
                |bound: &Option<Number>, open| bound.as_ref().and_then(Number::as_u64).unwrap_or(open);
            let (least, most) = (bound(&option.min_length, 0), bound(&option.max_length, 6000));
            if (least..=most).contains(&length) {
                Ok(json!(text))
            } else {
                Err(bad(&format!("a text of {least} to {most} characters")))
            }
        }
        OptionKind::Integer => {
            let whole = plain(value).trim().parse::<i128>().map_err(|_| bad("a whole number"))?;
            let whole = i64::try_from(whole).ok().filter(|whole| is_integer(&(*whole).into()));
            let whole = whole.ok_or_else(|| bad(&format!("a whole number up to {MAX_INTEGER}")))?;
            within(option, whole as f64, &bad)?;
            Ok(json!(whole))
        }
        OptionKind::Boolean => match plain(value).to_lowercase().as_str() {
            "true" | "yes" => Ok(json!(true)),
            "false" | "no" => Ok(json!(false)),
            _ => Err(bad("true or false")),
        },
        OptionKind::User => by_name(NamedKind::User).map(|id| json!(id)),
        OptionKind::Channel => {
            let id = by_name(NamedKind::Channel)?;
            match is_of_types(place, id, &option.channel_types) {
                true => Ok(json!(id)),
                false => Err(bad("a channel of another type")),
            }
        }
        OptionKind::Role => by_name(NamedKind::Role).map(|id| json!(id)),
        OptionKind::Mentionable => by_name(NamedKind::Mentionable).map(|id| json!(id)),
        OptionKind::Number => {
            let number = plain(value).trim().parse::<f64>().ok().filter(|number| is_number(*number));
            let number = number.ok_or_else(|| bad("a number"))?;
            within(option, number, &bad)?;
            Ok(json!(number))
        }
        OptionKind::Attachment => {
            let id = file(place, &plain(value), resolved);
            id.map(|id| json!(id)).ok_or_else(|| bad("an attached file"))
        }
        OptionKind::Subcommand | OptionKind::Group => Err(bad("an option that takes a value")),
    }
}

fn within(option: &CommandOption, number: f64, bad: &impl Fn(&str) -> ActError) -> Result<(), ActError> {
    let [least, most] =
        [&option.min_value, &option.max_value].map(|bound| bound.as_ref().and_then(Number::as_f64));
    if least.is_some_and(|least| number < least) || most.is_some_and(|most| number > most) {
        let shown = |bound: Option<f64>, open: &str| bound.map_or(open.to_owned(), |bound| bound.to_string());
        return Err(bad(&format!("a number from {} to {}", shown(least, "-∞"), shown(most, "∞"))));
    }
    Ok(())
}

/// The text of a value, as a member would type it.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// ` text:hi count:3`
pub(crate) fn line_of_values(given: &[(String, Value)]) -> String {
    given.iter().map(|(name, value)| format!(" {name}:{}", plain(value))).collect()
}
