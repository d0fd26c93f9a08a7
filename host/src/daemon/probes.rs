//! What orchestrators ask for: is it alive, does it take work, and what is there to count.

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::shared::Shared;

/// What Prometheus wants to hear about the format.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

fn say(code: StatusCode, status: &str) -> Response {
    (code, Json(json!({ "status": status }))).into_response()
}

/// 200 for as long as the host answers.
pub(super) async fn health(State(shared): State<Shared>) -> Response {
    // The driver answers, whatever it says about a unit that cannot be there.
    match shared.host.inspect("").await {
        Err(crate::Error::Gone) => say(StatusCode::SERVICE_UNAVAILABLE, "gone"),
        Ok(_) | Err(_) => say(StatusCode::OK, "ok"),
    }
}

/// 200 for as long as the host takes work, 503 once it shuts down.
pub(super) async fn ready(State(shared): State<Shared>) -> Response {
    if *shared.draining.borrow() {
        say(StatusCode::SERVICE_UNAVAILABLE, "draining")
    } else {
        say(StatusCode::OK, "ready")
    }
}

/// What is counted.
pub(super) async fn metrics(State(shared): State<Shared>) -> Response {
    let Ok(units) = shared.host.list().await else {
        return say(StatusCode::SERVICE_UNAVAILABLE, "gone");
    };
    match shared.metrics.text(&units) {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => say(StatusCode::INTERNAL_SERVER_ERROR, "not encoded"),
    }
}

/// `paths`: what there is instead.
pub(super) fn nothing_here(path: &str, paths: &[&str]) -> Response {
    let why = format!("nothing is at {path}; there are {}", paths.join(", "));
    (StatusCode::NOT_FOUND, Json(json!({ "status": "unknown_path", "why": why }))).into_response()
}

/// Which methods a path is for, its router says in `Allow`.
pub(super) async fn another_method(method: Method) -> Response {
    let why = format!("this path is not for {method}; `Allow` says what it is for");
    let body = Json(json!({ "status": "method_not_allowed", "why": why }));
    (StatusCode::METHOD_NOT_ALLOWED, body).into_response()
}

/// No answer is worth keeping: each is about now.
pub(super) async fn no_store(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
