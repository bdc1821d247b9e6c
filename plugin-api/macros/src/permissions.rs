//! Discord's permissions: the one table of them, for the attributes of cogs and for the SDK.
//! <https://discord.com/developers/docs/topics/permissions#permissions-bitwise-permission-flags>

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Error, LitStr, Result};

use crate::nearest::nearest;

/// Names, each with its bit number and its label in Discord's client.
const PERMISSIONS: &[(&str, u8, &str)] = &[
    ("CREATE_INSTANT_INVITE", 0, "Create Invite"),
    ("KICK_MEMBERS", 1, "Kick Members"),
    ("BAN_MEMBERS", 2, "Ban Members"),
    ("ADMINISTRATOR", 3, "Administrator"),
    ("MANAGE_CHANNELS", 4, "Manage Channels"),
    ("MANAGE_GUILD", 5, "Manage Server"),
    ("ADD_REACTIONS", 6, "Add Reactions"),
    ("VIEW_AUDIT_LOG", 7, "View Audit Log"),
    ("PRIORITY_SPEAKER", 8, "Priority Speaker"),
    ("STREAM", 9, "Video"),
    ("VIEW_CHANNEL", 10, "View Channel"),
    ("SEND_MESSAGES", 11, "Send Messages"),
    ("SEND_TTS_MESSAGES", 12, "Send Text-to-Speech Messages"),
    ("MANAGE_MESSAGES", 13, "Manage Messages"),
    ("EMBED_LINKS", 14, "Embed Links"),
    ("ATTACH_FILES", 15, "Attach Files"),
    ("READ_MESSAGE_HISTORY", 16, "Read Message History"),
    ("MENTION_EVERYONE", 17, "Mention Everyone"),
    ("USE_EXTERNAL_EMOJIS", 18, "Use External Emojis"),
    ("VIEW_GUILD_INSIGHTS", 19, "View Server Insights"),
    ("CONNECT", 20, "Connect"),
    ("SPEAK", 21, "Speak"),
    ("MUTE_MEMBERS", 22, "Mute Members"),
    ("DEAFEN_MEMBERS", 23, "Deafen Members"),
    ("MOVE_MEMBERS", 24, "Move Members"),
    ("USE_VAD", 25, "Use Voice Activity"),
    ("CHANGE_NICKNAME", 26, "Change Nickname"),
    ("MANAGE_NICKNAMES", 27, "Manage Nicknames"),
    ("MANAGE_ROLES", 28, "Manage Roles"),
    ("MANAGE_WEBHOOKS", 29, "Manage Webhooks"),
    ("MANAGE_GUILD_EXPRESSIONS", 30, "Manage Expressions"),
    ("USE_APPLICATION_COMMANDS", 31, "Use Application Commands"),
    ("REQUEST_TO_SPEAK", 32, "Request to Speak"),
    ("MANAGE_EVENTS", 33, "Manage Events"),
    ("MANAGE_THREADS", 34, "Manage Threads"),
    ("CREATE_PUBLIC_THREADS", 35, "Create Public Threads"),
    ("CREATE_PRIVATE_THREADS", 36, "Create Private Threads"),
    ("USE_EXTERNAL_STICKERS", 37, "Use External Stickers"),
    ("SEND_MESSAGES_IN_THREADS", 38, "Send Messages in Threads"),
    ("USE_EMBEDDED_ACTIVITIES", 39, "Use Activities"),
    ("MODERATE_MEMBERS", 40, "Timeout Members"),
    ("VIEW_CREATOR_MONETIZATION_ANALYTICS", 41, "View Monetization Analytics"),
    ("USE_SOUNDBOARD", 42, "Use Soundboard"),
    ("CREATE_GUILD_EXPRESSIONS", 43, "Create Expressions"),
    ("CREATE_EVENTS", 44, "Create Events"),
    ("USE_EXTERNAL_SOUNDS", 45, "Use External Sounds"),
    ("SEND_VOICE_MESSAGES", 46, "Send Voice Messages"),
    ("SET_VOICE_CHANNEL_STATUS", 48, "Set Voice Channel Status"),
    ("SEND_POLLS", 49, "Create Polls"),
    ("USE_EXTERNAL_APPS", 50, "Use External Apps"),
    ("PIN_MESSAGES", 51, "Pin Messages"),
    ("BYPASS_SLOWMODE", 52, "Bypass Slowmode"),
];

/// The table as constants.
pub(crate) fn constants() -> TokenStream {
    let constants = PERMISSIONS.iter().map(|(name, bit, shown)| {
        let (name, doc) = (format_ident!("{name}"), format!("“{shown}”."));
        quote! { #[doc = #doc] pub const #name: u64 = 1 << #bit; }
    });
    let all = PERMISSIONS.iter().map(|(name, bit, _)| quote! { (#name, 1 << #bit) });
    let shown = PERMISSIONS.iter().map(|(_, bit, shown)| quote! { (1 << #bit, #shown) });
    quote! {
        #(#constants)*
        /// All permissions by name.
        pub const ALL: &[(&str, u64)] = &[#(#all),*];
        /// The labels of Discord's client. Separate, as every cog's library contains these.
        const SHOWN: &[(u64, &str)] = &[#(#shown),*];
    }
}

/// The bits of `MANAGE_MESSAGES | KICK_MEMBERS`, case-insensitive.
pub(crate) fn bits(text: &LitStr) -> Result<u64> {
    let mut bits = 0;
    for name in text.value().split('|') {
        let name = name.trim().to_uppercase();
        match PERMISSIONS.iter().find(|(known, ..)| *known == name) {
            Some((_, bit, _)) => bits |= 1_u64 << bit,
            None => return Err(Error::new(text.span(), unknown(&name))),
        }
    }
    Ok(bits)
}

fn unknown(name: &str) -> String {
    let names: Vec<&str> = PERMISSIONS.iter().map(|(name, ..)| *name).collect();
    match nearest(name, &names) {
        Some(known) => format!("`{name}` is not a Discord permission; did you mean `{known}`?"),
        None => format!(
            "`{name}` is not a Discord permission; write them as `MANAGE_MESSAGES | KICK_MEMBERS` \
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
