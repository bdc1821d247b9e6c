//! Which parts of Discord a request is about: by its path, and by what its body names.

use std::fmt;

use gearshift_cog::{abi::DiscordRequest, manifest::hides_path};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// One part of Discord that a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Guild(u64),
    Channel(u64),
    /// Whatever the token in the path gives access to.
    Token,
    Elsewhere,
}

/// All parts that a request is about.
pub(super) fn targets(request: &DiscordRequest) -> Vec<Target> {
    let mut targets = vec![of_path(&request.path)];
    if !request.json.is_empty() {
        let mut body = serde_json::Deserializer::from_slice(&request.json);
        let read = Named(&mut targets).deserialize(&mut body).and_then(|()| body.end());
        // Otherwise Discord may parse it differently.
        targets.extend(read.is_err().then_some(Target::Elsewhere));
    }
    targets
}

fn of_path(path: &str) -> Target {
    let segments: Vec<&str> = path.split('/').collect();
    // A server must not be able to read the path differently.
    if hides_path(path) {
        return Target::Elsewhere;
    }
    let target = match segments[..] {
        ["", "guilds", guild, ..] => id(guild).map(Target::Guild),
        ["", "channels", channel, ..] => id(channel).map(Target::Channel),
        ["", "interactions" | "webhooks", _, _, ..] => Some(Target::Token),
        _ => None,
    };
    target.unwrap_or(Target::Elsewhere)
}

fn id(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Adds the channels and guilds that a body names, such as the message that is forwarded or where a followed
/// channel posts: <https://discord.com/developers/docs/resources/message#message-reference-structure>,
/// <https://discord.com/developers/docs/resources/channel#follow-announcement-channel>. If a key occurs
/// twice, both values count.
struct Named<'p>(&'p mut Vec<Target>);

impl Named<'_> {
    fn add(&mut self, target: fn(u64) -> Target, value: &Value) {
        let number = match value {
            Value::Null => return,
            Value::String(text) => id(text),
            value => value.as_u64(),
        };
        self.0.push(number.map_or(Target::Elsewhere, target));
    }
}

impl<'de> DeserializeSeed<'de> for Named<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, body: D) -> Result<(), D::Error> {
        body.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Named<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            let is = |name: &str| {
                key.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('_'))
            };
            if is("channel_id") {
                self.add(Target::Channel, &map.next_value()?);
            } else if is("guild_id") {
                self.add(Target::Guild, &map.next_value()?);
            } else {
                map.next_value_seed(Named(self.0))?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Named(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use gearshift_cog::abi::Method;

    use super::*;

    #[test]
    fn a_request_is_about_what_its_path_and_its_body_name() {
        use Target::{Channel, Elsewhere, Guild, Token};
        for (path, json, expected) in [
            ("/guilds/7/bans/2", "", vec![Guild(7)]),
            ("/channels/5", r#"{"content":"a channel_id","n":[1,-1,0.5,true,null]}"#, vec![Channel(5)]),
            (
                "/channels/5/messages",
                r#"{"message_reference":{"type":1,"message_id":"1","channel_id":"6","guild_id":8}}"#,
                vec![Channel(5), Channel(6), Guild(8)],
            ),
            ("/channels/5/messages", r#"{"message_reference":{"guild_id":null}}"#, vec![Channel(5)]),
            ("/channels/5/followers", r#"{"webhook_channel_id":"6"}"#, vec![Channel(5), Channel(6)]),
            ("/channels/5/send-soundboard-sound", r#"{"source_guild_id":"8"}"#, vec![Channel(5), Guild(8)]),
            ("/guilds/7", r#"[{"channel_id":"6","channel_id":"9"}]"#, vec![Guild(7), Channel(6), Channel(9)]),
            ("/guilds/7", "{\"channel\\u005fid\":\"6\"}", vec![Guild(7), Channel(6)]),
            ("/webhooks/1/token", r#"{"channel_id":[6]}"#, vec![Token, Elsewhere]),
            ("/channels/5/messages", r#"{"channel_id":"+6"}"#, vec![Channel(5), Elsewhere]),
            ("/channels/5/messages", r#"{"content":"#, vec![Channel(5), Elsewhere]),
            ("/channels/5/messages", r#"{} {"channel_id":"6"}"#, vec![Channel(5), Elsewhere]),
            ("/guilds/7/x%2F..%2F..%2F8", "", vec![Elsewhere]),
            ("/users/@me", "", vec![Elsewhere]),
        ] {
            let request = DiscordRequest {
                method: Method::Post,
                path: path.into(),
                query: Vec::new().into(),
                json: json.as_bytes().to_vec().into(),
                files: Vec::new().into(),
                reason: None.into(),
            };
            assert_eq!(targets(&request), expected, "{path} {json}");
        }
    }
}
