//! The options a member fills in, checked and resolved as a Discord client does before it sends anything.

use serde_json::{Map, Value, json};

use super::named::{NamedKind, Place, named, resolve};
use crate::commands::Command;
use crate::commands::numbers::{MAX_INTEGER, is_integer, is_number};
use crate::world::ActError;

/// Filled-in options as the interaction carries them.
pub(crate) struct Filled {
    /// The nested `options` list.
    pub(crate) options: Vec<Value>,
    /// Users, members, roles and channels that options name.
    pub(crate) resolved: Map<String, Value>,
}

/// Checks the options `given` for the subcommand `path` of a command; `focused` names one that is still being typed,
/// whose value is passed on as it is, and then none is required.
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
        if !declared.iter().any(|option| text(option, "name") == name) {
            let known = declared.iter().map(|option| text(option, "name"));
            return Err(ActError::unknown_option(name, known));
        }
    }
    if let Some(focused) = focused.filter(|focused| !given.iter().any(|(name, _)| name == focused)) {
        return Err(ActError::MissingOption { option: focused.to_owned() });
    }
    for option in declared {
        let name = text(option, "name");
        let Some((_, value)) = given.iter().find(|(given, _)| given == name) else {
            if option.get("required") == Some(&Value::Bool(true)) && focused.is_none() {
                return Err(ActError::MissingOption { option: name.to_owned() });
            }
            continue;
        };
        let kind = number(option, "type");
        let mut entry = json!({ "name": name, "type": kind });
        if focused == Some(name) {
            if option.get("autocomplete") != Some(&Value::Bool(true)) {
                let why = "it offers no choices while one types".to_owned();
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
            entry["value"] = convert(place, option, kind, value, &mut filled.resolved, bad)?;
        }
        filled.options.push(entry);
    }
    for (name, kind) in chain.into_iter().rev() {
        filled.options = vec![json!({ "name": name, "type": kind, "options": filled.options })];
    }
    Ok(filled)
}

/// Names and types of the subcommands on the way to the options.
type Chain = Vec<(String, u64)>;

/// Takes the nested `options` of an interaction apart: the way through subcommands, names and values, and which one is focused.
pub(crate) fn taken_apart(mut options: &[Value]) -> (Vec<&str>, Vec<(String, Value)>, Option<&str>) {
    let mut path = Vec::new();
    while let [only] = options
        && matches!(number(only, "type"), 1 | 2)
    {
        path.push(text(only, "name"));
        options = list(only.get("options"));
    }
    let given = options
        .iter()
        .map(|option| (text(option, "name").to_owned(), option.get("value").cloned().unwrap_or_default()));
    let focused = options.iter().find(|option| option.get("focused") == Some(&Value::Bool(true)));
    (path, given.collect(), focused.map(|option| text(option, "name")))
}

/// Follows subcommands; returns the options declared there and the way.
fn descend<'a>(command: &'a Command, path: &[&str]) -> Result<(&'a [Value], Chain), ActError> {
    let mut options = list(command.body.get("options"));
    let mut chain = Vec::new();
    let line = |chain: &Chain| {
        let names = chain.iter().map(|(name, _)| name.as_str());
        format!("/{}", std::iter::once(command.name()).chain(names).collect::<Vec<_>>().join(" "))
    };
    let mut path = path.iter();
    loop {
        let nested: Vec<&Value> = options.iter().filter(|option| number(option, "type") <= 2).collect();
        let names = || nested.iter().map(|option| text(option, "name"));
        match (path.next(), nested.is_empty()) {
            (None, true) => return Ok((options, chain)),
            (None, false) => return Err(ActError::missing_subcommand(line(&chain), names())),
            (Some(word), true) => {
                let words = std::iter::once(word).chain(path).copied().collect::<Vec<_>>().join(" ");
                let first = options.first().map(|option| text(option, "name"));
                return Err(ActError::unnamed_option(line(&chain), &words, first));
            }
            (Some(word), false) => {
                let Some(next) = nested.iter().find(|option| text(option, "name") == *word) else {
                    return Err(ActError::unknown_subcommand(command.name(), word, names()));
                };
                chain.push((text(next, "name").to_owned(), number(next, "type")));
                options = list(next.get("options"));
            }
        }
    }
}

fn convert(
    place: Place<'_>,
    option: &Value,
    kind: u64,
    value: &Value,
    resolved: &mut Map<String, Value>,
    bad: impl Fn(&str) -> ActError,
) -> Result<Value, ActError> {
    if let Some(choices) =
        option.get("choices").and_then(Value::as_array).filter(|choices| !choices.is_empty())
    {
        let chosen = choices
            .iter()
            .find(|choice| choice.get("value") == Some(value) || text(choice, "name") == plain(value));
        let chosen = chosen.or_else(|| {
            choices.iter().find(|choice| choice.get("value").is_some_and(|one| plain(one) == plain(value)))
        });
        let names: Vec<&str> = choices.iter().map(|choice| text(choice, "name")).collect();
        return chosen
            .and_then(|choice| choice.get("value").cloned())
            .ok_or_else(|| bad(&format!("one of {}", names.join(", "))));
    }
    let mut by_name = |kind: NamedKind| {
        let id = named(place, kind, &plain(value), resolved);
        id.ok_or_else(|| bad(&format!("the name of a {}", kind.word())))
    };
    match kind {
        3 => {
            let text = plain(value);
            let length = text.chars().count() as u64;
            let (least, most) = (number(option, "min_length"), number_or(option, "max_length", 6000));
            if (least..=most).contains(&length) {
                Ok(json!(text))
            } else {
                Err(bad(&format!("a text of {least} to {most} characters")))
            }
        }
        4 => {
            let whole = plain(value).trim().parse::<i128>().map_err(|_| bad("a whole number"))?;
            let whole = i64::try_from(whole).ok().filter(|whole| is_integer(&(*whole).into()));
            let whole = whole.ok_or_else(|| bad(&format!("a whole number up to {MAX_INTEGER}")))?;
            within(option, whole as f64, &bad)?;
            Ok(json!(whole))
        }
        5 => match plain(value).to_lowercase().as_str() {
            "true" | "yes" => Ok(json!(true)),
            "false" | "no" => Ok(json!(false)),
            _ => Err(bad("true or false")),
        },
        6 => by_name(NamedKind::User).map(|id| json!(id)),
        7 => {
            let id = by_name(NamedKind::Channel)?;
            let wanted = option.get("channel_types").and_then(Value::as_array);
            let kind = place.world.channel(id).map(|channel| json!(channel.kind as u8)).unwrap_or_default();
            match wanted.is_none_or(|kinds| kinds.is_empty() || kinds.contains(&kind)) {
                true => Ok(json!(id)),
                false => Err(bad("a channel of another type")),
            }
        }
        8 => by_name(NamedKind::Role).map(|id| json!(id)),
        9 => by_name(NamedKind::Mentionable).map(|id| json!(id)),
        10 => {
            let number = plain(value).trim().parse::<f64>().ok().filter(|number| is_number(*number));
            let number = number.ok_or_else(|| bad("a number"))?;
            within(option, number, &bad)?;
            Ok(json!(number))
        }
        11 => {
            let wanted = plain(value);
            let file = place.files.iter().find(|(key, _)| *key == wanted).map(|(_, file)| file);
            let file = file.ok_or_else(|| bad("a file that comes along"))?;
            resolve(resolved, "attachments", file.id, json!(file));
            Ok(json!(file.id))
        }
        _ => Err(bad("a kind of option that members can fill in here")),
    }
}

fn within(option: &Value, number: f64, bad: &impl Fn(&str) -> ActError) -> Result<(), ActError> {
    let bound = |key: &str| option.get(key).and_then(Value::as_f64);
    let (least, most) = (bound("min_value"), bound("max_value"));
    if least.is_some_and(|least| number < least) || most.is_some_and(|most| number > most) {
        let shown = |bound: Option<f64>, open: &str| bound.map_or(open.to_owned(), |bound| bound.to_string());
        return Err(bad(&format!("a number from {} to {}", shown(least, "-∞"), shown(most, "∞"))));
    }
    Ok(())
}

/// The text of a value as a member would type it.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// ` text:hi count:3`
pub(crate) fn line_of_values(given: &[(String, Value)]) -> String {
    given.iter().map(|(name, value)| format!(" {name}:{}", plain(value))).collect()
}

fn list(options: Option<&Value>) -> &[Value] {
    options.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn number(value: &Value, key: &str) -> u64 {
    number_or(value, key, 0)
}

fn number_or(value: &Value, key: &str, default: u64) -> u64 {
    value.get(key).and_then(Value::as_u64).unwrap_or(default)
}
