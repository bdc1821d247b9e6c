//! Finds users, members, roles, channels, messages and files, each as JSON: in what came with a call, or by asking
//! Discord.

use std::{borrow::Cow, collections::HashMap};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    Context,
    abi::{HandleError, Method},
    handles::Request,
};

/// What Discord sent with a call about one of its ids, by kind: `users`, `members`, `roles`, `channels`, `messages`,
/// `attachments`. An interaction has all of them.
/// <https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-resolved-data-structure>
pub(crate) fn sent_along<'a>(ctx: &'a Context, kind: &str, id: u64) -> Option<&'a str> {
    match (ctx.interaction(), ctx.message()) {
        (Some(interaction), _) => resolved(&interaction.json, kind, id),
        (_, Some(message)) => mentioned(&message.json, kind, id),
        _ => None,
    }
}

fn resolved<'a>(interaction: &'a str, kind: &str, id: u64) -> Option<&'a str> {
    #[derive(Deserialize)]
    struct Interaction<'a> {
        #[serde(borrow)]
        data: Data<'a>,
    }
    #[derive(Deserialize)]
    struct Data<'a> {
        #[serde(borrow)]
        resolved: HashMap<&'a str, &'a RawValue>,
    }
    let interaction: Interaction<'_> = serde_json::from_str(interaction).ok()?;
    let of_kind: HashMap<&str, &RawValue> =
        serde_json::from_str(interaction.data.resolved.get(kind)?.get()).ok()?;
    of_kind.get(id.to_string().as_str()).map(|it| it.get())
}

/// Looks in a message: it has the users that it mentions, each with their member data, and its files.
/// <https://discord.com/developers/docs/events/gateway-events#message-create>
fn mentioned<'a>(message: &'a str, kind: &str, id: u64) -> Option<&'a str> {
    #[derive(Deserialize)]
    struct Message<'a> {
        #[serde(borrow)]
        mentions: Vec<&'a RawValue>,
        #[serde(borrow)]
        attachments: Vec<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Member<'a> {
        #[serde(borrow)]
        member: &'a RawValue,
    }
    let message: Message<'_> = serde_json::from_str(message).ok()?;
    let find = |list: Vec<&'a RawValue>| list.into_iter().map(RawValue::get).find(|it| has_id(it, id));
    match kind {
        "users" => find(message.mentions),
        "attachments" => find(message.attachments),
        "members" => {
            let user: Member<'_> = serde_json::from_str(find(message.mentions)?).ok()?;
            Some(user.member.get())
        }
        _ => None,
    }
}

/// Whether a JSON object has this id.
pub(crate) fn has_id(json: &str, id: u64) -> bool {
    #[derive(Deserialize)]
    struct Object<'a> {
        #[serde(borrow)]
        id: Cow<'a, str>,
    }
    serde_json::from_str(json).is_ok_and(|it: Object<'_>| it.id.parse() == Ok(id))
}

/// What mentions begin with. <https://discord.com/developers/docs/reference#message-formatting-formats>
pub(crate) const USER_SIGNS: &[&str] = &["@!", "@"];
pub(crate) const ROLE_SIGNS: &[&str] = &["@&"];
pub(crate) const CHANNEL_SIGNS: &[&str] = &["#"];

/// The id in a mention that begins with one of `signs`, such as `<@7>`, or an id on its own.
pub(crate) fn id(text: &str, signs: &[&str]) -> Option<u64> {
    let mention = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
    let digits = match mention {
        Some(mention) => signs.iter().find_map(|sign| mention.strip_prefix(sign))?,
        None => text,
    };
    let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
    digits.parse().ok().filter(|id| is_number && *id != 0)
}

/// Discord's answer to a request; `None` if there is nothing, or nothing that the bot may see.
pub(crate) async fn ask(request: Request) -> Result<Option<String>, HandleError> {
    match request.answer().await {
        Ok(reply) => Ok(Some(String::from_utf8_lossy(&reply.body).into_owned())),
        // It is not a snowflake, is not visible to the bot, or does not exist.
        Err(error) if matches!(error.status, 400 | 403 | 404) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(crate) fn get(ctx: &Context, path: String) -> Request {
    ctx.discord().request(Method::Get, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_alone_or_from_a_mention_of_its_kind() {
        let table = [
            ("<@7>", Some(7)),
            ("<@!7>", Some(7)),
            ("7", Some(7)),
            ("<#7>", None),
            ("<@&7>", None),
            ("<@7", None),
            ("0", None),
            ("+7", None),
            ("ann", None),
            ("", None),
            ("99999999999999999999", None),
        ];
        for (text, expected) in table {
            assert_eq!(id(text, USER_SIGNS), expected, "{text}");
        }
    }

    #[test]
    fn resolved_objects_are_found_by_kind_and_id() {
        let interaction =
            r#"{"data":{"resolved":{"users":{"7":{"id":"7"}},"members":{"7":{"nick":"n"}}}},"token":"t"}"#;
        assert_eq!(resolved(interaction, "users", 7), Some(r#"{"id":"7"}"#));
        assert_eq!(resolved(interaction, "users", 8), None);
        assert_eq!(resolved(interaction, "roles", 7), None);
        assert_eq!(resolved(r#"{"data":{}}"#, "users", 7), None);
        let message = r#"{"mentions":[{"id":"7","member":{"nick":"n"}}],"attachments":[{"id":"9"}]}"#;
        assert_eq!(mentioned(message, "members", 7), Some(r#"{"nick":"n"}"#));
        assert_eq!(mentioned(message, "attachments", 9), Some(r#"{"id":"9"}"#));
        assert_eq!(mentioned(message, "attachments", 7), None);
    }
}
