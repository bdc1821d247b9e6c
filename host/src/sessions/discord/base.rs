//! The base URL of Discord's REST API, parsed once, so that a request only adds its path.

use bytes::Bytes;
use hyper::Uri;
use hyper::header::HeaderValue;
use hyper::http::uri::{Authority, Parts, PathAndQuery, Scheme};

use crate::sessions::OpenError;

/// The base of all request URLs.
pub(super) struct Base {
    url: reqwest::Url,
    scheme: Scheme,
    authority: Authority,
    /// The value of the `Host` header.
    host: HeaderValue,
}

impl Base {
    /// Parses the URL from the config. One without a path gets Discord's usual path.
    pub(super) fn read(text: &str) -> Result<Base, OpenError> {
        let wrong = |why: String| {
            OpenError::new(
                "discord",
                "reading `[discord] api_url`",
                why,
                "write it as https://discord.com/api/v10",
            )
            .configuration()
        };
        let mut url = reqwest::Url::parse(text).map_err(|error| wrong(error.to_string()))?;
        if url.path() == "/" {
            url.set_path("/api/v10");
        }
        let scheme = match url.scheme() {
            "https" => Scheme::HTTPS,
            "http" => Scheme::HTTP,
            other => return Err(wrong(format!("`{other}` is neither http nor https"))),
        };
        let host = url.host_str().unwrap_or_default();
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let host = HeaderValue::from_str(&authority).map_err(|error| wrong(error.to_string()))?;
        let authority = Authority::try_from(authority).map_err(|error| wrong(error.to_string()))?;
        Ok(Base { url, scheme, authority, host })
    }

    /// The URL as it was parsed.
    pub(super) fn url(&self) -> &reqwest::Url {
        &self.url
    }

    /// The name or address of the server, for messages.
    pub(super) fn host(&self) -> &str {
        self.authority.host()
    }

    /// The value of the `Host` header.
    pub(super) fn host_header(&self) -> HeaderValue {
        self.host.clone()
    }

    /// The URL of a path below the base; no path can change the server. `None` if the path cannot be part of a URL.
    pub(super) fn below(&self, path: &str, query: &[(String, String)]) -> Option<Uri> {
        let base = self.url.path().trim_end_matches('/');
        let mut target = String::with_capacity(base.len() + path.len());
        target.push_str(base);
        target.push_str(path);
        if !query.is_empty() {
            // Only the URL's encoding of the query is used.
            let mut url = self.url.clone();
            url.query_pairs_mut().clear().extend_pairs(query);
            target.push('?');
            target.push_str(url.query().unwrap_or_default());
        }
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(PathAndQuery::from_maybe_shared(Bytes::from(target)).ok()?);
        Uri::from_parts(parts).ok()
    }
}
