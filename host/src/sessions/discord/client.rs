//! The HTTP connections of the Discord session: HTTP/1.1 without redirects, cookies or proxies, pooled, following the
//! host's dialing rules. It is one layer above the wire, because every reply of a bot passes through it. It knows
//! nothing of rate limits or retries.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body as _, Incoming};
use hyper::{Request, Response, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tower_service::Service;

use crate::sessions::http::innermost;
use crate::sessions::net::Net;
use crate::sessions::resolver::Shared;

/// A connection pool; clones share it.
#[derive(Clone)]
pub(super) struct Client {
    pool: legacy::Client<Connector, reqwest::Body>,
}

/// Why there is no answer.
pub(super) enum Unanswered {
    /// No connection was made, so nothing was sent.
    Connect(String),
    /// It took too long.
    Timeout,
    /// The connection broke.
    Broken(String),
    /// The body exceeds the size limit.
    TooLarge,
}

impl Client {
    pub(super) fn new(net: &Net) -> Client {
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(ClientConfig::clone(net.tls()))
            .https_or_http()
            .enable_http1()
            .wrap_connector(net.connector());
        let pool = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(net.idle_timeout())
            .build(Connector { https, within: net.connect_timeout() });
        Client { pool }
    }

    /// Sends a request, and waits until `deadline` for the head of the answer.
    pub(super) async fn send(
        &self,
        request: Request<reqwest::Body>,
        deadline: Instant,
    ) -> Result<Response<Incoming>, Unanswered> {
        match timeout_at(deadline, self.pool.request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) if error.is_connect() => Err(Unanswered::Connect(innermost(&error))),
            Ok(Err(error)) => Err(Unanswered::Broken(innermost(&error))),
            Err(_) => Err(Unanswered::Timeout),
        }
    }
}

/// Reads an answer's body until `deadline`, up to `limit` bytes.
pub(super) async fn read_body(
    mut body: Incoming,
    limit: usize,
    deadline: Instant,
) -> Result<Vec<u8>, Unanswered> {
    let announced = body.size_hint().lower();
    if announced > limit as u64 {
        return Err(Unanswered::TooLarge);
    }
    let mut read = Vec::with_capacity(announced as usize);
    loop {
        let frame = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx));
        let frame = match timeout_at(deadline, frame).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(error))) => return Err(Unanswered::Broken(innermost(&error))),
            Ok(None) => return Ok(read),
            Err(_) => return Err(Unanswered::Timeout),
        };
        // Trailers are ignored.
        let Ok(chunk) = frame.into_data() else { continue };
        if read.len() + chunk.len() > limit {
            return Err(Unanswered::TooLarge);
        }
        read.extend_from_slice(&chunk);
    }
}

/// TCP and, for `https`, TLS, both within one time limit.
#[derive(Clone)]
struct Connector {
    https: HttpsConnector<HttpConnector<Shared>>,
    within: Duration,
}

type Connected = Result<MaybeHttpsStream<TokioIo<TcpStream>>, Box<dyn std::error::Error + Send + Sync>>;

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Connected> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.https.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (connecting, within) = (self.https.call(uri), self.within);
        Box::pin(async move {
            match tokio::time::timeout(within, connecting).await {
                Ok(connected) => connected,
                Err(_) => Err(format!("no connection within {} ms", within.as_millis()).into()),
            }
        })
    }
}
