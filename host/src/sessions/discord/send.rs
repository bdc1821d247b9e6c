//! One request from its turn to its answer: waiting, sending, judging, trying again.
//! What a path means stands in `route`, who may send in `limits`.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use serde::Deserialize;
use tokio::time::Instant;

use super::Discord;
use super::error::{DiscordError, Refusal, Throttle, asked};
use super::limits::{Headers, Permit, TooLong, seconds};
use super::request::{AUDIT_LOG_REASON, Answer, Prepared, Request};
use super::route::{Access, Route, hash};
use crate::sessions::Method;
use crate::sessions::backoff::Backoff;
use crate::sessions::http::{BodyError, innermost, read_body};

/// Pause before the second attempt after a failure; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often one request may be refused by its route's limit: a server that always answers 429 must not keep it forever.
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
        if route.access == Access::Bot && discord.standing.is_stopped() {
            return Err(DiscordError::TokenRefused { asked: asked(prepared.method, &prepared.path) });
        }
        match once(discord, &prepared, route, deadline).await? {
            Outcome::Answered(answer) => return Ok(answer),
            Outcome::Limited { mut why, wait } => {
                // What stops everybody is not this request's fault; it waits for as long as it may.
                attempts.refusals += u32::from(why == Throttle::Route);
                if attempts.refusals >= MAX_REFUSALS {
                    why = Throttle::Repeated;
                } else if Instant::now() + wait <= deadline {
                    // A callback has no bucket that would make it wait.
                    if route.access == Access::Callback {
                        tokio::time::sleep(wait).await;
                    }
                    continue;
                }
                return Err(DiscordError::RateLimited {
                    asked: asked(prepared.method, &prepared.path),
                    why,
                    wait,
                });
            }
            Outcome::Failed { error, .. } if route.access == Access::Bot && error.status() == Some(401) => {
                return Err(match is_token_refused(discord).await {
                    true => DiscordError::TokenRefused { asked: asked(prepared.method, &prepared.path) },
                    false => error,
                });
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

/// After a 401. An endpoint may refuse a bot in that way too, so Discord is asked about the token itself, once.
async fn is_token_refused(discord: &Discord) -> bool {
    // While the session opens, who the token belongs to is what is being asked.
    if discord.account.is_none() || !discord.standing.suspect() {
        return discord.standing.is_refused();
    }
    let me = Request::new(Method::Get, "/users/@me");
    let asked = async {
        let route = Route::read(me.method, &me.path).ok()?;
        let prepared = Prepared::new(&discord.base, me, &route, discord.max_request_bytes).ok()?;
        once(discord, &prepared, route, Instant::now() + discord.rate_wait_timeout).await.ok()
    };
    match asked.await {
        Some(Outcome::Failed { error, .. }) if error.status() == Some(401) => discord.standing.refused(),
        _ => discord.standing.accepted(),
    }
    discord.standing.is_refused()
}

struct Attempts {
    failures: u32,
    refusals: u32,
    backoff: Option<Backoff>,
}

enum Outcome {
    Answered(Answer),
    /// 429; the limits have noted it.
    Limited {
        why: Throttle,
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
    let permit = discord.limits.acquire(route, deadline).await.map_err(|TooLong { why, wait }| {
        DiscordError::RateLimited { asked: asked(method, path), why, wait }
    })?;
    if route.access == Access::Bot && !discord.standing.allows() {
        return Err(DiscordError::TokenRefused { asked: asked(method, path) });
    }
    let request = build(discord, prepared, route)
        .map_err(|error| DiscordError::Invalid { method, what: innermost(&error) })?;
    let response = match discord.client.execute(request).await {
        Ok(response) => response,
        Err(error) => return Ok(unanswered(discord, prepared, &error)),
    };
    let status = response.status();
    if status == StatusCode::TOO_MANY_REQUESTS {
        return Ok(limited(discord, permit, response).await);
    }
    permit.answered(&read_headers(response.headers()));
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        discord.limits.count_invalid();
    }
    if status != StatusCode::UNAUTHORIZED && route.access == Access::Bot && discord.standing.is_refused() {
        discord.standing.accepted();
    }
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

/// Reads a 429 and lets the limits know.
async fn limited(discord: &Discord, permit: Permit<'_>, response: reqwest::Response) -> Outcome {
    #[derive(Deserialize)]
    struct Wire {
        retry_after: Option<f64>,
        #[serde(default)]
        global: bool,
    }
    let of = response.headers();
    let headers = read_headers(of);
    let announced = of.get(RETRY_AFTER).and_then(number);
    let is_global = of.contains_key(&GLOBAL);
    // The limit of a resource that others share with the bot; Discord does not count it as invalid.
    let is_shared = of.get(&SCOPE).is_some_and(|scope| scope == "shared");
    let is_discords = is_global || headers.bucket.is_some() || headers.reset_after.is_some();
    let body = read_body(response, discord.max_body_bytes).await.unwrap_or_default();
    let wire = serde_json::from_slice(&body).unwrap_or(Wire { retry_after: None, global: false });
    if !is_shared {
        discord.limits.count_invalid();
    }
    // Discord says how long to wait, in the body most exactly. What says nothing comes from a proxy before it.
    let wait = match wire.retry_after {
        Some(exact) => Some(exact),
        None if is_discords => announced.or(headers.reset_after),
        None => None,
    };
    let Some(wait) = wait.map(seconds) else {
        let wait = permit.refused_by_proxy(announced.map(seconds));
        return Outcome::Limited { why: Throttle::Blocked, wait };
    };
    if is_global || wire.global {
        permit.refused_globally(&headers, wait);
        return Outcome::Limited { why: Throttle::Global, wait };
    }
    permit.refused(&headers, wait);
    Outcome::Limited { why: Throttle::Route, wait }
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

static LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
static REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
static RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
static RESET_AFTER: HeaderName = HeaderName::from_static("x-ratelimit-reset-after");
static BUCKET: HeaderName = HeaderName::from_static("x-ratelimit-bucket");
static GLOBAL: HeaderName = HeaderName::from_static("x-ratelimit-global");
static SCOPE: HeaderName = HeaderName::from_static("x-ratelimit-scope");

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
