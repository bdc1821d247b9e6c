//! A dialed connection: handshakes, then text frames.
//! It knows no session and no heartbeat.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::header::{RETRY_AFTER, USER_AGENT};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

use crate::{
    sessions::discord::AGENT,
    text::{self, OneLine},
};

/// Time limit for sending one frame, or for a handshake, before the connection is treated as dead.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// How much is read at once. The library zeroes the whole buffer before every read, and most frames are small.
const READ_BUFFER: usize = 4 << 10;
/// The longest close reason that is repeated, in bytes. The protocol allows 123 bytes, but servers make mistakes.
/// <https://www.rfc-editor.org/rfc/rfc6455#section-5.5>
const MAX_REASON: usize = 123;
/// The GUILD_CREATE of a large guild can have several megabytes.
const MAX_FRAME: usize = 64 << 20;

/// An open connection.
pub(super) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// Why no connection was established.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) why: String,
    /// How long the server wants to be left alone, if it said so.
    pub(super) wait: Duration,
}

impl From<String> for Failed {
    fn from(why: String) -> Failed {
        Failed { why, wait: Duration::ZERO }
    }
}

/// The answer to a handshake did not open the websocket. A proxy in front of Discord may say when to retry.
/// <https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3>
fn not_opened(host: &str, error: &Error) -> Failed {
    let wait = match error {
        Error::Http(answer) => answer.headers().get(RETRY_AFTER),
        _ => None,
    };
    let wait = wait.and_then(|seconds| seconds.to_str().ok()?.trim().parse().ok()).map(Duration::from_secs);
    Failed { why: format!("the handshake with `{host}` failed: {error}"), wait: wait.unwrap_or_default() }
}

/// What was received.
pub(super) enum Received {
    Text(Utf8Bytes),
    Binary,
    /// The end: with the server's close code, or without one if the connection broke.
    Closed {
        code: Option<u16>,
        /// What happened, including the server's reason.
        why: String,
    },
}

fn closed(frame: Option<&CloseFrame>) -> Received {
    let Some(frame) = frame else {
        return Received::Closed { code: None, why: "closed without a code".to_owned() };
    };
    let code = u16::from(frame.code);
    let mut reason = frame.reason.trim().to_owned();
    text::cut(&mut reason, MAX_REASON);
    let why = match &*reason {
        "" => format!("closed with {code}"),
        reason => format!("closed with {code}: {}", OneLine(reason)),
    };
    Received::Closed { code: Some(code), why }
}

/// The address of a gateway.
pub(super) struct Address {
    url: reqwest::Url,
    pub(super) host: String,
    pub(super) port: u16,
}

impl Address {
    /// Parses a `ws` or `wss` URL, for version 10 of the gateway, JSON, uncompressed.
    pub(super) fn read(url: &str) -> Result<Address, String> {
        let mut url =
            reqwest::Url::parse(url).map_err(|error| format!("its address is not a URL: {error}"))?;
        if !matches!(url.scheme(), "ws" | "wss") {
            return Err(format!("its address begins with `{}` and not with ws or wss", url.scheme()));
        }
        let host = url.host_str().ok_or("its address names no host")?.to_owned();
        let port = url.port_or_known_default().ok_or("its address names no port")?;
        url.set_query(Some("v=10&encoding=json"));
        Ok(Address { url, host, port })
    }
}

impl Socket {
    /// Makes the handshakes on a connection to `address`. From here on it belongs to the calling runtime.
    pub(super) async fn connect(
        stream: std::net::TcpStream,
        address: &Address,
        tls: &Arc<ClientConfig>,
    ) -> Result<Socket, Failed> {
        let stream = TcpStream::from_std(stream).map_err(|error| error.to_string())?;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .max_message_size(Some(MAX_FRAME))
            .max_frame_size(Some(MAX_FRAME));
        let mut request = address.url.as_str().into_client_request().map_err(|error| error.to_string())?;
        // The handshake is HTTP, and some servers reject it without this header.
        request.headers_mut().insert(USER_AGENT, AGENT.clone());
        let handshake = client_async_tls_with_config(
            request,
            stream,
            Some(config),
            Some(Connector::Rustls(Arc::clone(tls))),
        );
        match tokio::time::timeout(SEND_TIMEOUT, handshake).await {
            Ok(Ok((stream, _))) => Ok(Socket { stream }),
            Ok(Err(error)) => Err(not_opened(&address.host, &error)),
            Err(_) => {
                let (host, within) = (&address.host, SEND_TIMEOUT.as_secs());
                Err(format!("`{host}` did not answer the handshake within {within} s").into())
            }
        }
    }

    /// The next frame with content. Cancel safe.
    pub(super) async fn receive(&mut self) -> Received {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return Received::Text(text),
                Some(Ok(Message::Close(frame))) => return closed(frame.as_ref()),
                Some(Ok(Message::Binary(_))) => return Received::Binary,
                // The library answers pings.
                Some(Ok(_)) => {}
                Some(Err(error)) => return Received::Closed { code: None, why: format!("broken: {error}") },
                None => return Received::Closed { code: None, why: "the connection ended".to_owned() },
            }
        }
    }

    /// Sends one text frame.
    pub(super) async fn send(&mut self, text: String) -> Result<(), String> {
        match tokio::time::timeout(SEND_TIMEOUT, self.stream.send(Message::text(text))).await {
            Ok(sent) => sent.map_err(|error| format!("broken: {error}")),
            Err(_) => Err(format!("a frame could not be sent within {} s", SEND_TIMEOUT.as_secs())),
        }
    }

    /// Sends a close frame with this code and waits for the other side, but not longer than `within`.
    pub(super) async fn close(mut self, code: u16, within: Duration) {
        let frame = CloseFrame { code: code.into(), reason: Utf8Bytes::default() };
        let goodbye = async {
            if self.stream.close(Some(frame)).await.is_ok() {
                while let Some(Ok(_)) = self.stream.next().await {}
            }
        };
        // If the server does not answer, dropping the socket closes it.
        let _ = tokio::time::timeout(within, goodbye).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio_tungstenite::tungstenite::http::Response;

    use super::*;

    #[test]
    fn who_refuses_a_handshake_says_when_to_come_again() {
        for (said, wait) in
            [("30", 30), (" 7 ", 7), ("-1", 0), ("1e9", 0), ("Mon, 30 Nov 2026 23:00:00 GMT", 0)]
        {
            let answer = Response::builder().status(429).header("retry-after", said).body(None).unwrap();
            let failed = not_opened("gateway", &Error::Http(Box::new(answer)));
            assert_eq!(failed.wait, Duration::from_secs(wait), "{said}");
            assert_eq!(failed.why, "the handshake with `gateway` failed: HTTP error: 429 Too Many Requests");
        }
    }

    fn why(reason: &str) -> String {
        let frame = CloseFrame { code: 4002.into(), reason: Utf8Bytes::from(reason) };
        match closed(Some(&frame)) {
            Received::Closed { code: Some(4002), why } => why,
            _ => panic!("a close with 4002"),
        }
    }

    #[test]
    fn a_close_says_what_the_server_said_on_one_line() {
        assert_eq!(why("User-Agent is required. "), "closed with 4002: User-Agent is required.");
        assert_eq!(why(""), "closed with 4002");
        assert_eq!(why("a\n00:00 ERROR x\u{1b}[2J"), "closed with 4002: a\\n00:00 ERROR x\\u{1b}[2J");
        assert_eq!(why("a\u{202e}b\u{2028}ä"), "closed with 4002: a\\u{202e}b\\u{2028}ä");
        let long = why(&"x".repeat(4_000));
        assert!(long.chars().count() < 160 && long.ends_with('…'), "{long}");
    }
}
