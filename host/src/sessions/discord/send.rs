//! One request from its turn to its answer: waiting, sending, judging, trying again.
//! What a path means stands in `route`, who may send in `limits`, what is sent in `request`.

use std::sync::atomic::Ordering;
use std::time::Duration;

use gearshift_cog::discord_codes::ALREADY_ACKNOWLEDGED;
use hyper::body::Incoming;
use hyper::header::RETRY_AFTER;
use hyper::{Response, StatusCode};
use serde::Deserialize;
use tokio::time::Instant;

use super::Discord;
use super::client::{Unanswered, read_body};
use super::error::{DiscordError, Refusal, Throttle, asked};
use super::headers::{GLOBAL, Headers, SCOPE, number, seconds};
use super::limits::{Permit, TooLong};
use super::request::{Answer, Request};
use super::route::{Access, Route};
use super::traffic::Ended;
use crate::sessions::Method;
use crate::sessions::backoff::Backoff;

/// The largest answer that is read. Discord's largest are pages of some thousand entries.
const ANSWER_MAX_BYTES: usize = 16 << 20;
/// Pause before the second attempt after a failure; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often one request may be refused by its route's limit: a server that always answers 429 must not keep it forever.
const MAX_REFUSALS: u32 = 10;

pub(super) async fn send(discord: &Discord, request: Request) -> Result<Answer, DiscordError> {
    if discord.closed.load(Ordering::Acquire) {
        return Err(DiscordError::Closed);
    }
    let call = Call::new(discord, request)?;
    let mut attempts = Attempts { failures: 0, refusals: 0, backoff: None };
    loop {
        if call.is_the_bots() && discord.standing.is_stopped() {
            return Err(DiscordError::TokenRefused { asked: call.asked() });
        }
        match call.once().await? {
            Outcome::Answered(answer) => return Ok(answer),
            Outcome::Limited { mut why, wait } => {
                // What stops everybody is not this request's fault; it waits for as long as it may.
                attempts.refusals += u32::from(why == Throttle::Route);
                if attempts.refusals >= MAX_REFUSALS {
                    why = Throttle::Repeated;
                } else if Instant::now() + wait <= call.deadline {
                    // A callback has no bucket that would make it wait.
                    if call.route.access == Access::Callback {
                        tokio::time::sleep(wait).await;
                    }
                    continue;
                }
                return Err(DiscordError::RateLimited { asked: call.asked(), why, wait });
            }
            Outcome::Failed { error, .. } if call.is_the_bots() && error.status() == Some(401) => {
                // Boxed, as is all that is rare: every request would carry the space for it.
                return Err(match Box::pin(is_token_refused(discord)).await {
                    true => DiscordError::TokenRefused { asked: call.asked() },
                    false => error,
                });
            }
            Outcome::Failed { error, again } => {
                if error.code() == Some(u64::from(ALREADY_ACKNOWLEDGED)) {
                    discord.answers.is_acknowledged(&call.request);
                } else if error.status().is_some_and(|status| status < 500) {
                    discord.answers.is_refused(&call.request);
                }
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
    if discord.account.is_none() {
        return discord.standing.is_refused();
    }
    let Some(_suspicion) = discord.standing.suspect() else {
        discord.standing.verdict().await;
        return discord.standing.is_refused();
    };
    let asked = async { Call::new(discord, Request::new(Method::Get, "/users/@me"))?.once().await };
    match asked.await {
        Ok(Outcome::Failed { error, .. }) if error.status() == Some(401) => discord.standing.refused(),
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
    /// No answer, or one of 300 and more. `again`: another attempt is safe and could help.
    Failed {
        error: DiscordError,
        again: bool,
    },
}

/// A request that was checked, with what is the same for all its attempts.
struct Call<'d> {
    discord: &'d Discord,
    request: Request,
    route: Route,
    /// Whether carrying it out twice has the effect of carrying it out once.
    repeatable: bool,
    /// When it has waited for limits for as long as it may.
    deadline: Instant,
}

impl Call<'_> {
    fn new(discord: &Discord, mut request: Request) -> Result<Call<'_>, DiscordError> {
        let route =
            Route::read(request.method, &request.path).map_err(|bad| request.invalid(bad.to_string()))?;
        let repeatable = request.prepare(&route, discord.max_request_bytes)?;
        let deadline = Instant::now() + discord.rate_wait_timeout;
        Ok(Call { discord, request, route, repeatable, deadline })
    }

    /// Whether it carries the bot's token.
    fn is_the_bots(&self) -> bool {
        self.route.access == Access::Bot
    }

    /// Method and path, for texts.
    fn asked(&self) -> String {
        asked(self.request.method, &self.request.path)
    }

    /// One attempt. An `Err` is final.
    async fn once(&self) -> Result<Outcome, DiscordError> {
        let discord = self.discord;
        let request = self.request.attempt(discord, &self.route)?;
        let since = Instant::now();
        let permit = discord.limits.acquire(self.route, self.deadline).await;
        discord.traffic.waited(since.elapsed());
        let permit = permit.map_err(|TooLong { why, wait }| {
            self.ended(Ended::NOT_SENT);
            DiscordError::RateLimited { asked: self.asked(), why, wait }
        })?;
        if self.is_the_bots() && !discord.standing.allows() {
            return Err(DiscordError::TokenRefused { asked: self.asked() });
        }
        let answer_by = Instant::now() + discord.timeout;
        if self.route.access == Access::Callback {
            discord.answers.begin_callback(&self.request);
        }
        let response = match discord.client.send(request, answer_by).await {
            Ok(response) => response,
            Err(error) => {
                self.ended(Ended::from(&error));
                return Ok(self.unanswered(error));
            }
        };
        let status = response.status();
        self.ended(Ended::Status(status.as_u16()));
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Ok(Box::pin(limited(self, permit, response, answer_by)).await);
        }
        permit.answered(&Headers::read(response.headers()));
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            discord.limits.count_invalid();
        }
        if status != StatusCode::UNAUTHORIZED && self.is_the_bots() && discord.standing.is_refused() {
            discord.standing.accepted();
        }
        let body = match read_body(response.into_body(), ANSWER_MAX_BYTES, answer_by).await {
            Ok(body) => body,
            Err(error) => return Ok(self.unanswered(error)),
        };
        let status = status.as_u16();
        let again = match status {
            ..300 => return Ok(Outcome::Answered(Answer { status, body })),
            502 | 503 => true,
            500.. => self.repeatable,
            _ => false,
        };
        let refusal = Refusal::read(self.request.method, &self.request.path, status, &body);
        Ok(Outcome::Failed { error: DiscordError::Refused(Box::new(refusal)), again })
    }

    fn ended(&self, ended: Ended) {
        self.discord.traffic.ended(self.request.method, &self.route, &self.request.path, ended);
    }

    fn unanswered(&self, why: Unanswered) -> Outcome {
        let (asked, discord) = (self.asked(), self.discord);
        let (error, again) = match why {
            Unanswered::Connect(why) => {
                (DiscordError::Connect { asked, host: discord.base.host().to_owned(), why }, true)
            }
            Unanswered::Timeout => (DiscordError::Timeout { asked, after: discord.timeout }, false),
            Unanswered::Broken(why) => (DiscordError::Broken { asked, why }, self.repeatable),
            Unanswered::TooLarge => (DiscordError::TooLarge { asked, limit: ANSWER_MAX_BYTES }, false),
        };
        Outcome::Failed { error, again }
    }
}

/// Reads a 429 and lets the limits know.
async fn limited(
    call: &Call<'_>,
    permit: Permit<'_>,
    response: Response<Incoming>,
    answer_by: Instant,
) -> Outcome {
    #[derive(Deserialize)]
    struct Wire {
        retry_after: Option<f64>,
        #[serde(default)]
        global: bool,
    }
    let (head, body) = response.into_parts();
    let of = &head.headers;
    let headers = Headers::read(of);
    let announced = of.get(RETRY_AFTER).and_then(number);
    let is_global = of.contains_key(&GLOBAL);
    // The limit of a resource that others share with the bot; Discord does not count it as invalid.
    let is_shared = of.get(&SCOPE).is_some_and(|scope| scope == "shared");
    let is_discords = is_global || headers.bucket.is_some() || headers.reset_after.is_some();
    let body = read_body(body, ANSWER_MAX_BYTES, answer_by).await.unwrap_or_default();
    let wire = serde_json::from_slice(&body).unwrap_or(Wire { retry_after: None, global: false });
    if !is_shared {
        call.discord.limits.count_invalid();
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
    tracing::debug!(
        asked = call.asked(),
        wait_ms = wait.as_millis() as u64,
        is_shared,
        "a route's rate limit was reached"
    );
    permit.refused(&headers, wait);
    Outcome::Limited { why: Throttle::Route, wait }
}
