//! One request from its turn to its answer: waiting, sending, judging, trying again.
//! What a path means stands in `route`, who may send in `limits`.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use serde::Deserialize;
use tokio::time::Instant;

use super::Discord;
use super::error::{DiscordError, Refusal, asked};
use super::limits::{Headers, TooLong, seconds};
use super::request::{AUDIT_LOG_REASON, Answer, Prepared, Request};
use super::route::{Access, Route, hash};
use crate::sessions::backoff::Backoff;
use crate::sessions::http::{BodyError, innermost, read_body};

/// Pause before the second attempt after a failure; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often one request may be told to wait: a server that always answers 429 must not keep it forever.
const MAX_REFUSALS: u32 = 10;

/// Discord asks for this form. <https://discord.com/developers/docs/reference#user-agent>
static AGENT: HeaderValue =
    HeaderValue::from_static(concat!("DiscordBot (gearshift, ", env!("CARGO_PKG_VERSION"), ")"));

pub(super) async fn send(discord: &Discord, request: Request) -> Result<Answer, DiscordError> {
    if discord.closed.load(std::sync::atomic::Ordering::Acquire) {
        return Err(DiscordError::Closed);
    }
    let route = Route::read(request.method, &request.path)
        .map_err(|bad| DiscordError::Invalid { method: request.method, what: bad.to_string() })?;
    let prepared = Prepared::new(&discord.base, request, &route, discord.max_request_bytes)?;
    let deadline = Instant::now() + discord.rate_wait_timeout;
    let mut attempts = Attempts { failures: 0, refusals: 0, backoff: None };
    loop {
        match once(discord, &prepared, route, deadline).await? {
            Outcome::Answered(answer) => return Ok(answer),
            Outcome::Refused { wait } => {
                attempts.refusals += 1;
                if attempts.refusals >= MAX_REFUSALS || Instant::now() + wait > deadline {
                    return Err(DiscordError::RateLimited {
                        asked: asked(prepared.method, &prepared.path),
                        wait,
                    });
                }
                // A callback has no bucket that would make it wait.
                if route.access == Access::Callback {
                    tokio::time::sleep(wait).await;
                }
            }
            Outcome::Failed { error, again } => {
                attempts.failures += 1;
                if !again || attempts.failures >= discord.tries {
                    return Err(error);
                }
                let backoff =
                    attempts.backoff.get_or_insert_with(|| Backoff::new(FIRST_PAUSE, LONGEST_PAUSE));
                tokio::time::sleep(backoff.pause()).await;
            }
        }
    }
}

struct Attempts {
    failures: u32,
    refusals: u32,
    backoff: Option<Backoff>,
}

enum Outcome {
    Answered(Answer),
    /// 429; the limits have noted it.
    Refused {
        wait: Duration,
    },
    /// No answer, or one of 400 and more. `again`: another attempt is safe and could help.
    Failed {
        error: DiscordError,
        again: bool,
    },
}

/// One attempt. An `Err` is final.
async fn once(
    discord: &Discord,
    prepared: &Prepared,
    route: Route,
    deadline: Instant,
) -> Result<Outcome, DiscordError> {
    let (method, path) = (prepared.method, prepared.path.as_str());
    let permit = discord
        .limits
        .acquire(route, deadline)
        .await
        .map_err(|TooLong { wait }| DiscordError::RateLimited { asked: asked(method, path), wait })?;
    let request = build(discord, prepared, route)
        .map_err(|error| DiscordError::Invalid { method, what: innermost(&error) })?;
    let response = match discord.client.execute(request).await {
        Ok(response) => response,
        Err(error) => return Ok(unanswered(discord, prepared, &error)),
    };
    let status = response.status();
    let headers = read_headers(response.headers());
    if status == StatusCode::TOO_MANY_REQUESTS {
        let announced = response.headers().get(RETRY_AFTER).and_then(number);
        let is_global = response.headers().contains_key(&GLOBAL);
        let refused = read_refused(response, discord.max_body_bytes, announced, is_global).await;
        match refused.is_global && route.access == Access::Bot {
            true => discord.limits.pause(refused.wait),
            false => permit.refused(&headers, refused.wait),
        }
        tracing::debug!(
            asked = asked(method, path),
            wait_ms = refused.wait.as_millis() as u64,
            global = refused.is_global,
            "Discord's rate limit"
        );
        return Ok(Outcome::Refused { wait: refused.wait });
    }
    permit.answered(&headers);
    let body = match read_body(response, discord.max_body_bytes).await {
        Ok(body) => body,
        Err(BodyError::TooLarge) => {
            return Err(DiscordError::TooLarge { asked: asked(method, path), limit: discord.max_body_bytes });
        }
        Err(BodyError::Broken(error)) => return Ok(unanswered(discord, prepared, &error)),
    };
    if status.as_u16() < 400 {
        return Ok(Outcome::Answered(Answer { status: status.as_u16(), body }));
    }
    let again = match status.as_u16() {
        502 | 503 => true,
        500.. => prepared.repeatable,
        _ => false,
    };
    let refusal = Refusal::read(method, path, status.as_u16(), &body);
    Ok(Outcome::Failed { error: DiscordError::Refused(Box::new(refusal)), again })
}

fn build(discord: &Discord, prepared: &Prepared, route: Route) -> reqwest::Result<reqwest::Request> {
    let mut request = reqwest::Request::new(prepared.method.into(), prepared.url.clone());
    let headers = request.headers_mut();
    headers.reserve(4);
    headers.insert(USER_AGENT, AGENT.clone());
    if route.access == Access::Bot {
        headers.insert(AUTHORIZATION, discord.authorization.clone());
    }
    if let Some(reason) = &prepared.reason {
        headers.insert(AUDIT_LOG_REASON.clone(), reason.clone());
    }
    *request.timeout_mut() = Some(discord.timeout);
    prepared.payload.clone().put_into(&discord.client, request)
}

fn unanswered(discord: &Discord, prepared: &Prepared, error: &reqwest::Error) -> Outcome {
    let asked = asked(prepared.method, &prepared.path);
    let why = innermost(error);
    if error.is_connect() {
        let host = prepared.url.host_str().unwrap_or_default().to_owned();
        return Outcome::Failed { error: DiscordError::Connect { asked, host, why }, again: true };
    }
    if error.is_timeout() {
        return Outcome::Failed {
            error: DiscordError::Timeout { asked, after: discord.timeout },
            again: false,
        };
    }
    Outcome::Failed { error: DiscordError::Broken { asked, why }, again: prepared.repeatable }
}

struct Refused {
    wait: Duration,
    is_global: bool,
}

/// The body is more exact than the header, which counts whole seconds.
async fn read_refused(
    response: reqwest::Response,
    limit: usize,
    announced: Option<f64>,
    is_global: bool,
) -> Refused {
    #[derive(Deserialize)]
    struct Wire {
        retry_after: Option<f64>,
        #[serde(default)]
        global: bool,
    }
    let body = read_body(response, limit).await.unwrap_or_default();
    let wire = serde_json::from_slice(&body).unwrap_or(Wire { retry_after: None, global: false });
    let wait = seconds(wire.retry_after.or(announced).unwrap_or(1.0));
    Refused { wait, is_global: is_global || wire.global }
}

static LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
static REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
static RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
static RESET_AFTER: HeaderName = HeaderName::from_static("x-ratelimit-reset-after");
static BUCKET: HeaderName = HeaderName::from_static("x-ratelimit-bucket");
static GLOBAL: HeaderName = HeaderName::from_static("x-ratelimit-global");

fn read_headers(headers: &HeaderMap) -> Headers {
    let count = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok()?.parse().ok());
    Headers {
        bucket: headers.get(&BUCKET).map(|name| hash(0, name.as_bytes())),
        limit: count(&LIMIT),
        remaining: count(&REMAINING),
        reset: headers.get(&RESET).and_then(number),
        reset_after: headers.get(&RESET_AFTER).and_then(number),
    }
}

fn number(value: &HeaderValue) -> Option<f64> {
    value.to_str().ok()?.trim().parse().ok().filter(|number: &f64| number.is_finite())
}
