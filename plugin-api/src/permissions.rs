//! Discord's permissions, as its bits: `MANAGE_MESSAGES | KICK_MEMBERS`.
//! <https://discord.com/developers/docs/topics/permissions#permissions-bitwise-permission-flags>

gearshift_cog_macros::permissions!();

/// The permissions of `needed` that are not in `granted`. An administrator has all.
pub(crate) fn missing(granted: u64, needed: u64) -> u64 {
    if granted & ADMINISTRATOR != 0 { 0 } else { needed & !granted }
}

/// All permissions.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn every() -> u64 {
    ALL.iter().fold(0, |bits, (_, bit)| bits | bit)
}

/// The names of permissions as Discord's client shows them, and of an unknown bit its position.
pub(crate) fn names(bits: u64) -> impl Iterator<Item = String> {
    (0..u64::BITS).filter(move |bit| bits & 1 << bit != 0).map(|bit| {
        let known = SHOWN.iter().find(|(other, _)| *other == 1 << bit);
        known.map_or_else(|| format!("permission {bit}"), |(_, name)| (*name).to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_permissions_are_named() {
        let names = |bits| names(bits).collect::<Vec<_>>();
        assert_eq!(names(MANAGE_MESSAGES), ["Manage Messages"]);
        assert_eq!(
            names(KICK_MEMBERS | BYPASS_SLOWMODE | 1 << 60),
            ["Kick Members", "Bypass Slowmode", "permission 60"]
        );
        assert_eq!(missing(MANAGE_MESSAGES, MANAGE_MESSAGES | BAN_MEMBERS), BAN_MEMBERS);
        assert_eq!(missing(ADMINISTRATOR, u64::MAX), 0);
        assert_eq!(missing(0, 0), 0);
    }

    #[test]
    fn each_bit_is_one_permission() {
        let all = ALL.iter().fold(0, |all, (name, bit)| {
            assert_eq!(all & bit, 0, "{name}");
            all | bit
        });
        assert_eq!(all.count_ones() as usize, ALL.len());
    }
}
