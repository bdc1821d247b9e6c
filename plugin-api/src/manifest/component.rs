//! Which cog the `custom_id` of a button, menu or form belongs to.

/// Whether a `custom_id` matches a pattern: `vote:{number}` matches everything that begins with `vote:` and has no
/// further colon.
#[must_use]
pub fn fits(pattern: &str, custom_id: &str) -> bool {
    let (mut parts, mut ids) = (pattern.split(':'), custom_id.split(':'));
    loop {
        match (parts.next(), ids.next()) {
            (None, None) => return true,
            (Some(part), Some(id)) if part == id || part.starts_with('{') && part.ends_with('}') => {}
            _ => return false,
        }
    }
}

/// The cog whose handler waits for it: `music` for `@music:7:next`. `None` for ids that cogs choose themselves.
#[must_use]
pub fn waiting_cog(custom_id: &str) -> Option<&str> {
    custom_id.strip_prefix('@')?.split_once(':').map(|(cog, _)| cog)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_custom_id_matches_a_pattern_or_not() {
        let table = [
            ("vote:{number}", "vote:3", true),
            ("vote:{number}", "vote:", true),
            ("vote:{number}", "vote:3:4", false),
            ("vote:{number}", "veto:3", false),
            ("close", "close", true),
            ("close", "close:1", false),
            ("a:{b}:c", "a:x:c", true),
            ("a:{b}:c", "a:x:d", false),
        ];
        for (pattern, id, expected) in table {
            assert_eq!(fits(pattern, id), expected, "{pattern} {id}");
        }
    }

    #[test]
    fn the_custom_id_of_a_wait_names_its_cog() {
        assert_eq!(waiting_cog("@music:7:next"), Some("music"));
        assert_eq!(waiting_cog("music:7"), None);
        assert_eq!(waiting_cog("@music"), None);
    }
}
