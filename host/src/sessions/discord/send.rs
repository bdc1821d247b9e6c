//! One request from its turn to its answer: waiting, sending, judging the answer, retrying. `route` reads paths,
//! `limits` decides who may send, `request` builds what is sent.

use std::sync::atomic::Ordering;
use std::time::Duration;

use gearshift_cog::discord_codes::ALREADY_ACKNOWLEDGED;
use hyper::body::Incoming;
use hyper::header::RETRY_AFTER;
use hyper::{Response, StatusCode};
use tokio::time::Instant;

use super::Discord;
use super::client::{Unanswered, read_body};
use super::error::{DiscordError, Refusal, Throttle, asked};
use super::error_body::ErrorBody;
use super::headers::{GLOBAL, Headers, SCOPE, number, seconds};
use super::limits::{Permit, TooLong};
use super::request::{Answer, Request};
use super::route::{Access, Route};
use super::traffic::Ended;
use crate::sessions::Method;
use crate::sessions::backoff::Backoff;

/// The largest answer that is read. Discord's largest are pages of about a thousand entries.
const ANSWER_MAX_BYTES: usize = 16 << 20;
/// Pause before the second attempt after a failure; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// The shortest waits after repeated refusals, whatever the server says. A request that is always refused must not be
/// sent continuously: each refusal brings a ban of this address nearer.
const WAIT_FIRST: Duration = Duration::from_millis(25);
const WAIT_MOST: Duration = Duration::from_millis(250);
/// How often one request may hit its route's limit: a server that always answers 429 must not hold it forever.
const MAX_REFUSALS: u32 = 10;

pub(super) async fn send(discord: &Discord, request: Request) -> Result<Answer, DiscordError> {
    if discord.closed.load(Ordering::Acquire) {
        return Err(DiscordError::Closed);
    }
    let call = Call::new(discord, request)?;
    let mut attempts = Attempts { failures: 0, limited: 0, refusals: 0, backoff: None };
    loop {
        if call.is_the_bots() && discord.token_state.is_stopped() {
            return Err(DiscordError::TokenRefused { asked: call.asked() });
        }
        match call.once(attempts.shortest_wait()).await? {
            Outcome::Answered(answer) => return Ok(answer),
            Outcome::Limited { mut why, wait } => {
                attempts.limited += 1;
                // A limit that stops everything is not this request's fault; the request waits for as long as it may.
                attempts.refusals += u32::from(why == Throttle::Route);
                let is_final = attempts.refusals >= MAX_REFUSALS;
                let again = !is_final && Instant::now() + wait <= call.deadline;
                // A callback has no bucket that would make it wait.
                if again && call.route.access == Access::Callback {
                    tokio::time::sleep(wait).await;
                }
                discord.answers.note_refused(&call.request);
                if again {
                    continue;
                }
                if is_final {
                    why = Throttle::Repeated;
                }
                return Err(DiscordError::RateLimited { asked: call.asked(), why, wait });
            }
            Outcome::Failed { error, .. } if call.is_the_bots() && error.status() == Some(401) => {
                // Boxed, like everything rare, so that not every request carries space for it.
                return Err(match Box::pin(is_token_refused(discord)).await {
                    true => DiscordError::TokenRefused { asked: call.asked() },
                    false => error,
                });
            }
            Outcome::Failed { error, again } => {
                attempts.failures += 1;
                let announced = again.filter(|_| attempts.failures < discord.tries);
                let pause = announced.and_then(|announced| {
                    let backoff =
                        attempts.backoff.get_or_insert_with(|| Backoff::new(FIRST_PAUSE, LONGEST_PAUSE));
                    let pause = backoff.pause().max(announced);
                    (announced.is_zero() || Instant::now() + pause <= call.deadline).then_some(pause)
                });
                if let Some(pause) = pause {
                    tokio::time::sleep(pause).await;
                }
                // After the pause: until then, nothing else is to answer, or the next attempt would be refused.
                if error.code() == Some(u64::from(ALREADY_ACKNOWLEDGED)) {
                    discord.answers.note_acknowledged(&call.request);
                } else if matches!(error, DiscordError::Connect { .. })
                    || error.status().is_some_and(|status| status < 500)
                {
                    discord.answers.note_refused(&call.request);
                }
                if pause.is_none() {
                    return Err(error);
                }
            }
        }
    }
}

/// After a 401. A single endpoint may also answer 401, so Discord is asked once about the token itself.
async fn is_token_refused(discord: &Discord) -> bool {
    // While the session opens, the request itself asks who the token belongs to.
    if discord.account.is_none() {
        return discord.token_state.is_refused();
    }
    let Some(_check) = discord.token_state.begin_check() else {
        discord.token_state.checked().await;
        return discord.token_state.is_refused();
    };
    let asked =
        async { Call::new(discord, Request::new(Method::Get, "/users/@me"))?.once(Duration::ZERO).await };
    match asked.await {
        Ok(Outcome::Failed { error, .. }) if error.status() == Some(401) => discord.token_state.refused(),
        _ => discord.token_state.accepted(),
    }
    discord.token_state.is_refused()
}

struct Attempts {
    failures: u32,
    /// Number of 429 answers.
    limited: u32,
    /// How many of those were about this request's route.
    refusals: u32,
    backoff: Option<Backoff>,
}

impl Attempts {
    /// The shortest wait if the request is refused once more. A first refusal is believed, whatever it says.
    fn shortest_wait(&self) -> Duration {
        match self.limited.checked_sub(1) {
            Some(doublings) => (WAIT_FIRST * 2_u32.pow(doublings.min(10))).min(WAIT_MOST),
            None => Duration::ZERO,
        }
    }
}

enum Outcome {
    Answered(Answer),
    /// 429; already recorded in the limits.
    Limited {
        why: Throttle,
        wait: Duration,
    },
    /// No answer, or a status outside 200 to 299. `again`: a retry is safe and could help, after that time or later.
    Failed {
        error: DiscordError,
        again: Option<Duration>,
    },
}

/// A validated request, with everything that is the same for all its attempts.
struct Call<'d> {
    discord: &'d Discord,
    request: Request,
    route: Route,
    /// Whether carrying it out twice has the same effect as once.
    repeatable: bool,
    /// How long it may wait for rate limits.
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

    /// Method and path, for messages.
    fn asked(&self) -> String {
        asked(self.request.method, &self.request.path)
    }

    /// One attempt. An `Err` is final; a wait for a limit lasts at least `shortest_wait`.
    async fn once(&self, shortest_wait: Duration) -> Result<Outcome, DiscordError> {
        let discord = self.discord;
        let request = self.request.attempt(discord, &self.route)?;
        let since = Instant::now();
        let permit = discord.limits.acquire(self.route, self.deadline).await;
        discord.traffic.waited(since.elapsed());
        let permit = permit.map_err(|TooLong { why, wait }| {
            self.ended(Ended::NOT_SENT);
            DiscordError::RateLimited { asked: self.asked(), why, wait }
        })?;
        if self.is_the_bots() && !discord.token_state.allows() {
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
            return Ok(Box::pin(limited(self, permit, response, answer_by, shortest_wait)).await);
        }
        permit.answered(&Headers::read(response.headers()));
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            discord.limits.count_invalid();
        }
        if status != StatusCode::UNAUTHORIZED && self.is_the_bots() && discord.token_state.is_refused() {
            discord.token_state.accepted();
        }
        let announced = response.headers().get(RETRY_AFTER).and_then(number).map(seconds);
        let body = match read_body(response.into_body(), ANSWER_MAX_BYTES, answer_by).await {
            Ok(body) => body,
            Err(error) => return Ok(self.unanswered(error)),
        };
        let status = status.as_u16();
        let is_safe = match status {
            // A status below 200 is not an answer, such as one to an upgrade that nobody requested.
            200..300 => return Ok(Outcome::Answered(Answer { status, body })),
            502 | 503 => true,
            500.. => self.repeatable,
            _ => false,
        };
        let again = is_safe.then(|| announced.unwrap_or_default());
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
        Outcome::Failed { error, again: again.then_some(Duration::ZERO) }
    }
}

/// Reads a 429 and updates the limits.
async fn limited(
    call: &Call<'_>,
    permit: Permit<'_>,
    response: Response<Incoming>,
    answer_by: Instant,
    shortest_wait: Duration,
) -> Outcome {
    let (head, body) = response.into_parts();
    let of = &head.headers;
    let headers = Headers::read(of);
    let announced = of.get(RETRY_AFTER).and_then(number);
    // The limit of a resource shared with others; Discord does not count it as an invalid request.
    let is_shared = of.get(&SCOPE).is_some_and(|scope| scope == "shared");
    let body = read_body(body, ANSWER_MAX_BYTES, answer_by).await.unwrap_or_default();
    let body = ErrorBody::read(&body);
    let is_global = of.contains_key(&GLOBAL) || body.is_global();
    let is_discords =
        is_global || body.is_rate_limit() || headers.bucket.is_some() || headers.reset_after.is_some();
    if !is_shared {
        call.discord.limits.count_invalid();
    }
    // A 429 without rate limit information comes from a proxy in front of Discord.
    if !is_discords {
        let wait = permit.refused_by_proxy(announced.map(seconds));
        return Outcome::Limited { why: Throttle::Blocked, wait };
    }
    // Discord says how long to wait, most precisely in the body.
    let wait = body.retry_after().or(announced).or(headers.reset_after).map(seconds);
    let wait = wait.unwrap_or(WAIT_MOST).max(shortest_wait);
    let why = match is_global {
        true => permit.refused_globally(&headers, wait),
        false => permit.refused(&headers, wait),
    };
    if why == Throttle::Route {
        let (asked, wait_ms) = (call.asked(), wait.as_millis() as u64);
        tracing::debug!(asked, wait_ms, is_shared, "a route's rate limit was reached");
    }
    Outcome::Limited { why, wait }
}
