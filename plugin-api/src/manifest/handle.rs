//! The names of the handles that a cog may use.

use super::limits::same;

/// All of them. `discord` and those that begin with it can name a guild, `http` an origin: `discord.reply:GUILD_ID`,
/// `http:https://api.example.org`.
pub const HANDLES: [&str; 9] =
    ["discord", "discord.read", "discord.reply", "http", "store", "api", "stats", "gateway", "schedule"];

/// Whether a word names a handle of the host: a guild is a number, and an origin has neither a path nor a wildcard.
const fn is_handle(word: &str) -> bool {
    let (bytes, mut end) = (word.as_bytes(), 0);
    while end < bytes.len() && bytes[end] != b':' {
        end += 1;
    }
    let name = word.split_at(end).0;
    let mut at = 0;
    while at < HANDLES.len() {
        if same(HANDLES[at], name) {
            let is_discords = at < 3;
            return match end < bytes.len() {
                false => true,
                true if is_discords => is_number(bytes, end + 1),
                true => same(name, "http") && is_origin(bytes, end + 1),
            };
        }
        at += 1;
    }
    false
}

const fn is_number(bytes: &[u8], from: usize) -> bool {
    let (mut at, mut is_zero) = (from, true);
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            return false;
        }
        is_zero &= bytes[at] == b'0';
        at += 1;
    }
    // Fewer than 20 digits always fit into 64 bits, and 0 is not a guild.
    !is_zero && at - from < 20
}

const fn is_origin(bytes: &[u8], from: usize) -> bool {
    let begins = begins_at(bytes, from, b"https://") || begins_at(bytes, from, b"http://");
    // There are no more slashes after the two of the scheme.
    let (mut at, mut slashes, mut last) = (from, 0, 0);
    while at < bytes.len() {
        if matches!(bytes[at], b'*' | b'?' | b'#' | b'@' | b' ') {
            return false;
        }
        slashes += (bytes[at] == b'/') as usize;
        last = bytes[at];
        at += 1;
    }
    begins && slashes == 2 && last != b'/'
}

const fn begins_at(bytes: &[u8], from: usize, with: &[u8]) -> bool {
    let mut at = 0;
    while at < with.len() {
        if from + at >= bytes.len() || bytes[from + at] != with[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// Returns the word itself.
///
/// # Panics
/// If there is no such handle. In a constant, this fails the build.
#[must_use]
pub const fn handle(word: &'static str) -> &'static str {
    assert!(
        is_handle(word),
        "unknown handle: use one of `discord`, `discord.read`, `discord.reply` (or these with `:GUILD_ID`), `http`, \
         `http:https://ORIGIN`, `store`, `api`, `stats`, `gateway`, `schedule`"
    );
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hosts_handles_are_accepted() {
        for word in HANDLES {
            assert_eq!(handle(word), word);
        }
        for word in ["discord.reply:7", "discord:7", "http:https://api.example.org:8443"] {
            assert!(is_handle(word), "{word:?}");
        }
        let odd = ["discord:x", "discord:-1", "http:h", "http:https://", "http:https://a/b", "http:ftp://a"];
        for word in odd.into_iter().chain([
            "discord:0",
            "discord.reply:000",
            "http:https://*.example.org",
            "http:https://a?b",
            "http:https://me@a",
            "*",
            "",
            ":",
            "disc",
            "discord.",
            "discord:",
            "store:7",
            "stores",
            "http:",
            "https://a",
        ]) {
            assert!(!is_handle(word), "{word:?}");
        }
    }
}
