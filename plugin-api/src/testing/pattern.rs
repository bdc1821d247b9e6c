//! Which requests are meant: a method, and a path or URL in which `*` stands for anything between two slashes.

/// Whether `path` matches `pattern`. A `*` at the end stands for the rest.
pub(super) fn fits(pattern: &str, path: &str) -> bool {
    let (mut parts, mut given) = (pattern.split('/').peekable(), path.split('/'));
    loop {
        match (parts.next(), given.next()) {
            (None, None) => return true,
            (Some("*"), Some(_)) if parts.peek().is_none() => return true,
            (Some(part), Some(given)) if part == "*" || part == given => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_matches_one_part_or_at_the_end_all() {
        let table = [
            ("/channels/*/messages", "/channels/7/messages", true),
            ("/channels/*/messages", "/channels/7/messages/8", false),
            ("/channels/*", "/channels/7/messages/8", true),
            ("/users/@me", "/users/@me", true),
            ("/users/@me", "/users/7", false),
            ("*", "/anything", true),
            ("https://example.com/*", "https://example.com/a/b?c=d", true),
        ];
        for (pattern, path, expected) in table {
            assert_eq!(fits(pattern, path), expected, "{pattern} {path}");
        }
    }
}
