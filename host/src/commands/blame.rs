//! Names the command that Discord rejected and the field at fault, from the path of indexes and fields in Discord's
//! error.
//! <https://discord.com/developers/docs/reference#error-messages>

use serde_json::Value;

use super::place::Place;
use crate::{cogs::Declared, library::CommandKey, sessions::discord::DiscordError};

/// Discord's errors about the commands that were sent, one text per field: "`/tag add`, option `name` of `tags`:
/// description: …". If Discord names no field, its error for the whole request.
pub(super) fn describe_errors(
    error: &DiscordError,
    sent: &[(&CommandKey, &Value)],
    declared: &Declared,
) -> Vec<String> {
    let mut found = Vec::new();
    if let DiscordError::Refused(refusal) = error
        && let Some(errors) = refusal.errors.as_ref().and_then(Value::as_object)
    {
        for (place, below) in errors {
            // For a list of commands, the first part of a path is the command's index.
            let command = match (place.parse::<usize>(), sent) {
                (Ok(at), _) => sent.get(at).map(|sent| (sent, below)),
                (Err(_), [only]) => refusal.errors.as_ref().map(|errors| (only, errors)),
                (Err(_), _) => None,
            };
            let Some((&(key, body), below)) = command else { continue };
            let whose = whose(declared, key);
            walk(below, body, &Place::of(key), "", &mut |place, field, why| {
                let field = if field.is_empty() { String::new() } else { format!("{field}: ") };
                found.push(format!("{place}{whose}: {field}{why}"));
            });
            if place.parse::<usize>().is_err() {
                break;
            }
        }
    }
    if found.is_empty() {
        let names = sent.iter().map(|(key, _)| format!("{key}{}", whose(declared, key)));
        let names = names.collect::<Vec<_>>().join(", ");
        found.push(format!("{names}: {error}"));
    }
    found
}

fn whose(declared: &Declared, key: &CommandKey) -> String {
    match declared.commands.get(key).map(|command| &command.cog) {
        Some(Some(cog)) => format!(" of `{cog}`"),
        Some(None) => " of the host".to_owned(),
        None => String::new(),
    }
}

/// Walks Discord's tree of errors alongside what was sent.
fn walk(
    errors: &Value,
    sent: &Value,
    place: &Place,
    field: &str,
    found: &mut impl FnMut(&Place, &str, &str),
) {
    for (key, below) in errors.as_object().into_iter().flatten() {
        if key == "_errors" {
            let messages = below.as_array().into_iter().flatten().filter_map(|one| one["message"].as_str());
            messages.for_each(|message| found(place, field, message));
        } else if let Some(item) = key.parse::<usize>().ok().and_then(|at| sent.get(at)) {
            match item.is_object() {
                true => walk(below, item, &place.item(field, item), "", found),
                false => walk(below, item, place, field, found),
            }
        } else {
            let name = if field.is_empty() { key.clone() } else { format!("{field}.{key}") };
            walk(below, &sent[key.as_str()], place, &name, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::{cogs::DeclaredCommand, sessions::discord::Refusal};

    fn refused(errors: Option<Value>) -> DiscordError {
        DiscordError::Refused(Box::new(Refusal {
            asked: "PUT /applications/1/commands".to_owned(),
            status: 400,
            code: 50035,
            message: "Invalid Form Body".to_owned(),
            errors,
            bytes: 0,
        }))
    }

    #[test]
    fn a_refusal_names_command_argument_field_and_cog() {
        let (ban, tag) = (CommandKey::slash("ban"), CommandKey::slash("tag"));
        let body = json!({ "type": 1, "name": "tag", "options": [{ "type": 1, "name": "add", "options": [
            { "type": 3, "name": "text" }, { "type": 3, "name": "name", "choices": [{ "name": "Red" }] } ] }] });
        let own = json!({ "type": 1, "name": "ban" });
        let of = |cog: Option<&str>, discord: &Value| DeclaredCommand {
            cog: cog.map(Into::into),
            discord: discord.clone(),
            guilds: Vec::new(),
        };
        let commands =
            BTreeMap::from([(ban.clone(), of(None, &own)), (tag.clone(), of(Some("tags"), &body))]);
        let declared = Declared { commands, ..Declared::default() };
        let wrong = |text: &str| json!({ "_errors": [{ "code": "X", "message": text }] });
        let in_tag = json!({ "options": { "0": { "options": { "1": {
            "name": wrong("must be unique"), "choices": { "0": { "value": wrong("is required") } } } } } } });
        let expected = [
            "`/tag add`, option `name`, choice `Red` of `tags`: value: is required",
            "`/tag add`, option `name` of `tags`: name: must be unique",
        ];
        let both = [(&ban, &own), (&tag, &body)];
        assert_eq!(describe_errors(&refused(Some(json!({ "1": in_tag }))), &both, &declared), expected);
        assert_eq!(describe_errors(&refused(Some(in_tag)), &both[1..], &declared), expected, "sent alone");
        let in_list =
            json!({ "0": { "description": wrong("is required") }, "1": { "options": wrong("too many") } });
        assert_eq!(
            describe_errors(&refused(Some(in_list)), &both, &declared),
            ["`/ban` of the host: description: is required", "`/tag` of `tags`: options: too many"]
        );
        let of_request = describe_errors(&refused(None), &both[1..], &declared);
        assert!(
            of_request[0].starts_with("`/tag` of `tags`: ") && of_request[0].contains("400"),
            "{of_request:?}"
        );
    }
}
