//! A panel that the embedding program provides, behind the control token.

use axum::Router;
use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use axum::http::{Request, Response, StatusCode};
use axum::response::IntoResponse;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

use crate::state::Shared;

/// Whether a path belongs to the panel.
pub(crate) fn owns(path: &str) -> bool {
    path.starts_with("/panel/")
}

/// Passes a request to the panel, if there is one and the caller is authorised.
pub(crate) async fn answer(shared: &Shared, request: Request<Incoming>) -> Response<Body> {
    let Some(panel) = shared.options.panel.clone() else { return no_panel(&request) };
    // A browser fetches modules and styles without a token; they contain no secrets.
    let is_open = matches!(request.uri().path(), "/panel/panel.js" | "/panel/panel.css");
    let token = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let may = token.and_then(|token| token.strip_prefix("Bearer ")) == Some(&shared.control_token);
    if !is_open && !may {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let service = TowerToHyperService::new(Router::new().nest("/panel", panel));
    let Ok(mut response) = service.call(request).await;
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The page always asks for the panel, and browsers report every 404 as an error.
fn no_panel(request: &Request<Incoming>) -> Response<Body> {
    if request.uri().path() != "/panel/panel.js" {
        return StatusCode::NOT_FOUND.into_response();
    }
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], "export const mount = null;\n").into_response()
}
