//! How a registry is accessed, and who is notified of a download's progress. It makes no requests.

use std::{fmt, sync::Arc};

use super::reference::Place;
use crate::config::Config;

/// How a registry is accessed.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Without TLS. For loopback addresses that is always so.
    pub plain_http: bool,
    /// How often a request is repeated after a failure that may be temporary.
    pub retries: u32,
    /// Receives the progress of downloads.
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

/// Receives the progress of downloads.
#[derive(Clone)]
pub struct Downloads(Arc<dyn Fn(Download) + Send + Sync>);

/// The progress of a download, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Download {
    /// What has arrived.
    pub done: u64,
    /// The total.
    pub size: u64,
}

impl Downloads {
    /// `notify` is called for each chunk that arrives, and must not block.
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
