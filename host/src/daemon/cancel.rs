//! `POST /cancel/{app}/{model}/{id}`: the cancel endpoint of the task contract.
//!
//! A task is the unit whose name is the path, `app/model/id`. It may be cancelled by whoever has a token of
//! its owner.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest as _, Path, Request, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;

use crate::{Error, ipc::UnitName};

use super::shared::Shared;

/// How long a body may take to come.
const BODY_PATIENCE: Duration = Duration::from_secs(5);
/// What the task contract says where nobody gives a reason.
const USUAL_REASON: &str = "Cancelled by user";

/// What a caller may say about a cancel.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Wish {
    reason: Option<String>,
}

/// Why a task was not cancelled.
enum No {
    BadPath,
    BadBody(String),
    TooLarge,
    TooSlow,
    Unauthorized,
    NotYours,
    Unknown,
    NotRunning,
    NotRecorded,
    Gone,
}

pub(super) async fn cancel(
    State(shared): State<Shared>,
    path: Result<Path<(String, String, String)>, PathRejection>,
    request: Request,
) -> Response {
    match try_cancel(&shared, path, request).await {
        Ok((task, reason)) => {
            Json(json!({ "status": "cancelled", "task_id": task, "reason": reason })).into_response()
        }
        Err(no) => no.into_response(),
    }
}

async fn try_cancel(
    shared: &Shared,
    path: Result<Path<(String, String, String)>, PathRejection>,
    request: Request,
) -> Result<(String, String), No> {
    // Whoever has no token learns nothing about what is there.
    let caller = caller(shared, request.headers()).ok_or(No::Unauthorized)?;
    let Path((app, model, id)) = path.map_err(|_| No::BadPath)?;
    if [&app, &model, &id].iter().any(|part| part.contains('/')) {
        return Err(No::BadPath);
    }
    let unit: UnitName = format!("{app}/{model}/{id}").parse().map_err(|_| No::BadPath)?;
    let reason = reason(request).await?;
    match shared.host.inspect(unit.shared()).await {
        Ok(info) if info.owner == caller => {}
        Ok(_) => return Err(No::NotYours),
        Err(Error::Gone) => return Err(No::Gone),
        Err(_) => return Err(No::Unknown),
    }
    match shared.host.cancel(unit.shared(), reason.as_deref().unwrap_or_default()).await {
        Ok(true) => Ok((id, reason.unwrap_or_else(|| USUAL_REASON.to_owned()))),
        Ok(false) => Err(No::NotRunning),
        Err(Error::Gone) => Err(No::Gone),
        Err(Error::UnknownUnit(_)) => Err(No::Unknown),
        Err(Error::Refused(_)) => Err(No::NotRunning),
        Err(error @ Error::LongReason(_)) => Err(No::BadBody(error.to_string())),
        Err(_) => Err(No::NotRecorded),
    }
}

/// Whose token it is that the request bears.
fn caller(shared: &Shared, headers: &HeaderMap) -> Option<Arc<str>> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    shared.tokens().owner(token.trim())
}

async fn reason(request: Request) -> Result<Option<String>, No> {
    let body = timeout(BODY_PATIENCE, Bytes::from_request(request, &())).await.map_err(|_| No::TooSlow)?;
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => No::TooLarge,
        _ => No::BadBody("the body could not be read".to_owned()),
    })?;
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let wish: Wish = serde_json::from_slice(&body).map_err(|error| No::BadBody(error.to_string()))?;
    Ok(wish.reason.filter(|reason| !reason.is_empty()))
}

impl IntoResponse for No {
    fn into_response(self) -> Response {
        let (code, status, why) = match &self {
            Self::BadPath => (
                StatusCode::BAD_REQUEST,
                "bad_path",
                "a path is /cancel/{app}/{model}/{id}, each part of letters, digits, '.', '_' and '-', and \
                 not beginning with '.' or '-'",
            ),
            Self::BadBody(why) => (StatusCode::BAD_REQUEST, "bad_body", why.as_str()),
            Self::TooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the body has more than 4096 bytes")
            }
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "too_slow", "the body took more than 5 s to come"),
            Self::Unauthorized => (
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "send `Authorization: Bearer TOKEN` with a known token",
            ),
            Self::NotYours => (StatusCode::FORBIDDEN, "forbidden", "the task has another owner"),
            Self::Unknown => (StatusCode::NOT_FOUND, "unknown", "there is no such task"),
            Self::NotRunning => (StatusCode::NOT_FOUND, "not_running", "the task does not run"),
            Self::NotRecorded => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "not_recorded",
                "it is cancelled, but that could not be recorded",
            ),
            Self::Gone => (StatusCode::SERVICE_UNAVAILABLE, "gone", "the host is down"),
        };
        let body = Json(json!({ "status": status, "why": why }));
        match self {
            Self::Unauthorized => (code, [(header::WWW_AUTHENTICATE, "Bearer")], body).into_response(),
            Self::BadPath
            | Self::BadBody(_)
            | Self::TooLarge
            | Self::TooSlow
            | Self::NotYours
            | Self::Unknown
            | Self::NotRunning
            | Self::NotRecorded
            | Self::Gone => (code, body).into_response(),
        }
    }
}
