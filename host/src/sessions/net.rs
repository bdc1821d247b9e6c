//! Dialing: resolves names and decides which addresses may be used. Every client of the host goes through here — the
//! cogs' HTTP session, Discord's REST API, the site API, statsd, and the gateway's own connection. It knows no
//! protocol above TCP and holds no token.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hyper_rustls::ConfigBuilderExt;
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::{ClientConfig, crypto::ring};
use tokio::net::TcpStream;

use super::resolver::{Resolver, Shared};
use crate::config;

/// How the host dials. Cheap to clone.
#[derive(Clone)]
pub struct Net {
    resolver: Arc<Resolver>,
    tls: Arc<ClientConfig>,
    connect_timeout: Duration,
    idle_timeout: Duration,
}

/// If an address has not answered within this time, the next one is tried in parallel.
/// <https://www.rfc-editor.org/rfc/rfc8305#section-8>
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// How long a connection is idle before the first TCP keepalive, and the interval of later ones; the same as reqwest's.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// Why a connection could not be made. The message names only the host and the port of a URL.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The name has no usable address.
    #[error("cannot resolve `{host}`: {why}")]
    Resolve {
        /// The name.
        host: String,
        /// The resolver's message.
        why: String,
    },
    /// The address is IPv6, and the config allows only IPv4.
    #[error("cannot reach {address}: it is IPv6, and `[http] ipv4_only` is on")]
    NotIpv4 {
        /// The address.
        address: IpAddr,
    },
    /// No address answered.
    #[error("failed to connect to `{host}` port {port}")]
    Connect {
        /// The name.
        host: String,
        /// The port.
        port: u16,
        /// The error of the last address.
        source: io::Error,
    },
    /// It took too long.
    #[error("no connection to `{host}` port {port} within {} ms", after.as_millis())]
    Timeout {
        /// The name.
        host: String,
        /// The port.
        port: u16,
        /// The limit.
        after: Duration,
    },
}

impl Net {
    /// Must be called on a runtime. Name servers are looked up when a name has to be resolved; without any, only
    /// literal addresses and `localhost` can be reached, and the error for any other name says what is missing.
    pub fn new(config: &config::Http) -> Net {
        Net {
            resolver: Arc::new(Resolver::new(config)),
            tls: Arc::new(tls()),
            connect_timeout: config.connect_timeout,
            idle_timeout: config.idle_timeout,
        }
    }

    /// A client builder with the host's policy: addresses, resolver, connection timeouts. A proxy from the
    /// environment is not used: the gateway's connection would not use it either, and a bot split between two
    /// networks is worse than one without a proxy.
    pub fn client_builder(&self) -> reqwest::ClientBuilder {
        reqwest::Client::builder()
            .dns_resolver(Arc::new(Shared(Arc::clone(&self.resolver))))
            .tls_backend_preconfigured(ClientConfig::clone(&self.tls))
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(self.idle_timeout)
            .tcp_nodelay(true)
            .local_address(self.local_address())
            .no_proxy()
    }

    /// The same policy for HTTP without reqwest: plain TCP connections. The connect timeout is up to the client,
    /// which may add TLS.
    pub(super) fn connector(&self) -> HttpConnector<Shared> {
        let mut connector = HttpConnector::new_with_resolver(Shared(Arc::clone(&self.resolver)));
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_keepalive(Some(KEEPALIVE));
        connector.set_keepalive_interval(Some(KEEPALIVE));
        connector.set_keepalive_retries(Some(3));
        #[cfg(target_os = "linux")]
        connector.set_tcp_user_timeout(Some(2 * KEEPALIVE));
        connector.set_local_address(self.local_address());
        connector
    }

    /// The TLS configuration: trusted certificates and protocol settings.
    pub(crate) fn tls(&self) -> &Arc<ClientConfig> {
        &self.tls
    }

    /// The time limit for making one connection.
    pub(super) fn connect_timeout(&self) -> Duration {
        self.connect_timeout
    }

    /// How long an idle connection is kept.
    pub(super) fn idle_timeout(&self) -> Duration {
        self.idle_timeout
    }

    /// Literal addresses never reach the resolver; binding to a local IPv4 address rules out IPv6 for them as well.
    fn local_address(&self) -> Option<IpAddr> {
        self.resolver.ipv4_only.then_some(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }

    /// A TCP connection under the host's policy, with `TCP_NODELAY`. Addresses are tried in the resolver's order; if
    /// one does not answer, the next is tried in parallel.
    ///
    /// # Errors
    /// The name has no usable address, or none answered in `[http] connect_timeout_ms`.
    pub async fn dial(&self, host: &str, port: u16) -> Result<TcpStream, DialError> {
        let after = self.connect_timeout;
        let failed = |source| DialError::Connect { host: host.to_owned(), port, source };
        let attempt = async {
            let mut addresses = self.addresses(host).await?.into_iter();
            let mut connecting = FuturesUnordered::new();
            let mut last = io::Error::new(io::ErrorKind::NotFound, "no address");
            loop {
                match addresses.next() {
                    Some(address) => connecting.push(TcpStream::connect((address, port))),
                    None if connecting.is_empty() => return Err(failed(last)),
                    None => {}
                }
                tokio::select! {
                    Some(connected) = connecting.next() => match connected {
                        Ok(stream) => {
                            stream.set_nodelay(true).map_err(failed)?;
                            return Ok(stream);
                        }
                        Err(error) => last = error,
                    },
                    () = tokio::time::sleep(ATTEMPT_DELAY), if addresses.len() > 0 => {}
                }
            }
        };
        match tokio::time::timeout(after, attempt).await {
            Ok(result) => result,
            Err(_) => Err(DialError::Timeout { host: host.to_owned(), port, after }),
        }
    }

    /// The usable addresses of a name or a literal address (an IPv6 one with or without brackets); never empty.
    ///
    /// # Errors
    /// There is no usable address.
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, DialError> {
        if let Some(address) = literal(host) {
            if self.resolver.ipv4_only && !address.is_ipv4() {
                return Err(DialError::NotIpv4 { address });
            }
            return Ok(vec![address]);
        }
        let fail = |why: String| DialError::Resolve { host: host.to_owned(), why };
        self.resolver.lookup(host).await.map_err(fail)
    }

    /// Rejects a URL whose host is a literal address that may not be used, with a clearer message than a failed
    /// connection.
    pub(crate) fn permits(&self, url: &reqwest::Url) -> Result<(), DialError> {
        match url.host_str().and_then(literal) {
            Some(address) if self.resolver.ipv4_only && !address.is_ipv4() => {
                Err(DialError::NotIpv4 { address })
            }
            _ => Ok(()),
        }
    }
}

/// Mozilla's root certificates, on every machine: Discord must be reachable even from an image without certificates.
fn tls() -> ClientConfig {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS 1.2 and 1.3")
        .with_webpki_roots()
        .with_no_client_auth()
}

/// The IP address that a URL's host consists of, if it is not a name; IPv6 with or without brackets.
pub(crate) fn literal(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok()
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let async_dns = self.resolver.is_async();
        f.debug_struct("Net")
            .field("ipv4_only", &self.resolver.ipv4_only)
            .field("async_dns", &async_dns)
            .finish_non_exhaustive()
    }
}
