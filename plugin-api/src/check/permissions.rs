//! Discord's permissions by name, as its client shows them.
//! <https://discord.com/developers/docs/topics/permissions#permissions-bitwise-permission-flags>

const ADMINISTRATOR: u64 = 1 << 3;

const NAMES: [(u32, &str); 50] = [
    (0, "Create Invite"),
    (1, "Kick Members"),
    (2, "Ban Members"),
    (3, "Administrator"),
    (4, "Manage Channels"),
    (5, "Manage Server"),
    (6, "Add Reactions"),
    (7, "View Audit Log"),
    (8, "Priority Speaker"),
    (9, "Video"),
    (10, "View Channel"),
    (11, "Send Messages"),
    (12, "Send Text-to-Speech Messages"),
    (13, "Manage Messages"),
    (14, "Embed Links"),
    (15, "Attach Files"),
    (16, "Read Message History"),
    (17, "Mention Everyone"),
    (18, "Use External Emojis"),
    (19, "View Server Insights"),
    (20, "Connect"),
    (21, "Speak"),
    (22, "Mute Members"),
    (23, "Deafen Members"),
    (24, "Move Members"),
    (25, "Use Voice Activity"),
    (26, "Change Nickname"),
    (27, "Manage Nicknames"),
    (28, "Manage Roles"),
    (29, "Manage Webhooks"),
    (30, "Manage Expressions"),
    (31, "Use Application Commands"),
    (32, "Request to Speak"),
    (33, "Manage Events"),
    (34, "Manage Threads"),
    (35, "Create Public Threads"),
    (36, "Create Private Threads"),
    (37, "Use External Stickers"),
    (38, "Send Messages in Threads"),
    (39, "Use Activities"),
    (40, "Timeout Members"),
    (41, "View Monetization Analytics"),
    (42, "Use Soundboard"),
    (43, "Create Expressions"),
    (44, "Create Events"),
    (45, "Use External Sounds"),
    (46, "Send Voice Messages"),
    (49, "Create Polls"),
    (50, "Use External Apps"),
    (51, "Pin Messages"),
];

/// Those of `needed` that are not in `granted`. An administrator has all.
pub(super) fn missing(granted: u64, needed: u64) -> u64 {
    if granted & ADMINISTRATOR != 0 { 0 } else { needed & !granted }
}

/// Their names, as they are said: `Manage Messages and Embed Links`.
pub(super) fn names(bits: u64) -> String {
    let mut names = (0..u64::BITS).filter(|bit| bits & 1 << bit != 0).map(|bit| {
        let known = NAMES.iter().find(|(other, _)| *other == bit);
        known.map_or_else(|| format!("permission {bit}"), |(_, name)| (*name).to_owned())
    });
    super::list(&mut names, "and")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_has_a_name() {
        assert_eq!(names(1 << 13), "Manage Messages");
        assert_eq!(names(1 << 1 | 1 << 2 | 1 << 60), "Kick Members, Ban Members and permission 60");
        assert_eq!(missing(1 << 13, 1 << 13 | 1 << 2), 1 << 2);
        assert_eq!(missing(ADMINISTRATOR, u64::MAX), 0);
        assert_eq!(missing(0, 0), 0);
    }
}
