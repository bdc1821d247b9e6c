//! Dialing: which addresses a name has, and which of them may be used. Every client of the host goes through here —
//! the cogs' HTTP session, Discord's REST, the site API, statsd, and the gateway's own connection.
//! It knows no protocol above TCP and holds no token.

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

/// After so long without an answer the next address is tried beside the ones before it.
/// <https://www.rfc-editor.org/rfc/rfc8305#section-8>
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// When a silent connection is first asked whether it still stands, and how often after that; as reqwest does.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// Why a connection could not be made. The text names the host and the port, nothing else of a URL.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The name has no address that may be used.
    #[error("cannot resolve `{host}`: {why}")]
    Resolve {
        /// The name.
        host: String,
        /// What the resolver said.
        why: String,
    },
    /// The address is IPv6, and the config says IPv4 only.
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
        /// What the last address answered.
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
    /// Call it on a runtime. Name servers are looked for when a name has to be resolved; without any, literal addresses and
    /// `localhost` can be reached, and another name says what is missing.
    pub fn new(config: &config::Http) -> Net {
        Net {
            resolver: Arc::new(Resolver::new(config)),
            tls: Arc::new(tls()),
            connect_timeout: config.connect_timeout,
            idle_timeout: config.idle_timeout,
        }
    }

    /// A client builder with the host's policy: addresses, resolver, timeouts of the connection, no proxy from the
    /// environment (the gateway's connection would not take it either, and a bot in two networks is worse than none).
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

    /// The same policy for a client without reqwest: TCP connections for HTTP. How long one may take to be made is up to the
    /// client, which may add TLS.
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

    /// Which certificates are believed, and how it is spoken to who has one.
    pub(crate) fn tls(&self) -> &Arc<ClientConfig> {
        &self.tls
    }

    /// How long one connection may take to be made.
    pub(super) fn connect_timeout(&self) -> Duration {
        self.connect_timeout
    }

    /// How long an idle connection is kept.
    pub(super) fn idle_timeout(&self) -> Duration {
        self.idle_timeout
    }

    /// Literal addresses never reach the resolver; the bound local address rules out IPv6 for them as well.
    fn local_address(&self) -> Option<IpAddr> {
        self.resolver.ipv4_only.then_some(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }

    /// A TCP connection under the host's policy, with `TCP_NODELAY`. Addresses are tried in the resolver's order; one that
    /// stays silent does not keep the next from being tried as well.
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
    /// There is none.
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

    /// Refuses a URL whose host is a literal address that may not be used, with a clearer text than a failed connection.
    pub(crate) fn permits(&self, url: &reqwest::Url) -> Result<(), DialError> {
        match url.host_str().and_then(literal) {
            Some(address) if self.resolver.ipv4_only && !address.is_ipv4() => {
                Err(DialError::NotIpv4 { address })
            }
            _ => Ok(()),
        }
    }
}

/// Mozilla's root certificates, wherever the host runs: an image without any has to reach Discord.
fn tls() -> ClientConfig {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS 1.2 and 1.3")
        .with_webpki_roots()
        .with_no_client_auth()
}

/// The address that a host of a URL is, if it is no name: an IPv6 one with or without brackets.
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
