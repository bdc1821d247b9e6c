//! Which part of a message is a command: what follows the prefix, or a mention of the bot.
//! It knows no cogs.

use memchr::memmem;

use crate::event::LazyMessage;

/// The JSON key of a message's text.
const CONTENT: &[u8] = b"\"content\"";

/// What calls a command in a message: the prefix, or a mention of the bot.
#[derive(Debug)]
pub(super) struct Prefix {
    /// The prefix that the operator has set in `[discord] prefix`.
    pub(super) text: String,
    /// The bot's user id.
    pub(super) bot: Option<u64>,
}

impl Prefix {
    /// Whether a message may call a command, from a scan of its JSON: most messages call none, and parsing one costs
    /// more than everything else that is done with it. If it cannot tell, it returns `true`: before an escape or a
    /// space, or for a reply, whose JSON contains the text of another message too.
    pub(super) fn may_be_in(&self, json: &str) -> bool {
        let Some(first) = self.text.bytes().next() else { return true };
        memmem::find_iter(json.as_bytes(), CONTENT).any(|at| {
            let value = json[at + CONTENT.len()..].trim_start().strip_prefix(':').map(str::trim_start);
            let begins = value.and_then(|value| value.strip_prefix('"')?.bytes().next());
            begins.is_some_and(|byte| {
                byte == first || matches!(byte, b'<' | b'\\' | 0x80..) || byte.is_ascii_whitespace()
            })
        })
    }

    /// Name and arguments of the command that a message calls, if it calls one.
    pub(super) fn command<'m>(&self, message: &'m LazyMessage<'_>) -> Option<(&'m str, &'m str)> {
        // Bots cannot call commands: two of them could talk forever. Neither can Discord's own messages.
        if message.is_from_bot() || !message.is_user_message() {
            return None;
        }
        let line = self.line(message.content())?;
        let (name, arguments) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        Some((name, arguments.trim()))
    }

    /// A mention at the start replaces the prefix, and may be followed by it. Without the message-content intent
    /// Discord sends the text of a guild's messages only if they mention the bot.
    /// <https://discord.com/developers/docs/events/gateway#message-content-intent>
    fn line<'t>(&self, content: &'t str) -> Option<&'t str> {
        match self.bot.and_then(|bot| after_mention(content, bot)) {
            Some(rest) => Some(rest.strip_prefix(self.text.as_str()).unwrap_or(rest)),
            None => content.strip_prefix(self.text.as_str()),
        }
    }
}

/// The text after `<@id>` or the older `<@!id>`.
/// <https://discord.com/developers/docs/reference#message-formatting>
fn after_mention(content: &str, user: u64) -> Option<&str> {
    let rest = content.trim_start().strip_prefix("<@")?;
    let (id, rest) = rest.strip_prefix('!').unwrap_or(rest).split_once('>')?;
    (id.parse() == Ok(user)).then(|| rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event;

    fn called(prefix: &str, rest: &str) -> Option<(String, String)> {
        let prefix = Prefix { text: prefix.to_owned(), bot: Some(42) };
        let json = format!(r#"{{"id":"1","channel_id":"2","author":{{"id":"3"}},{rest}}}"#);
        let incoming = event::message(&json).expect("a message");
        let called = prefix.command(&incoming);
        assert!(called.is_none() || prefix.may_be_in(&json), "{json} was passed over");
        called.map(|(name, arguments)| (name.to_owned(), arguments.to_owned()))
    }

    #[test]
    fn a_message_that_surely_calls_nothing_is_not_read() {
        let prefix = |text: &str| Prefix { text: text.to_owned(), bot: Some(42) };
        for content in
            ["hello !ping", "", "ping", "?ping", "content", "\\u0021ping", "!ping", " <@42> ping", "¡ping"]
        {
            for spaces in ["", " "] {
                let json = format!(r#"{{"x":"\"content\"","content"{spaces}:{spaces}"{content}","id":"1"}}"#);
                let may = content.starts_with(['!', ' ', '\\', '¡']);
                assert_eq!(prefix("!").may_be_in(&json), may, "{json}");
                assert!(prefix("").may_be_in(&json), "everything is a command without a prefix");
            }
        }
    }

    #[test]
    fn a_mention_may_stand_in_front_of_the_prefix_or_in_its_place() {
        let ping = |arguments: &str| Some(("ping".to_owned(), arguments.to_owned()));
        let cases = [
            ("!ping", ping("")),
            ("!ping  a b ", ping("a b")),
            ("!ping <@42>", ping("<@42>")),
            ("<@42> !ping a", ping("a")),
            ("<@!42>!ping a", ping("a")),
            (" <@42>  ping a", ping("a")),
            ("<@43> !ping", None),
            ("<@&42> !ping", None),
            ("hello <@42> !ping", None),
            ("<@42", None),
            ("ping", None),
        ];
        for (content, expected) in cases {
            assert_eq!(called("!", &format!(r#""content":"{content}""#)), expected, "{content}");
        }
    }

    #[test]
    fn discord_and_bots_call_no_commands() {
        for rest in [
            r#""content":"!ping","type":18"#,
            r#""content":"!ping","type":21"#,
            r#""content":"!ping","webhook_id":"9""#,
        ] {
            assert_eq!(called("!", rest), None, "{rest}");
        }
        assert!(called("!", r#""content":"!ping","type":19"#).is_some());
    }
}
