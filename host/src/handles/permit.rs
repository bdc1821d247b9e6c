//! The permissions that a cog needs for each of its requests, and whether the operator grants them:
//! `[cog.NAME] handles`. Requests that reveal nothing about others and change nothing outside, such as the
//! time, are always allowed.

use std::cell::LazyCell;

use gearshift_cog::{
    abi::{
        ApiRequest, DiscordRequest, HandleError, HandleErrorKind, HttpRequest, Method, PermissionsRequest,
        StoreList, StoreWrite, TaskPlan,
    },
    manifest::is_reply,
};

use super::{
    error,
    lease::Local,
    request::{
        Cooldown, Gateway, HttpChunk, HttpFeed, HttpSend, HttpStream, Now, Sleep, StoreRead, Unschedule,
    },
    stats::Sent,
    target::{Target, targets},
};
use crate::{
    config::{Allowed, Permission},
    sessions::discord::asks_who,
};

/// The properties of a cog's request that permissions depend on.
pub(super) trait Needs {
    /// The smallest permission that allows it; `None`: every cog may.
    fn needs(&self) -> Option<Permission>;

    /// The parts of Discord that it is about: all of them must be allowed.
    fn targets(&self) -> Vec<Target> {
        vec![Target::Elsewhere]
    }
}

impl Local {
    /// Fails if the cog may not make that request.
    pub(super) fn authorize(&self, request: &impl Needs) -> Result<(), HandleError> {
        // Usually nothing is restricted, and the request is not examined.
        let Some(allowed) = self.allowed.list() else { return Ok(()) };
        let Some(needed) = request.needs() else { return Ok(()) };
        let targets = LazyCell::new(|| request.targets());
        let is_at = |guild| {
            targets.iter().all(|target| match *target {
                Target::Guild(id) => id == guild,
                Target::Channel(id) => self.facts.has_channel(guild, id),
                Target::Token => true,
                Target::Elsewhere => false,
            })
        };
        if allowed.iter().any(|it| covers(it, &needed, &is_at)) {
            return Ok(());
        }
        let cog = &self.id.cog;
        let text = match self.allowed {
            Allowed::Declared(_) => format!(
                "`{cog}` may not do this: its manifest does not declare it; add `{needed}` to `handles` of its `#[cog]`, or \
                 set `[cog.{cog}] handles`"
            ),
            _ => format!("`{cog}` may not do this: add `{needed}` to `[cog.{cog}] handles` to allow it"),
        };
        Err(error(HandleErrorKind::Missing, text))
    }

    /// Logs it, the first time.
    pub(super) fn tell_once(&self, error: &HandleError) {
        self.warned.call_once(|| tracing::warn!(cog = %self.id, "{}", error.text));
    }

    /// Whether redirects may lead its requests to other origins.
    pub(super) fn follows_anywhere(&self) -> bool {
        self.allowed.list().is_none_or(|allowed| allowed.contains(&Permission::Http))
    }
}

fn covers(allowed: &Permission, needed: &Permission, is_at: &dyn Fn(u64) -> bool) -> bool {
    match allowed {
        Permission::InGuild(permission, guild) => permission.includes(needed) && is_at(*guild),
        _ => allowed.includes(needed),
    }
}

impl Needs for DiscordRequest {
    fn needs(&self) -> Option<Permission> {
        Some(match self.method {
            Method::Get => Permission::DiscordRead,
            _ if is_reply(self) => Permission::DiscordReply,
            _ => Permission::Discord,
        })
    }

    fn targets(&self) -> Vec<Target> {
        targets(self)
    }
}

impl Needs for HttpRequest {
    fn needs(&self) -> Option<Permission> {
        Some(Permission::origin(&self.url).map_or(Permission::Http, Permission::HttpOrigin))
    }
}

impl Needs for HttpSend {
    fn needs(&self) -> Option<Permission> {
        self.request.needs()
    }
}

impl Needs for Gateway {
    fn needs(&self) -> Option<Permission> {
        // Whether a user is an owner is a condition of commands, and so always allowed, like what the user may do.
        (!asks_who(&self.request)).then_some(Permission::Gateway)
    }
}

macro_rules! needs {
    ($($permission:expr => $($request:ty)+;)+) => {
        $($(impl Needs for $request {
            fn needs(&self) -> Option<Permission> {
                $permission
            }
        })+)+
    };
}

needs! {
    // A stream is allowed what its request is.
    None => HttpStream HttpFeed HttpChunk Sleep Now Cooldown PermissionsRequest;
    Some(Permission::Store) => StoreRead StoreWrite StoreList;
    Some(Permission::Api) => ApiRequest;
    Some(Permission::Stats) => Sent;
    Some(Permission::Schedule) => TaskPlan Unschedule;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_to_discord_needs_the_least_that_allows_it() {
        let needs = |method, path: &str| {
            let request = DiscordRequest {
                method,
                path: path.into(),
                query: Vec::new().into(),
                json: Vec::new().into(),
                files: Vec::new().into(),
                reason: None.into(),
            };
            request.needs().expect("something")
        };
        for (method, path) in [
            (Method::Post, "/interactions/1/aW50-x_y.z/callback"),
            (Method::Post, "/webhooks/1/token"),
            (Method::Patch, "/webhooks/1/token/messages/@original"),
            (Method::Delete, "/webhooks/1/token/messages/5"),
            (Method::Post, "/channels/1/messages"),
            (Method::Post, "/channels/1/typing"),
            (Method::Patch, "/channels/1/messages/2"),
            (Method::Put, "/channels/1/messages/2/reactions/%F0%9F%91%8D/@me"),
            (Method::Delete, "/channels/1/messages/2/reactions/blob:5/@me"),
        ] {
            assert_eq!(needs(method, path), Permission::DiscordReply, "{path}");
        }
        for (method, path) in [
            (Method::Delete, "/channels/1/messages/2"),
            (Method::Delete, "/channels/1/messages/2/reactions/x/5"),
            (Method::Post, "/channels/1/messages/bulk-delete"),
            (Method::Post, "/channels/1/messages/2/crosspost"),
            (Method::Post, "/channels/@me/messages"),
            (Method::Post, "/channels//messages"),
            (Method::Post, "channels/1/messages"),
            (Method::Post, "/channels/1/messages/"),
            (Method::Post, "/channels/1%2F..%2Fx/messages"),
            (Method::Post, "/webhooks/1/x%2F..%2F..%2Fguilds"),
            (Method::Post, "/webhooks/1/x?y"),
            (Method::Delete, "/webhooks/1/token"),
            (Method::Put, "/channels/1/messages/2/reactions/%2e%2E%2Fx/@me"),
            (Method::Put, "/guilds/1/bans/2"),
            (Method::Post, "/users/@me/channels"),
            (Method::Patch, "/users/@me"),
        ] {
            assert_eq!(needs(method, path), Permission::Discord, "{path}");
        }
        assert_eq!(needs(Method::Get, "/guilds/1/bans"), Permission::DiscordRead);
    }

    #[test]
    fn a_permission_covers_what_is_below_it_and_nothing_else() {
        let origin = |text: &str| Permission::HttpOrigin(text.to_owned());
        let in_guild = |permission, guild| Permission::InGuild(Box::new(permission), guild);
        for (allowed, needed, is_covered) in [
            (Permission::Discord, Permission::DiscordReply, true),
            (Permission::Discord, Permission::DiscordRead, true),
            (Permission::DiscordReply, Permission::DiscordRead, false),
            (Permission::DiscordRead, Permission::Discord, false),
            (Permission::Http, origin("https://a"), true),
            (origin("https://a"), origin("https://a"), true),
            (origin("https://a"), origin("http://a"), false),
            (origin("https://a"), origin("https://a:8443"), false),
            (origin("https://a"), Permission::Http, false),
            (Permission::Store, Permission::Api, false),
            (in_guild(Permission::Discord, 7), Permission::DiscordReply, true),
            (in_guild(Permission::DiscordReply, 7), Permission::Discord, false),
            (in_guild(Permission::Discord, 8), Permission::DiscordReply, false),
        ] {
            assert_eq!(covers(&allowed, &needed, &|guild| guild == 7), is_covered, "{allowed} for {needed}");
        }
    }

    #[test]
    fn an_origin_is_compared_as_it_is_dialed() {
        for (url, origin) in [
            ("https://API.example.org/x?y", "https://api.example.org"),
            ("https://api.example.org:443/", "https://api.example.org"),
            ("https://api.example.org:8443/", "https://api.example.org:8443"),
            ("https://api.example.org@evil.example/", "https://evil.example"),
            ("https://evil.example\\@api.example.org/", "https://evil.example"),
            ("http://0x7f.1/", "http://127.0.0.1"),
        ] {
            assert_eq!(Permission::origin(url).as_deref(), Some(origin), "{url}");
        }
        assert_eq!(Permission::origin("file:///etc/passwd"), None);
    }
}
