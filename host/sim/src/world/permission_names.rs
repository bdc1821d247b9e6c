//! Discord's names for the permission bits.
//! It grants nothing.

/// Name and bit, <https://discord.com/developers/docs/topics/permissions>.
const NAMES: [(&str, u8); 51] = [
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

pub(crate) fn bit_of(name: &str) -> Option<u64> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, bit)| 1 << bit)
}

/// The names of the bits that are set; bits without a name are left out.
pub(crate) fn names_of(bits: u64) -> impl Iterator<Item = &'static str> {
    NAMES.iter().filter(move |(_, bit)| bits >> bit & 1 == 1).map(|(name, _)| *name)
}

pub(crate) fn all_names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::bits;

    #[test]
    fn every_bit_has_one_name_and_every_name_its_bit() {
        for (name, bit) in NAMES {
            assert_eq!(bit_of(name), Some(1 << bit));
            assert_eq!(names_of(1 << bit).collect::<Vec<_>>(), [name]);
        }
        assert_eq!(bit_of("MANAGE_MESSAGES"), Some(bits::MANAGE_MESSAGES));
        assert_eq!(bit_of("PIN_MESSAGES"), Some(bits::PIN_MESSAGES));
        assert_eq!(
            names_of(bits::VIEW_CHANNEL | bits::SEND_MESSAGES).collect::<Vec<_>>(),
            ["VIEW_CHANNEL", "SEND_MESSAGES"]
        );
    }
}
