//! How a registry is asked, and who is notified of what has arrived of a download. It asks nothing.

use std::{fmt, sync::Arc};

use super::reference::Place;
use crate::config::Config;

/// How a registry is asked.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Without TLS. Loopback is asked without it in any case.
    pub plain_http: bool,
    /// How often it is asked again where a failure may pass.
    pub retries: u32,
    /// Who is notified of downloads.
    pub downloads: Option<Downloads>,
}

impl Access {
    /// What the config says for a place.
    #[must_use]
    pub fn to(place: &Place, config: &Config) -> Access {
        let plain_http = config.packages_of(&place.to_string()).plain_http;
        Access { plain_http, retries: config.packages.retries, downloads: None }
    }
}

/// Who is notified of how much of a download has arrived.
#[derive(Clone)]
pub struct Downloads(Arc<dyn Fn(Download) + Send + Sync>);

/// How much of a download has arrived, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Download {
    /// What is there.
    pub done: u64,
    /// What it is to be.
    pub size: u64,
}

impl Downloads {
    /// `notify` is called for each part that arrives, and must not block.
    pub fn new(notify: impl Fn(Download) + Send + Sync + 'static) -> Downloads {
        Downloads(Arc::new(notify))
    }

    pub(super) fn notify(&self, download: Download) {
        (self.0)(download);
    }
}

impl fmt::Debug for Downloads {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Downloads")
    }
}
