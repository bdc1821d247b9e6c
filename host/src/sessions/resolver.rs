//! Resolves names to addresses: through name servers without threads, or through the system. It connects to nothing
//! else.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::vec::IntoIter;

use hickory_resolver::config::{
    LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::name_server::TokioConnectionProvider;
use hickory_resolver::proto::xfer::Protocol;
use hickory_resolver::{ResolveError, TokioResolver, system_conf};
use hyper_util::client::legacy::connect::dns::Name;
use reqwest::dns::{Addrs, Resolve, Resolving};
use tower_service::Service;

use crate::config;

/// The system's list of name servers. <https://man7.org/linux/man-pages/man5/resolv.conf.5.html>
const RESOLV_CONF: &str = "/etc/resolv.conf";

pub(super) struct Resolver {
    source: Source,
    pub(super) ipv4_only: bool,
}

enum Source {
    /// Hickory: sockets on the runtime, no thread. Queries the servers from the config.
    Named(Box<TokioResolver>),
    /// Hickory as well; queries the system's servers.
    Configured(SystemServers),
    /// `getaddrinfo` on the runtime's blocking threads.
    System,
}

impl Resolver {
    pub(super) fn new(config: &config::Http) -> Resolver {
        let ipv4_only = config.ipv4_only;
        let source = match config.name_servers.as_slice() {
            _ if !config.async_dns => Source::System,
            [] => Source::Configured(SystemServers::new(Path::new(RESOLV_CONF), ipv4_only)),
            given => Source::Named(Box::new(resolver(asking(given), ResolverOpts::default(), ipv4_only))),
        };
        Resolver { source, ipv4_only }
    }

    pub(super) fn is_async(&self) -> bool {
        !matches!(self.source, Source::System)
    }

    /// The usable addresses of a name; never empty.
    pub(super) async fn lookup(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        let ask = async |resolver: &TokioResolver| {
            let answer = resolver.lookup_ip(host).await.map_err(|error| self.explain(&error))?;
            Ok::<Vec<IpAddr>, String>(answer.iter().collect())
        };
        let found: Vec<IpAddr> = match &self.source {
            Source::Named(resolver) => ask(resolver).await?,
            Source::Configured(servers) => match servers.current() {
                Ok(resolver) => ask(&resolver).await?,
                // RFC 6761: this name resolves to the loopback address without a query.
                Err(_) if host == "localhost" => vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
                Err(why) => return Err(why),
            },
            Source::System => {
                let answer = tokio::net::lookup_host((host, 0)).await.map_err(|error| error.to_string())?;
                answer.map(|address| address.ip()).collect()
            }
        };
        let usable: Vec<IpAddr> =
            found.into_iter().filter(|address| !self.ipv4_only || address.is_ipv4()).collect();
        match usable.is_empty() {
            true if self.ipv4_only => Err("it has no IPv4 address, and `[http] ipv4_only` is on".to_owned()),
            true => Err("it has no address".to_owned()),
            false => Ok(usable),
        }
    }
}

impl Resolver {
    /// Explains a failed lookup to readers who do not know the resolver's own terms.
    fn explain(&self, error: &ResolveError) -> String {
        match (error.is_nx_domain(), error.is_no_records_found(), self.ipv4_only) {
            (true, ..) => "there is no such name".to_owned(),
            (_, true, true) => {
                "the name servers return no IPv4 address for it, and `[http] ipv4_only` is on".to_owned()
            }
            (_, true, false) => "the name servers return no address for it".to_owned(),
            _ => error.to_string(),
        }
    }
}

/// The system's name servers, reloaded when the file changes, as the C library does: a host may start before its
/// network is up, and the network may change later.
struct SystemServers {
    file: PathBuf,
    ipv4_only: bool,
    /// The content of the file, and the resolver that was made from it.
    read: Mutex<Option<(Vec<u8>, Arc<TokioResolver>)>>,
}

impl SystemServers {
    fn new(file: &Path, ipv4_only: bool) -> SystemServers {
        SystemServers { file: file.to_path_buf(), ipv4_only, read: Mutex::default() }
    }

    fn current(&self) -> Result<Arc<TokioResolver>, String> {
        let unreadable = |error: String| {
            format!(
                "the system's name servers are not known ({}: {error}); set `[http] name_servers`, or `async_dns = false`",
                self.file.display()
            )
        };
        let text = std::fs::read(&self.file).map_err(|error| unreadable(error.to_string()))?;
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((before, resolver)) = &*read
            && *before == text
        {
            return Ok(Arc::clone(resolver));
        }
        let (config, options) =
            system_conf::parse_resolv_conf(&text).map_err(|error| unreadable(error.to_string()))?;
        let resolver = Arc::new(resolver(config, options, self.ipv4_only));
        *read = Some((text, Arc::clone(&resolver)));
        Ok(resolver)
    }
}

fn resolver(config: ResolverConfig, mut options: ResolverOpts, ipv4_only: bool) -> TokioResolver {
    options.ip_strategy = match ipv4_only {
        true => LookupIpStrategy::Ipv4Only,
        false => LookupIpStrategy::Ipv4AndIpv6,
    };
    options.use_hosts_file = ResolveHosts::Always;
    let provider = TokioConnectionProvider::default();
    TokioResolver::builder_with_config(config, provider).with_options(options).build()
}

/// Queries these servers over UDP and, for long answers, TCP.
fn asking(servers: &[SocketAddr]) -> ResolverConfig {
    let ways = servers.iter().flat_map(|server| {
        [Protocol::Udp, Protocol::Tcp].map(|protocol| NameServerConfig::new(*server, protocol))
    });
    ResolverConfig::from_parts(None, Vec::new(), ways.collect::<Vec<_>>())
}

/// The resolver that HTTP clients use; it gives the same answers as `Net::dial` uses.
#[derive(Clone)]
pub(super) struct Shared(pub(super) Arc<Resolver>);

impl Resolve for Shared {
    fn resolve(&self, name: reqwest::dns::Name) -> Resolving {
        let resolver = Arc::clone(&self.0);
        Box::pin(async move {
            let addresses: Addrs = Box::new(addresses(&resolver, name.as_str()).await?);
            Ok(addresses)
        })
    }
}

impl Service<Name> for Shared {
    type Response = IntoIter<SocketAddr>;
    type Error = String;
    type Future = Pin<Box<dyn Future<Output = Result<IntoIter<SocketAddr>, String>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), String>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolver = Arc::clone(&self.0);
        Box::pin(async move { addresses(&resolver, name.as_str()).await })
    }
}

/// The client sets the port.
async fn addresses(resolver: &Resolver, name: &str) -> Result<IntoIter<SocketAddr>, String> {
    let usable = resolver.lookup(name).await?;
    Ok(usable.into_iter().map(|address| SocketAddr::new(address, 0)).collect::<Vec<_>>().into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_is_none_is_said_in_plain_words() {
        let config =
            config::Http { name_servers: vec!["127.0.0.1:1".parse().unwrap()], ..config::Http::default() };
        // No server is queried for this name: https://www.rfc-editor.org/rfc/rfc6761#section-6.4
        let error = Resolver::new(&config).lookup("discord.invalid").await.unwrap_err();
        assert_eq!(error, "there is no such name");
    }

    #[tokio::test]
    async fn name_servers_that_appear_or_change_later_are_the_ones_that_are_asked() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("resolv.conf");
        let servers = SystemServers::new(&file, true);
        let asked = || {
            let resolver = servers.current()?;
            let addresses =
                resolver.config().name_servers().iter().map(|server| server.socket_addr.to_string());
            Ok::<Vec<String>, String>(addresses.collect())
        };
        let error = asked().unwrap_err();
        assert!(error.contains("resolv.conf") && error.contains("[http] name_servers"), "{error}");
        std::fs::write(&file, "# written when the network is up\n").unwrap();
        asked().unwrap_err();
        for address in ["192.0.2.1", "192.0.2.2"] {
            std::fs::write(&file, format!("nameserver {address}\n")).unwrap();
            assert_eq!(asked().unwrap()[0], format!("{address}:53"));
        }
        assert!(
            Arc::ptr_eq(&servers.current().unwrap(), &servers.current().unwrap()),
            "read once while unchanged"
        );
    }
}
