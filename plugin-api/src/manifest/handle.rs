//! The words for what a cog may ask of the host.

use super::limits::same;

/// All of them. `discord` and what begins so can name a guild, `http` an origin: `discord.reply:GUILD_ID`,
/// `http:https://api.example.org`.
pub const HANDLES: [&str; 9] =
    ["discord", "discord.read", "discord.reply", "http", "store", "api", "stats", "gateway", "schedule"];

/// How many of [`HANDLES`] can name a place.
const PLACED: usize = 4;

/// Whether a word is for a handle of the host, or may be: which guilds and origins there are is not looked at.
#[must_use]
pub const fn is_handle(word: &str) -> bool {
    let (bytes, mut end) = (word.as_bytes(), 0);
    while end < bytes.len() && bytes[end] != b':' {
        end += 1;
    }
    let has_place = end + 1 < bytes.len();
    let (known, fits) = if end < bytes.len() { (PLACED, has_place) } else { (HANDLES.len(), true) };
    let (name, mut at) = (word.split_at(end).0, 0);
    while at < known {
        if same(HANDLES[at], name) {
            return fits;
        }
        at += 1;
    }
    false
}

/// The word itself.
///
/// # Panics
/// There is no such handle. While compiling, that is an error of the compiler.
#[must_use]
pub const fn handle(word: &'static str) -> &'static str {
    assert!(
        is_handle(word),
        "no such handle: it is one of `discord`, `discord.read`, `discord.reply` (or these with `:GUILD_ID`), `http`, \
         `http:https://ORIGIN`, `store`, `api`, `stats`, `gateway`, `schedule`"
    );
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_host_has_is_a_handle() {
        for word in HANDLES {
            assert_eq!(handle(word), word);
        }
        for word in ["discord.reply:7", "discord:7", "http:https://api.example.org:8443"] {
            assert!(is_handle(word), "{word:?}");
        }
        for word in ["", ":", "disc", "discord.", "discord:", "store:7", "stores", "http:", "https://a"] {
            assert!(!is_handle(word), "{word:?}");
        }
    }
}
