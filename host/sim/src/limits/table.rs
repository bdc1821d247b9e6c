//! How many calls each route allows in which time, as observed from Discord's answers. Discord does not document the
//! numbers and may change them at any time: a client must read the headers.

use std::time::Duration;

/// A limit of one or more routes; limits with the same name are counted together.
#[derive(Debug)]
pub(crate) struct Limit {
    pub(super) name: &'static str,
    pub(super) calls: u32,
    pub(super) within: Duration,
}

const fn limit(name: &'static str, calls: u32, within_ms: u64) -> Limit {
    Limit { name, calls, within: Duration::from_millis(within_ms) }
}

/// The limit that all calls of an account share, except responses to interactions.
/// <https://discord.com/developers/docs/topics/rate-limits#global-rate-limit>
pub(super) const GLOBAL: Limit = limit("global", 50, 1_000);

/// This many calls answered with 401, 403 or 429 in this time get the address banned.
/// <https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans>
pub(super) const INVALID: Limit = limit("invalid", 10_000, 600_000);

/// The limits of routes that have no row of their own.
static READ: Limit = limit("read", 30, 10_000);
static WRITE: Limit = limit("write", 10, 10_000);

type Row = (&'static [(&'static str, &'static str)], Limit);

/// Methods and shapes of routes, `*` for an id or name; the routes in a row share its limit.
static TABLE: &[Row] = &[
    (&[("POST", "channels/*/messages")], limit("message-create", 5, 5_000)),
    (&[("PATCH", "channels/*/messages/*")], limit("message-edit", 5, 5_000)),
    (&[("DELETE", "channels/*/messages/*")], limit("message-delete", 5, 1_000)),
    (&[("GET", "channels/*/messages"), ("GET", "channels/*/messages/*")], limit("message-read", 5, 5_000)),
    (&[("POST", "channels/*/messages/bulk-delete")], limit("message-bulk-delete", 1, 1_000)),
    (
        &[
            ("PUT", "channels/*/messages/*/reactions/*/@me"),
            ("DELETE", "channels/*/messages/*/reactions/*/@me"),
            ("DELETE", "channels/*/messages/*/reactions/*/*"),
        ],
        limit("reaction", 1, 250),
    ),
    (&[("POST", "channels/*/typing")], limit("typing", 5, 5_000)),
    (&[("PATCH", "channels/*")], limit("channel-edit", 5, 15_000)),
    (&[("PUT", "channels/*/messages/pins/*"), ("PUT", "channels/*/pins/*")], limit("pin", 5, 4_000)),
    (
        &[("POST", "channels/*/threads"), ("POST", "channels/*/messages/*/threads")],
        limit("thread-create", 50, 300_000),
    ),
    (&[("PATCH", "guilds/*/members/*")], limit("member-edit", 10, 10_000)),
    (&[("PATCH", "guilds/*/members/@me")], limit("own-member-edit", 2, 2_000)),
    (
        &[("PUT", "guilds/*/members/*/roles/*"), ("DELETE", "guilds/*/members/*/roles/*")],
        limit("member-role", 10, 10_000),
    ),
    (&[("POST", "guilds/*/roles")], limit("role-create", 250, 172_800_000)),
    (&[("POST", "users/@me/channels")], limit("dm-create", 10, 10_000)),
    (&[("GET", "users/*")], limit("user", 30, 30_000)),
    (&[("PATCH", "users/@me")], limit("own-user-edit", 2, 3_600_000)),
    (&[("GET", "gateway/bot")], limit("gateway-bot", 2, 5_000)),
    (
        &[("POST", "applications/*/commands"), ("POST", "applications/*/guilds/*/commands")],
        limit("command-create", 5, 20_000),
    ),
    (
        &[("PUT", "applications/*/commands"), ("PUT", "applications/*/guilds/*/commands")],
        limit("command-replace", 2, 60_000),
    ),
    (
        &[
            ("POST", "webhooks/*/*"),
            ("GET", "webhooks/*/*/messages/*"),
            ("PATCH", "webhooks/*/*/messages/*"),
            ("DELETE", "webhooks/*/*/messages/*"),
        ],
        limit("webhook", 5, 2_000),
    ),
];

/// Whether calls of this route do not count at all: Discord lets bots respond to interactions at any time.
pub(crate) fn is_free(segments: &[&str]) -> bool {
    matches!(segments, ["interactions", ..] | ["files", ..])
}

/// The limit of a route, by method and the segments of its path.
pub(crate) fn limit_of(method: &str, segments: &[&str]) -> &'static Limit {
    // Of the rows that match, the one with the most literal segments is the most specific: `…/members/@me` before
    // `…/members/*`.
    let fits = |shape: &str| {
        let parts: Vec<&str> = shape.split('/').collect();
        let all = parts.len() == segments.len()
            && parts.iter().zip(segments).all(|(part, segment)| part == segment || *part == "*");
        all.then(|| parts.iter().filter(|part| **part != "*").count())
    };
    let mut best: Option<(usize, &'static Limit)> = None;
    for (routes, limit) in TABLE {
        for (_, shape) in routes.iter().filter(|(of, _)| *of == method) {
            if let Some(names) = fits(shape)
                && best.is_none_or(|(most, _)| names > most)
            {
                best = Some((names, limit));
            }
        }
    }
    best.map_or(if method == "GET" { &READ } else { &WRITE }, |(_, limit)| limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_and_every_other_route_has_a_limit_too() {
        for (routes, limit) in TABLE {
            for (method, shape) in *routes {
                let path = shape.replace('*', "7");
                let segments: Vec<&str> = path.split('/').collect();
                assert_eq!(limit_of(method, &segments).name, limit.name, "{method} {shape}");
            }
        }
        assert_eq!(limit_of("PATCH", &["guilds", "7", "members", "@me"]).name, "own-member-edit");
        assert_eq!(limit_of("GET", &["guilds", "7"]).name, "read");
        assert_eq!(limit_of("DELETE", &["guilds", "7"]).name, "write");
    }

    #[test]
    fn every_row_names_a_route_that_exists() {
        let known: Vec<String> = crate::rest::routes::routes()
            .map(|(method, shape)| {
                let parts = shape.trim_start_matches('/').split('/');
                let parts = parts.map(|part| if part.starts_with('{') { "*" } else { part });
                format!("{method} {}", parts.collect::<Vec<_>>().join("/"))
            })
            .collect();
        for (routes, _) in TABLE {
            for (method, shape) in *routes {
                assert!(known.contains(&format!("{method} {shape}")), "{method} {shape}");
            }
        }
    }
}
