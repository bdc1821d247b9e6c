//! When a request to a registry is repeated: a rate limit, a server error and a connection that ends early may be
//! temporary.
//! It sends nothing.

use std::time::Duration;

use oci_client::errors::{OciDistributionError as OciError, OciErrorCode};

use crate::{duration::Shown, error::chain};

/// The pause before the second attempt; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// The remaining attempts of one request.
#[derive(Debug)]
pub(super) struct Tries<'r> {
    registry: &'r str,
    left: u32,
    pause: Duration,
}

impl<'r> Tries<'r> {
    /// One attempt, and `more` after it.
    pub(super) fn new(registry: &'r str, more: u32) -> Tries<'r> {
        Tries { registry, left: more, pause: PAUSE }
    }

    /// Makes the request, and repeats it while the failure may be temporary and attempts are left.
    pub(super) async fn ask<T>(&mut self, ask: impl AsyncFn() -> Result<T, OciError>) -> Result<T, OciError> {
        loop {
            let said = ask().await;
            let Some(why) = said.as_ref().err().and_then(passing) else { return said };
            if !self.again(&why).await {
                return said;
            }
        }
    }

    /// Waits before the next attempt; `false` if there is none. oci-client does not expose the headers of an error,
    /// so `Retry-After` is not available.
    pub(super) async fn again(&mut self, why: &str) -> bool {
        let (registry, pause) = (self.registry, self.pause);
        if self.left == 0 {
            return false;
        }
        tracing::warn!("failed to ask `{registry}`, which is asked again in {}: {why}", Shown(pause));
        tokio::time::sleep(pause).await;
        self.left -= 1;
        self.pause = (pause * 2).min(PAUSE_MAX);
        true
    }
}

/// What failed, if it may be temporary. If no connection can be made, that is reported at once.
fn passing(error: &OciError) -> Option<String> {
    match error {
        OciError::ServerError { code, .. } => may_pass(*code).then(|| format!("it answers {code}")),
        OciError::RegistryError { envelope, .. } => {
            let is_limit = |code: &OciErrorCode| matches!(code, OciErrorCode::Toomanyrequests);
            envelope.errors.iter().any(|it| is_limit(&it.code)).then(|| "too many requests".to_owned())
        }
        OciError::RequestError(error) => match error.status() {
            Some(status) => may_pass(status.as_u16()).then(|| format!("it answers {}", status.as_u16())),
            None => {
                let is_cut =
                    (error.is_request() || error.is_body() || error.is_decode()) && !error.is_connect();
                // Not reqwest's own message, which contains the URL.
                let why = std::error::Error::source(error).map(chain);
                is_cut.then(|| why.unwrap_or_else(|| "the connection ended".to_owned()))
            }
        },
        _ => None,
    }
}

/// <https://www.rfc-editor.org/rfc/rfc9110#section-15.6>; 501 is permanent.
fn may_pass(status: u16) -> bool {
    matches!(status, 429 | 500 | 502..=504 | 506..=599)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::time::Instant;

    use super::*;

    fn server_error(code: u16) -> OciError {
        OciError::ServerError { code, url: String::new(), message: String::new() }
    }

    fn registry_error(code: &str) -> OciError {
        let envelope = format!(r#"{{"errors": [{{"code": "{code}", "message": ""}}]}}"#);
        OciError::RegistryError { envelope: serde_json::from_str(&envelope).unwrap(), url: String::new() }
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_asked_again_after_pauses_that_double_and_not_for_long() {
        let (since, asked) = (Instant::now(), Cell::new(0));
        let mut tries = Tries::new("ghcr.io", 4);
        let failed = tries.ask(async || {
            asked.set(asked.get() + 1);
            Err::<(), _>(server_error(503))
        });
        assert!(matches!(failed.await, Err(OciError::ServerError { code: 503, .. })));
        assert_eq!((asked.get(), since.elapsed().as_millis()), (5, 500 + 1000 + 2000 + 4000));
        assert!(!tries.again("a part of the same request").await, "they are shared by all of a request");
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_answer_counts_and_what_does_not_pass_is_asked_once() {
        let ask = async |fail: fn() -> OciError, times: u32| {
            let asked = Cell::new(0);
            let said = Tries::new("ghcr.io", 4)
                .ask(async || {
                    asked.set(asked.get() + 1);
                    if asked.get() <= times { Err(fail()) } else { Ok(()) }
                })
                .await;
            (asked.get(), said.is_ok())
        };
        for passes in [
            || server_error(429),
            || server_error(500),
            || server_error(502),
            || registry_error("TOOMANYREQUESTS"),
        ] {
            assert_eq!(ask(passes, 2).await, (3, true));
        }
        for stays in
            [|| server_error(401), || server_error(404), || server_error(501), || registry_error("DENIED")]
        {
            assert_eq!(ask(stays, 2).await, (1, false));
        }
    }
}
