//! What a cog may ask of its host: what it declares with `handles`, by the host's rules.

use crate::{
    abi::{DiscordRequest, HandleError, HandleErrorKind, Method},
    manifest::is_reply,
    testing::world::World,
};

impl World {
    /// Fails if the cog declares its handles, and `needed` is not among them.
    pub(super) fn authorize(&self, needed: &str) -> Result<(), HandleError> {
        let Some(declared) = self.handles.get() else { return Ok(()) };
        if declared.iter().any(|handle| covers(handle, needed)) {
            return Ok(());
        }
        let text = format!(
            "the cog may not do this: its manifest does not declare it; add `{needed}` to `handles` of its `#[cog]`"
        );
        self.note(&text);
        Err(HandleError::new(HandleErrorKind::Missing, text))
    }
}

/// The handle that a request to Discord needs.
pub(super) fn of_discord(request: &DiscordRequest) -> &'static str {
    match request.method {
        Method::Get => "discord.read",
        _ if is_reply(request) => "discord.reply",
        _ => "discord",
    }
}

/// The handle that a request to this address needs.
pub(super) fn of_http(url: &str) -> String {
    origin(url).map_or_else(|| "http".to_owned(), |origin| format!("http:{origin}"))
}

/// Whether a declared handle includes another one. A guild in it counts as every guild: the kit's has an id of its own.
fn covers(declared: &str, needed: &str) -> bool {
    let (name, of) = declared.split_once(':').unwrap_or((declared, ""));
    match name {
        "http" if of.is_empty() => needed == name || needed.starts_with("http:"),
        "http" => origin(of).is_some_and(|origin| needed.strip_prefix("http:") == Some(&*origin)),
        _ => needed == name || needed.strip_prefix(name).is_some_and(|below| below.starts_with('.')),
    }
}

/// The origin of an address, as it is compared: in lower case, without the default port.
fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let (scheme, authority) = (scheme.to_ascii_lowercase(), rest.split(['/', '\\', '?', '#']).next()?);
    let default = match &*scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return None,
    };
    let host = authority.rsplit('@').next()?.to_ascii_lowercase();
    Some(format!("{scheme}://{}", host.strip_suffix(default).unwrap_or(&host)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_covers_what_is_below_it_and_nothing_else() {
        for (declared, needed, is_covered) in [
            ("discord", "discord.reply", true),
            ("discord", "discord.read", true),
            ("discord:7", "discord.reply", true),
            ("discord.reply:7", "discord.reply", true),
            ("discord.reply", "discord.read", false),
            ("discord.read", "discord", false),
            ("http", "http:https://a.example", true),
            ("http:https://A.example:443", "http:https://a.example", true),
            ("http:https://a.example", "http:http://a.example", false),
            ("http:https://a.example", "http:https://a.example:8443", false),
            ("http:https://a.example", "http", false),
            ("store", "store", true),
            ("store", "api", false),
        ] {
            assert_eq!(covers(declared, needed), is_covered, "{declared} for {needed}");
        }
    }

    #[test]
    fn an_address_needs_its_origin() {
        for (url, handle) in [
            ("https://API.example.org/x?y", "http:https://api.example.org"),
            ("https://api.example.org:443", "http:https://api.example.org"),
            ("http://me:word@api.example.org:8080/", "http:http://api.example.org:8080"),
            ("https://evil.example\\@api.example.org/", "http:https://evil.example"),
            ("file:///etc/passwd", "http"),
        ] {
            assert_eq!(of_http(url), handle, "{url}");
        }
    }
}
