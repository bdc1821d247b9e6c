//! Discord's permissions by name.
//! <https://discord.com/developers/docs/topics/permissions#permissions-bitwise-permission-flags>

use syn::{Error, LitStr, Result};

use crate::nearest::nearest;

/// Names with the position of their bit.
const PERMISSIONS: &[(&str, u8)] = &[
    ("CREATE_INSTANT_INVITE", 0),
    ("KICK_MEMBERS", 1),
    ("BAN_MEMBERS", 2),
    ("ADMINISTRATOR", 3),
    ("MANAGE_CHANNELS", 4),
    ("MANAGE_GUILD", 5),
    ("ADD_REACTIONS", 6),
    ("VIEW_AUDIT_LOG", 7),
    ("PRIORITY_SPEAKER", 8),
    ("STREAM", 9),
    ("VIEW_CHANNEL", 10),
    ("SEND_MESSAGES", 11),
    ("SEND_TTS_MESSAGES", 12),
    ("MANAGE_MESSAGES", 13),
    ("EMBED_LINKS", 14),
    ("ATTACH_FILES", 15),
    ("READ_MESSAGE_HISTORY", 16),
    ("MENTION_EVERYONE", 17),
    ("USE_EXTERNAL_EMOJIS", 18),
    ("VIEW_GUILD_INSIGHTS", 19),
    ("CONNECT", 20),
    ("SPEAK", 21),
    ("MUTE_MEMBERS", 22),
    ("DEAFEN_MEMBERS", 23),
    ("MOVE_MEMBERS", 24),
    ("USE_VAD", 25),
    ("CHANGE_NICKNAME", 26),
    ("MANAGE_NICKNAMES", 27),
    ("MANAGE_ROLES", 28),
    ("MANAGE_WEBHOOKS", 29),
    ("MANAGE_GUILD_EXPRESSIONS", 30),
    ("USE_APPLICATION_COMMANDS", 31),
    ("REQUEST_TO_SPEAK", 32),
    ("MANAGE_EVENTS", 33),
    ("MANAGE_THREADS", 34),
    ("CREATE_PUBLIC_THREADS", 35),
    ("CREATE_PRIVATE_THREADS", 36),
    ("USE_EXTERNAL_STICKERS", 37),
    ("SEND_MESSAGES_IN_THREADS", 38),
    ("USE_EMBEDDED_ACTIVITIES", 39),
    ("MODERATE_MEMBERS", 40),
    ("VIEW_CREATOR_MONETIZATION_ANALYTICS", 41),
    ("USE_SOUNDBOARD", 42),
    ("CREATE_GUILD_EXPRESSIONS", 43),
    ("CREATE_EVENTS", 44),
    ("USE_EXTERNAL_SOUNDS", 45),
    ("SEND_VOICE_MESSAGES", 46),
    ("SEND_POLLS", 49),
    ("USE_EXTERNAL_APPS", 50),
    ("PIN_MESSAGES", 51),
    ("BYPASS_SLOWMODE", 52),
];

/// The bits of `MANAGE_MESSAGES | KICK_MEMBERS`, in either case.
pub(crate) fn bits(text: &LitStr) -> Result<u64> {
    let mut bits = 0;
    for name in text.value().split('|') {
        let name = name.trim().to_uppercase();
        match PERMISSIONS.iter().find(|(known, _)| *known == name) {
            Some((_, bit)) => bits |= 1_u64 << bit,
            None => return Err(Error::new(text.span(), unknown(&name))),
        }
    }
    Ok(bits)
}

fn unknown(name: &str) -> String {
    let names: Vec<&str> = PERMISSIONS.iter().map(|(name, _)| *name).collect();
    match nearest(name, &names) {
        Some(known) => format!("`{name}` is no permission of Discord's; did you mean `{known}`?"),
        None => format!(
            "`{name}` is no permission of Discord's; write them as `MANAGE_MESSAGES | KICK_MEMBERS` \
             (https://discord.com/developers/docs/topics/permissions)"
        ),
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;

    use super::*;

    #[test]
    fn permissions_are_discords_bits() {
        let table = [
            ("MANAGE_MESSAGES", Ok(1 << 13)),
            ("manage_messages|KICK_MEMBERS", Ok(1 << 13 | 1 << 1)),
            ("PIN_MESSAGES", Ok(1 << 51)),
            ("MANAGE_MESAGES", Err("did you mean `MANAGE_MESSAGES`?")),
            ("", Err("write them as")),
        ];
        for (text, expected) in table {
            match (bits(&LitStr::new(text, Span::call_site())), expected) {
                (Ok(bits), expected) => assert_eq!(Ok(bits), expected, "{text}"),
                (Err(error), expected) => {
                    let expected = expected.expect_err(text);
                    assert!(error.to_string().contains(expected), "{error}");
                }
            }
        }
    }
}
