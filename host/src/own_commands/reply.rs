//! Answers to the host's own commands: visible only to the user where Discord allows it, split into as many messages as
//! the text needs, without pinging anybody.

use gearshift_cog::abi::{Interaction, Message, Origin};
use serde_json::{Value, json};

use crate::sessions::{
    Discord, Method,
    discord::{DiscordError, Request},
};

/// Discord's callback types: a message, "thinking …", autocomplete suggestions.
/// <https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object-interaction-callback-type>
const MESSAGE: u8 = 4;
const DEFERRED: u8 = 5;
const SUGGESTIONS: u8 = 8;
/// Discord's message flag: "only you can see this".
const EPHEMERAL: u64 = 1 << 6;
/// Maximum characters of a message, without the fence of a code block.
const MESSAGE_CHARS: usize = 1900;
const FENCE: &str = "```";

/// The text of an answer.
pub(super) enum Text {
    /// With Discord's formatting.
    Plain(String),
    /// A table, in a monospaced font.
    Table(String),
}

/// Answers the user who called.
pub(super) struct Reply<'a> {
    discord: &'a Discord,
    to: &'a Origin,
    is_deferred: bool,
}

impl<'a> Reply<'a> {
    pub(super) fn to(discord: &'a Discord, to: &'a Origin) -> Reply<'a> {
        Reply { discord, to, is_deferred: false }
    }

    /// Defers the answer, which may take longer than Discord waits.
    pub(super) async fn defer(mut self) -> Result<Self, DiscordError> {
        if let Origin::Slash(interaction) = self.to {
            callback(self.discord, interaction, DEFERRED, &json!({ "flags": EPHEMERAL })).await?;
            self.is_deferred = true;
        }
        Ok(self)
    }

    pub(super) async fn send(self, text: Text) -> Result<(), DiscordError> {
        for (at, piece) in pieces(&text).into_iter().enumerate() {
            match self.to {
                Origin::Prefix(message) => self.post(message, &piece).await?,
                Origin::Slash(interaction) => self.respond(interaction, &piece, at == 0).await?,
            }
        }
        Ok(())
    }

    async fn post(&self, to: &Message, text: &str) -> Result<(), DiscordError> {
        let mut body = body(text);
        body["message_reference"] = json!({ "message_id": to.id.to_string(), "fail_if_not_exists": false });
        let path = format!("/channels/{}/messages", to.channel_id);
        self.discord.request(Request::new(Method::Post, path).json(body.to_string())).await.map(drop)
    }

    async fn respond(&self, to: &Interaction, text: &str, is_first: bool) -> Result<(), DiscordError> {
        let mut body = body(text);
        body["flags"] = json!(EPHEMERAL);
        let webhook = format!("/webhooks/{}/{}", to.application_id, to.token);
        let (method, path) = match (is_first, self.is_deferred) {
            (true, false) => return callback(self.discord, to, MESSAGE, &body).await,
            (true, true) => (Method::Patch, format!("{webhook}/messages/@original")),
            (false, _) => (Method::Post, webhook),
        };
        self.discord.request(Request::new(method, path).json(body.to_string())).await.map(drop)
    }
}

/// Answers with suggestions for the option that is being typed.
pub(super) async fn suggest(
    discord: &Discord,
    to: &Interaction,
    names: &[String],
) -> Result<(), DiscordError> {
    let choices: Vec<Value> = names.iter().map(|name| json!({ "name": name, "value": name })).collect();
    callback(discord, to, SUGGESTIONS, &json!({ "choices": choices })).await
}

async fn callback(discord: &Discord, to: &Interaction, kind: u8, data: &Value) -> Result<(), DiscordError> {
    let path = format!("/interactions/{}/{}/callback", to.id, to.token);
    let body = json!({ "type": kind, "data": data }).to_string();
    discord.request(Request::new(Method::Post, path).json(body)).await.map(drop)
}

/// Descriptions and reports may contain anything; no mentions are allowed.
fn body(text: &str) -> Value {
    json!({ "content": text, "allowed_mentions": { "parse": [], "replied_user": false } })
}

/// Splits the text into messages, at line breaks where possible; only a line longer than a message is split itself.
fn pieces(text: &Text) -> Vec<String> {
    let (text, is_table) = match text {
        Text::Plain(text) => (text.clone(), false),
        // Text that would close the block is replaced.
        Text::Table(text) => (text.replace(FENCE, "'''"), true),
    };
    let mut pieces = vec![String::new()];
    let mut room = MESSAGE_CHARS;
    for line in text.lines() {
        let mut rest = line;
        loop {
            let length = rest.chars().count() + 1;
            if length <= room {
                break;
            }
            if room < MESSAGE_CHARS {
                pieces.push(String::new());
                room = MESSAGE_CHARS;
                continue;
            }
            let end = rest.char_indices().nth(MESSAGE_CHARS).map_or(rest.len(), |(at, _)| at);
            pieces.last_mut().expect("there is one").push_str(&rest[..end]);
            rest = &rest[end..];
            pieces.push(String::new());
        }
        let piece = pieces.last_mut().expect("there is one");
        piece.push_str(rest);
        piece.push('\n');
        room = room.saturating_sub(rest.chars().count() + 1);
    }
    let shown = |piece: String| match is_table {
        true => format!("{FENCE}\n{}\n{FENCE}", piece.trim_end()),
        false => piece.trim_end().to_owned(),
    };
    pieces.into_iter().filter(|piece| !piece.trim().is_empty()).map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_several_messages_and_nothing_of_it_is_lost() {
        for line in ["a", "zwölf Zeichen", &"x".repeat(5000), &"é".repeat(1901)] {
            let lines = vec![line; 300];
            let text = lines.join("\n");
            let plain = pieces(&Text::Plain(text.clone()));
            assert!(plain.iter().all(|piece| piece.chars().count() <= 2000 && !piece.is_empty()));
            let joined: String = plain.concat().chars().filter(|it| *it != '\n').collect();
            assert_eq!(joined, text.replace('\n', ""));
            let table = pieces(&Text::Table(text));
            assert!(table.iter().all(|piece| {
                piece.chars().count() <= 2000 && piece.starts_with("```\n") && piece.ends_with("\n```")
            }));
        }
        assert_eq!(pieces(&Text::Table("a```b".to_owned())), ["```\na'''b\n```"]);
    }
}
