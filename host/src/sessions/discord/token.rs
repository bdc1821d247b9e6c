//! The bot's token: where it comes from, what is obviously not a token, and whether Discord still accepts it. No
//! message from this module contains it.

use std::error::Error as _;
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::limits::locked;
use crate::config::{self, Secret, SecretError};
use crate::sessions::{Backoff, OpenError};

/// How long nothing is sent after Discord has rejected the token; it doubles with each further rejection.
const FIRST_PAUSE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(900);

/// The token: the one that the program passed, else `DISCORD_TOKEN`, else the file.
pub(super) fn read(discord: &config::Discord) -> Result<Secret, OpenError> {
    let help =
        "put the bot's token into the variable DISCORD_TOKEN, or into a file named by `[discord] token_file`";
    let refuse =
        |why: String, help| OpenError::new("discord", "reading the token", why, help).configuration();
    let invalid = |error: SecretError| {
        let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
        refuse(format!("{error}{cause}"), help)
    };
    let (token, origin) = if let Some(token) = &discord.token {
        return Ok(token.clone());
    } else if let Some(text) = std::env::var_os("DISCORD_TOKEN").filter(|text| !text.is_empty()) {
        let origin = "the variable DISCORD_TOKEN".to_owned();
        (Secret::new(&text.to_string_lossy(), &origin).map_err(invalid)?, origin)
    } else if let Some(file) = &discord.token_file {
        (Secret::read(file).map_err(invalid)?, format!("the token file `{}`", file.display()))
    } else {
        return Err(refuse("there is none".to_owned(), help));
    };
    if is_placeholder(token.expose()) {
        let why = format!("{origin} holds a placeholder, not a token");
        return Err(refuse(
            why,
            "put the bot's own token there; Discord's developer portal shows it under Bot → Reset Token",
        ));
    }
    Ok(token)
}

/// What examples and templates put in place of a token. A bot's token contains dots.
/// <https://discord.com/developers/docs/reference#authentication>
fn is_placeholder(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "bottoken",
        "discordtoken",
        "discordbottoken",
        "example",
        "mytoken",
        "none",
        "null",
        "placeholder",
        "secret",
        "tbd",
        "thetoken",
        "todo",
        "token",
        "tokenhere",
        "undefined",
    ];
    const BEGINNINGS: &[&str] = &["changeme", "changethis", "enter", "insert", "paste", "replace", "your"];
    let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    !text.contains('.')
        && (WORDS.contains(&plain.as_str())
            || BEGINNINGS.iter().any(|begin| plain.starts_with(begin))
            || plain.bytes().all(|byte| matches!(byte, b'x' | b'0')))
}

/// What a text without dots may be instead, for the help text.
pub(super) fn resembles(token: &Secret) -> &'static str {
    match token.expose().contains('.') {
        true => "",
        false => "; a bot's token has two dots, so this may be the client secret or the public key",
    }
}

/// Whether Discord accepts the token. A token that was reset is rejected for good, and each further 401 brings a ban
/// of this address nearer.
/// <https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans>
#[derive(Default)]
pub(super) struct TokenState {
    state: Mutex<State>,
    /// Notified when the token is no longer in doubt.
    checked: Notify,
}

/// Discord is being asked about the token. Dropping this means that an answer has arrived, or that none will.
pub(super) struct TokenCheck<'s>(&'s TokenState);

impl Drop for TokenCheck<'_> {
    fn drop(&mut self) {
        let mut state = locked(&self.0.state);
        if matches!(*state, State::Suspected) {
            *state = State::Accepted;
        }
        drop(state);
        self.0.checked.notify_waiters();
    }
}

#[derive(Default)]
enum State {
    #[default]
    Accepted,
    /// A request was answered 401, and another request finds out whether the token is to blame.
    Suspected,
    /// Nothing is sent before this time; then one request checks whether the token is still rejected.
    Refused { until: Instant, backoff: Backoff },
}

impl TokenState {
    /// Whether nothing that needs the token may be sent at this moment.
    pub(super) fn is_stopped(&self) -> bool {
        matches!(&*locked(&self.state), State::Refused { until, .. } if Instant::now() < *until)
    }

    /// Whether a request with the token may be sent now; after a stop, only one request gets `true`.
    pub(super) fn allows(&self) -> bool {
        let now = Instant::now();
        match &mut *locked(&self.state) {
            State::Refused { until, .. } if now < *until => false,
            State::Refused { until, backoff } => {
                *until = now + backoff.pause();
                true
            }
            State::Accepted | State::Suspected => true,
        }
    }

    /// A request was answered 401. The first caller must ask Discord about the token, and report the result with
    /// [`TokenState::accepted`] or [`TokenState::refused`]; the others get `None`, and wait for the
    /// [`checked`](Self::checked).
    pub(super) fn begin_check(&self) -> Option<TokenCheck<'_>> {
        let mut state = locked(&self.state);
        let is_first = matches!(*state, State::Accepted);
        if is_first {
            *state = State::Suspected;
        }
        is_first.then(|| TokenCheck(self))
    }

    /// Waits while Discord is being asked about the token.
    pub(super) async fn checked(&self) {
        loop {
            let end = self.checked.notified();
            if !matches!(*locked(&self.state), State::Suspected) {
                return;
            }
            end.await;
        }
    }

    /// Discord accepts the token.
    pub(super) fn accepted(&self) {
        let mut state = locked(&self.state);
        if let State::Refused { .. } = std::mem::take(&mut *state) {
            tracing::info!("Discord accepts the bot's token again");
        }
    }

    /// Discord rejects the token.
    pub(super) fn refused(&self) {
        let mut state = locked(&self.state);
        if matches!(*state, State::Refused { .. }) {
            return;
        }
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        let pause = backoff.pause();
        *state = State::Refused { until: Instant::now() + pause, backoff };
        tracing::error!(
            retry_ms = pause.as_millis() as u64,
            "Discord refuses the bot's token (401): it was reset or revoked. The bot sends nothing but answers to interactions; put the new token into the file of `[discord] token_file` and `gearshift restart`, or into DISCORD_TOKEN and start the host again"
        );
    }

    /// Whether the token is known to be rejected.
    pub(super) fn is_refused(&self) -> bool {
        matches!(*locked(&self.state), State::Refused { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_no_tokens_and_tokens_are_no_placeholders() {
        for text in
            ["changeme", "CHANGE_ME", "your-token-here", "YOUR_BOT_TOKEN", "token", "xxxxxxxx", "todo"]
        {
            assert!(is_placeholder(text), "{text}");
        }
        for text in
            ["MTIz.Gsimul.your-token", "from.a.file", "wrong-token", "0123456789abcdef0123456789abcdef"]
        {
            assert!(!is_placeholder(text), "{text}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_token_is_tried_again_now_and_then_and_may_be_accepted_again() {
        let token = TokenState::default();
        let check = token.begin_check();
        assert!(token.allows() && check.is_some() && token.begin_check().is_none());
        token.refused();
        drop(check);
        let mut tried = 0;
        for _ in 0..3600 {
            tried += u32::from(token.allows());
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert!((4..=12).contains(&tried), "{tried} in an hour");
        token.accepted();
        assert!(token.allows() && token.begin_check().is_some());
    }

    #[tokio::test]
    async fn a_second_401_waits_for_what_is_found_out_and_for_no_one_that_gave_up() {
        let token = TokenState::default();
        let check = token.begin_check();
        let mut checked = std::pin::pin!(token.checked());
        assert!(futures_util::poll!(checked.as_mut()).is_pending());
        token.refused();
        drop(check);
        checked.await;
        assert!(token.is_refused());
        // The request about the token was given up: the next one asks.
        token.accepted();
        let given_up = token.begin_check();
        let checked = token.checked();
        drop(given_up);
        checked.await;
        assert!(!token.is_refused() && token.begin_check().is_some());
    }
}
