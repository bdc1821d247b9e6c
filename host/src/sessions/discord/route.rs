//! What can be known of a path before the request is sent: whether it is valid, which rate limit it shares, whether
//! it needs the token. It takes one pass over the bytes and allocates nothing. There is no list of endpoints; any
//! endpoint can be used, including one that Discord adds tomorrow.

use std::fmt;

use crate::sessions::Method;

/// What is known of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Route {
    /// Hash of method and path without the ids: requests of the same shape for the same major parameter share a bucket.
    pub(super) shape: u64,
    /// Hash of the major parameter, which a bucket belongs to: a channel, guild or webhook.
    pub(super) major_parameter: u64,
    /// What authorizes the request.
    pub(super) access: Access,
    /// Whether it is `POST /channels/{id}/messages`.
    pub(super) is_new_message: bool,
}

/// What authorizes a request, and which limits apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// The bot's token.
    Bot,
    /// The webhook's token in the path; the bot's global limit does not apply.
    Hook,
    /// An interaction callback: no token, no global limit, and no bucket that it could wait for.
    Callback,
}

/// Why a path was rejected. It names a position, never the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BadPath {
    NoSlash,
    TooLong,
    EmptySegment(usize),
    Climbs(usize),
    Character(usize),
}

/// Longest path in bytes; Discord's own are far shorter.
const MAX_PATH: usize = 2048;

impl Route {
    /// Reads a path below the base URL, such as `/channels/1/messages`.
    pub(super) fn read(method: Method, path: &str) -> Result<Route, BadPath> {
        let Some(rest) = path.strip_prefix('/') else { return Err(BadPath::NoSlash) };
        if path.len() > MAX_PATH {
            return Err(BadPath::TooLong);
        }
        let mut shape = hash(SEED, method.as_str().as_bytes());
        let mut major_parameter = SEED;
        let mut access = Access::Bot;
        let (mut first, mut before) = ("", "");
        let mut position = 1;
        let mut segments = 0;
        for (index, segment) in rest.split('/').enumerate() {
            check_segment(segment, position)?;
            let part = Part { index, first, before, segment };
            match index {
                0 => first = segment,
                1 if matches!(first, "channels" | "guilds" | "webhooks" | "interactions") => {
                    major_parameter = hash(major_parameter, segment.as_bytes());
                }
                _ if part.is_token() => {
                    major_parameter = hash(major_parameter, segment.as_bytes());
                    access = if first == "webhooks" { Access::Hook } else { Access::Callback };
                }
                _ => {}
            }
            shape = hash(hash(shape, b"/"), part.name().unwrap_or(":").as_bytes());
            before = segment;
            segments = index + 1;
            position += segment.len() + 1;
        }
        let is_new_message =
            method == Method::Post && segments == 3 && first == "channels" && before == "messages";
        Ok(Route { shape, major_parameter, access, is_new_message })
    }
}

/// One segment of a path, with the segments before it.
#[derive(Clone, Copy)]
struct Part<'p> {
    index: usize,
    first: &'p str,
    before: &'p str,
    segment: &'p str,
}

impl<'p> Part<'p> {
    /// Whether it is the token of a webhook or an interaction.
    fn is_token(self) -> bool {
        self.index == 2 && matches!(self.first, "webhooks" | "interactions")
    }

    /// Its part of the route's name; `None` for an id, a token, a code or an emoji. Discord's own words are all
    /// lowercase, except for `oauth2`, which only comes first.
    fn name(self) -> Option<&'p str> {
        let is_word = |byte: u8| byte.is_ascii_lowercase() || b"-_@.".contains(&byte);
        let is_named = self.index == 0
            || !self.is_token()
                && !matches!(self.before, "reactions" | "invites" | "templates")
                && self.segment.bytes().all(is_word);
        is_named.then_some(self.segment)
    }
}

/// The route of a path, such as `/channels/{id}/messages`: it contains nothing specific to one request.
pub(super) fn template(path: &str) -> String {
    let (mut template, mut first, mut before) = (String::new(), "", "");
    for (index, segment) in path.split('/').skip(1).enumerate() {
        if index == 0 {
            first = segment;
        }
        let part = Part { index, first, before, segment };
        template.push('/');
        template.push_str(part.name().unwrap_or(if part.is_token() { "{token}" } else { "{id}" }));
        before = segment;
    }
    template
}

/// A path for an error message, with its tokens left out.
pub(super) struct Shown<'a>(pub(super) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = "";
        for (index, segment) in self.0.split('/').skip(1).enumerate() {
            if index == 0 {
                first = segment;
            }
            let is_token = Part { index, first, before: "", segment }.is_token();
            write!(f, "/{}", if is_token { "…" } else { segment })?;
        }
        Ok(())
    }
}

impl fmt::Display for BadPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadPath::NoSlash => f.write_str("its path does not begin with `/`"),
            BadPath::TooLong => write!(f, "its path is longer than {MAX_PATH} bytes"),
            BadPath::EmptySegment(at) => write!(f, "its path has nothing between two `/` at byte {at}"),
            BadPath::Climbs(at) => write!(f, "its path has a `.` or `..` segment at byte {at}"),
            BadPath::Character(at) => {
                write!(f, "its path has a character at byte {at} that must be percent-encoded")
            }
        }
    }
}

fn check_segment(segment: &str, position: usize) -> Result<(), BadPath> {
    let bytes = segment.as_bytes();
    if bytes.is_empty() {
        return Err(BadPath::EmptySegment(position));
    }
    for (index, byte) in bytes.iter().enumerate() {
        let fits = match byte {
            b'%' => bytes.get(index + 1..index + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit)),
            _ => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(byte),
        };
        if !fits {
            return Err(BadPath::Character(position + index));
        }
    }
    // URL parsers treat `%2e` as a dot.
    let climbs = segment.len() <= 6 && matches!(bytes[0], b'.' | b'%') && {
        let plain = segment.replace("%2e", ".").replace("%2E", ".");
        plain == "." || plain == ".."
    };
    if climbs { Err(BadPath::Climbs(position)) } else { Ok(()) }
}

const SEED: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a: short texts, no allocation; two routes whose hashes collide would only share a limit.
pub(super) fn hash(mut seed: u64, bytes: &[u8]) -> u64 {
    for byte in bytes {
        seed = (seed ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    seed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Route {
        Route::read(Method::Post, path).unwrap()
    }

    #[test]
    fn messages_of_one_channel_share_a_limit_and_two_channels_do_not() {
        let (a, b) = (read("/channels/1/messages"), read("/channels/2/messages"));
        assert_eq!(a.shape, b.shape);
        assert_ne!(a.major_parameter, b.major_parameter);
        let (c, d) = (
            read("/channels/1/messages/5/reactions/%F0%9F%91%8D/@me"),
            read("/channels/1/messages/6/reactions/x:7/@me"),
        );
        assert_eq!(c, d);
        assert_ne!(Route::read(Method::Get, "/channels/1/messages").unwrap().shape, a.shape);
    }

    #[test]
    fn a_webhook_with_its_token_and_a_callback_need_no_authorization() {
        assert_eq!(read("/webhooks/1/tok/messages/@original").access, Access::Hook);
        assert_eq!(read("/interactions/1/tok/callback").access, Access::Callback);
        assert_eq!(read("/webhooks/1").access, Access::Bot);
        assert_ne!(read("/webhooks/1/tok").major_parameter, read("/webhooks/1/other").major_parameter);
        assert_eq!(read("/webhooks/1/tok").shape, read("/webhooks/1/other").shape);
    }

    #[test]
    fn a_path_can_never_leave_the_base_url() {
        for path in [
            "",
            "users/@me",
            "https://evil/",
            "//evil/x",
            "/..",
            "/a/../b",
            "/a/%2e%2E/b",
            "/a/.%2e",
            "/.",
            "/a//b",
            "/a/",
            "/a?b=c",
            "/a#b",
            "/a\\b",
            "/a b",
            "/a\nb",
            "/ä",
            "/%zz",
            "/a/%2",
        ] {
            assert!(Route::read(Method::Get, path).is_err(), "{path:?} was let through");
        }
        assert!(Route::read(Method::Get, "/invites/a.b..c").is_ok());
    }

    #[test]
    fn the_class_of_a_path_has_nothing_of_one_request_and_belongs_to_one_shape() {
        for (template, paths) in [
            ("/channels/{id}/messages", &["/channels/1/messages", "/channels/22/messages"][..]),
            (
                "/channels/{id}/messages/{id}/reactions/{id}/@me",
                &[
                    "/channels/1/messages/5/reactions/%F0%9F%91%8D/@me",
                    "/channels/1/messages/6/reactions/x:7/@me",
                ],
            ),
            ("/webhooks/{id}/{token}/messages/@original", &["/webhooks/1/secret/messages/@original"]),
            ("/interactions/{id}/{token}/callback", &["/interactions/1/aSecret/callback"]),
            ("/invites/{id}", &["/invites/python", "/invites/aBc9"]),
            ("/oauth2/applications/@me", &["/oauth2/applications/@me"]),
            (
                "/applications/{id}/activity-instances/{id}",
                &["/applications/1/activity-instances/i-1-gc-2-3"],
            ),
            ("/users/@me", &["/users/@me"]),
        ] {
            for path in paths {
                assert_eq!(
                    (super::template(path), read(path).shape),
                    (template.to_owned(), read(paths[0]).shape)
                );
            }
        }
    }

    #[test]
    fn an_error_never_shows_a_token_of_a_path() {
        assert_eq!(Shown("/webhooks/1/secret/messages/2").to_string(), "/webhooks/1/…/messages/2");
        assert_eq!(Shown("/interactions/1/secret/callback").to_string(), "/interactions/1/…/callback");
        assert_eq!(Shown("/channels/1/messages").to_string(), "/channels/1/messages");
    }
}
