//! The host's panel in the browser: its files, the data pushed to it, and its requests.
//! Whatever serves the router decides who may open it; `control` carries out the requests.

mod feed;

use std::sync::{Arc, Weak};

use axum::{
    Json, Router,
    body::Body,
    extract::State,
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tokio::sync::{Semaphore, watch};

use crate::{
    cogs::Cogs,
    control::{self, Request},
    gateway,
    host::Host,
    log::Journal,
};

/// Maximum number of open panels; further ones are asked to try later.
const OPEN_MAX: usize = 16;

const SCRIPT: &str = include_str!("../../panel/panel.js");
const STYLE: &str = include_str!("../../panel/panel.css");

/// A panel. It exists before the host: the page is served by the server that the host connects to. Clones share state.
#[derive(Clone, Debug)]
pub struct Panel {
    journal: Journal,
    host: watch::Sender<Option<Shown>>,
    places: Arc<Semaphore>,
}

/// The parts of a host that are shown. It does not keep the host alive.
#[derive(Clone, Debug)]
struct Shown {
    cogs: Weak<Cogs>,
    shards: Vec<watch::Receiver<gateway::State>>,
    sessions: Vec<&'static str>,
}

impl Panel {
    /// A panel without a host, with the log from `journal`.
    pub fn new(journal: Journal) -> Panel {
        Panel { journal, host: watch::Sender::new(None), places: Arc::new(Semaphore::new(OPEN_MAX)) }
    }

    /// Shows this host from now on.
    pub fn show(&self, host: &Host) {
        self.host.send_replace(Some(Shown {
            cogs: Arc::downgrade(host.cogs()),
            shards: host.gateway().map(gateway::Gateway::states).unwrap_or_default(),
            sessions: host.sessions().names(),
        }));
    }

    /// `panel.js`, `panel.css`, `GET feed` (endless JSON lines), `POST do` (a request as on the control socket).
    pub fn router(&self) -> Router {
        Router::new()
            .route("/panel.js", get(|| async { file("text/javascript; charset=utf-8", SCRIPT) }))
            .route("/panel.css", get(|| async { file("text/css; charset=utf-8", STYLE) }))
            .route("/feed", get(feed))
            .route("/do", post(carry_out))
            .with_state(self.clone())
    }

    fn cogs(&self) -> Option<Arc<Cogs>> {
        self.host.borrow().as_ref().and_then(|shown| shown.cogs.upgrade())
    }
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")];
    (headers, text).into_response()
}

async fn feed(State(panel): State<Panel>) -> Response {
    let Ok(place) = Arc::clone(&panel.places).try_acquire_owned() else {
        return (StatusCode::TOO_MANY_REQUESTS, "too many panels are open").into_response();
    };
    let mut response = Response::new(Body::from_stream(feed::lines(panel, place)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    response
}

async fn carry_out(State(panel): State<Panel>, Json(request): Json<Request>) -> Response {
    match panel.cogs() {
        Some(cogs) => Json(control::answer(&cogs, request).await).into_response(),
        None => (StatusCode::SERVICE_UNAVAILABLE, "the host is not running").into_response(),
    }
}
