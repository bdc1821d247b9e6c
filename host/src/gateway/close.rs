//! What each close code of the gateway means for the session: resume it, start a new one, or give up.
//! It takes no action itself.
//!
//! <https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes>

use crate::config::Intent;

/// What to do after a close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The session still exists: RESUME.
    Resume,
    /// The session is lost: IDENTIFY.
    Identify,
    /// Another attempt would be rejected too.
    GiveUp,
}

/// Discord rejects the bot; the host ends.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Discord closed the gateway of shard {shard} with {code}: {what}")]
pub struct Refused {
    /// The first shard that was rejected.
    pub shard: u16,
    /// The close code, such as 4014.
    pub code: u16,
    /// What Discord rejects.
    pub what: String,
    /// What the reader can do.
    pub help: String,
}

pub(super) fn verdict(code: Option<u16>) -> Verdict {
    match code {
        Some(4004 | 4010..=4014) => Verdict::GiveUp,
        // Not authenticated, invalid seq, session timed out.
        Some(4003 | 4007 | 4009) => Verdict::Identify,
        _ => Verdict::Resume,
    }
}

impl Refused {
    pub(super) fn new(shard: u16, code: u16, intents: &[Intent]) -> Refused {
        let (what, help) = match code {
            4004 => (
                "it does not know the token".to_owned(),
                "copy the token from the developer portal (Bot → Reset Token)".to_owned(),
            ),
            4010 => (
                "the number of the shard does not fit the number of shards".to_owned(),
                "check `[discord] shards`".to_owned(),
            ),
            4011 => (
                "the bot is in too many guilds for this number of shards".to_owned(),
                "raise `[discord] shards`; `GET /gateway/bot` says what Discord recommends".to_owned(),
            ),
            4012 => (
                "it no longer serves version 10 of its gateway".to_owned(),
                "a newer Gearshift is needed".to_owned(),
            ),
            4013 => ("it does not know these intents".to_owned(), "check `[discord] intents`".to_owned()),
            4014 => refused_intents(intents),
            _ => ("it does not say why".to_owned(), "look up the code in Discord's documentation".to_owned()),
        };
        Refused { shard, code, what, help }
    }
}

fn refused_intents(intents: &[Intent]) -> (String, String) {
    let privileged: Vec<&str> = Intent::ALL
        .iter()
        .filter(|(intent, _)| intent.is_privileged() && intents.contains(intent))
        .map(|(_, name)| *name)
        .collect();
    let names = privileged.join(", ");
    (
        format!("an intent is not switched on for the bot, one of: {names}"),
        format!(
            "switch it on in the developer portal (Bot → Privileged Gateway Intents), or list `[discord] intents` without {names}; without message_content there are slash commands, but no prefix commands outside of mentions and direct messages"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_close_code_has_its_verdict() {
        let fatal = [4004, 4010, 4011, 4012, 4013, 4014];
        let lost = [4003, 4007, 4009];
        for code in (1000..=1015).chain(4000..=4020) {
            let expected = match code {
                _ if fatal.contains(&code) => Verdict::GiveUp,
                _ if lost.contains(&code) => Verdict::Identify,
                _ => Verdict::Resume,
            };
            assert_eq!(verdict(Some(code)), expected, "{code}");
        }
        assert_eq!(verdict(None), Verdict::Resume);
    }

    #[test]
    fn a_refused_intent_is_named_with_the_way_out() {
        let Refused { what, help, .. } = Refused::new(0, 4014, &Intent::default_set());
        assert!(what.contains("message_content") && !what.contains("guild_members"), "{what}");
        assert!(help.contains("developer portal"), "{help}");
    }
}
