//! The endpoint: `/health`, `/ready` and `/metrics` over HTTP. It opens before the sessions and closes after them, and
//! reports on whichever host exists at the time.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header::ACCEPT, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::{JoinHandle, JoinSet},
    time::timeout,
};

use super::{
    encode::{Form, text_of},
    gather::families,
};
use crate::{cogs::Cogs, config, health::Health};

/// Maximum number of connections; others wait in the system's queue.
const CONNECTIONS: usize = 64;
/// A client that sends no request for this long gives way to another; a probe would not wait longer for its answer.
const HEAD: Duration = Duration::from_millis(500);
/// A connection serves one request, and is closed after this time in any case.
const CONNECTION: Duration = Duration::from_secs(10);

/// The endpoint cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot serve metrics at `{address}` (`[metrics] address`)")]
pub struct EndpointError {
    /// The configured address.
    address: String,
    /// The reason.
    #[source]
    source: io::Error,
}

impl EndpointError {
    /// Whether something is already listening on the address.
    pub fn is_in_use(&self) -> bool {
        self.source.kind() == io::ErrorKind::AddrInUse
    }

    /// What the reader can do.
    pub fn help(&self) -> String {
        match self.source.kind() {
            io::ErrorKind::AddrInUse => {
                let port = self.address.rsplit_once(':').map_or("", |(_, port)| port);
                format!(
                    "`ss -ltnp 'sport = :{port}'` names the program that has the port; end it, or name another port"
                )
            }
            io::ErrorKind::AddrNotAvailable => "name an address that this machine has".to_owned(),
            io::ErrorKind::PermissionDenied => {
                "name a port above 1023: the lower ones need privileges".to_owned()
            }
            _ => "name another address, or leave `[metrics]` out".to_owned(),
        }
    }
}

/// Serves until it is dropped.
#[derive(Debug)]
pub struct Endpoint {
    shown: Shown,
    serving: JoinHandle<()>,
}

/// The cogs of the host that is reported on, or one word why there is none. Clones share the state.
#[derive(Clone, Debug)]
struct Shown(Arc<Mutex<Result<Weak<Cogs>, &'static str>>>);

impl Endpoint {
    /// Starts to serve, without a host yet. Needs a running runtime.
    ///
    /// # Errors
    /// The address cannot be used.
    pub async fn open(config: &config::Metrics) -> Result<Endpoint, EndpointError> {
        let failed = |source| EndpointError { address: config.address.clone(), source };
        let listener = TcpListener::bind(&config.address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        tracing::info!("metrics are at http://{address}/metrics");
        if !address.ip().is_loopback() {
            tracing::warn!("everyone who can reach {address} can read the metrics (`[metrics] expose`)");
        }
        let shown = Shown(Arc::new(Mutex::new(Err("starting"))));
        let serving = tokio::spawn(serve(listener, router(shown.clone())));
        Ok(Endpoint { shown, serving })
    }

    /// Reports on the host with these cogs from now on. It does not keep them alive.
    pub fn show(&self, cogs: &Arc<Cogs>) {
        self.shown.set(Ok(Arc::downgrade(cogs)));
    }

    /// Closes it. When this returns, its address is free.
    pub async fn close(mut self) {
        self.serving.abort();
        // It was aborted.
        let _ = (&mut self.serving).await;
    }

    /// From now on there is no host: it is `restarting`, or `closing`.
    pub fn hide(&self, why: &'static str) {
        self.shown.set(Err(why));
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Shown {
    fn set(&self, shown: Result<Weak<Cogs>, &'static str>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = shown;
    }

    fn cogs(&self) -> Result<Arc<Cogs>, &'static str> {
        let shown = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        shown.upgrade().ok_or("closing")
    }
}

fn router(shown: Shown) -> Router {
    Router::new()
        .route("/health", get(|| async { "alive\n" }))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .fallback(|| async { (StatusCode::NOT_FOUND, "there are /health, /ready and /metrics\n") })
        .with_state(shown)
}

async fn ready(State(shown): State<Shown>) -> Response {
    let trouble = match shown.cogs() {
        Ok(cogs) => aside(move || Health::of(&cogs, &cogs.status()).trouble()).await,
        Err(why) => Some(Some(why.to_owned())),
    };
    match trouble {
        Some(None) => "ready\n".into_response(),
        Some(Some(why)) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")).into_response(),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn metrics(State(shown): State<Shown>, headers: HeaderMap) -> Response {
    let form = Form::of(headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default());
    let cogs = shown.cogs().ok();
    match aside(move || text_of(families(cogs.as_deref()), form)).await {
        Some(Ok(text)) => ([(CONTENT_TYPE, form.content_type())], text).into_response(),
        Some(Err(_)) | None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Runs work off the runtime's threads: a hundred cogs mean thousands of lines. `None` if it panicked.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

async fn serve(listener: TcpListener, router: Router) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                let router = router.clone();
                connections.spawn(async move {
                    converse(stream, router).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!("failed to accept on the metrics endpoint: {error}");
                // Probably out of file descriptors: others must be closed before the next attempt can succeed.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn converse(stream: TcpStream, router: Router) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // A client that disconnects or stays silent is not an error.
    let _ = timeout(CONNECTION, connection).await;
}
