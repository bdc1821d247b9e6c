//! The connection, once it is dialed: handshakes, then text frames.
//! It knows no session and no heartbeat.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

/// How long one frame may take to be sent, and a handshake to be made, before the connection counts as dead.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// How much is read at once. The library clears all of it before every read, and most frames are small.
const READ_BUFFER: usize = 16 << 10;
/// A GUILD_CREATE of a large guild has some megabytes.
const MAX_FRAME: usize = 64 << 20;

/// An open connection.
pub(super) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// What came in.
pub(super) enum Received {
    Text(Utf8Bytes),
    /// The end: with the server's close code, or without one when the connection broke.
    Closed {
        code: Option<u16>,
        why: String,
    },
}

/// Where a gateway is.
pub(super) struct Address {
    url: reqwest::Url,
    pub(super) host: String,
    pub(super) port: u16,
}

impl Address {
    /// Reads a URL of the scheme `ws` or `wss`, for version 10 of the gateway, JSON, uncompressed.
    pub(super) fn read(url: &str) -> Result<Address, String> {
        let mut url = reqwest::Url::parse(url).map_err(|error| format!("its address is no URL: {error}"))?;
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
    pub(super) async fn connect(stream: std::net::TcpStream, address: &Address) -> Result<Socket, String> {
        let stream = TcpStream::from_std(stream).map_err(|error| error.to_string())?;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .max_message_size(Some(MAX_FRAME))
            .max_frame_size(Some(MAX_FRAME));
        let handshake = client_async_tls_with_config(address.url.as_str(), stream, Some(config), None);
        match tokio::time::timeout(SEND_TIMEOUT, handshake).await {
            Ok(Ok((stream, _))) => Ok(Socket { stream }),
            Ok(Err(error)) => Err(format!("the handshake with `{}` failed: {error}", address.host)),
            Err(_) => {
                let (host, within) = (&address.host, SEND_TIMEOUT.as_secs());
                Err(format!("`{host}` did not answer the handshake within {within} s"))
            }
        }
    }

    /// The next text frame. Dropping the future loses nothing.
    pub(super) async fn receive(&mut self) -> Received {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return Received::Text(text),
                Some(Ok(Message::Close(frame))) => {
                    let code = frame.map(|frame| u16::from(frame.code));
                    let why =
                        code.map_or("closed without a code".to_owned(), |code| format!("closed with {code}"));
                    return Received::Closed { code, why };
                }
                // Pings are answered by the library; a binary frame cannot come, `compress` is off.
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

    /// Says goodbye with a code and waits for the other side, but not longer than `within`.
    pub(super) async fn close(mut self, code: u16, within: Duration) {
        let frame = CloseFrame { code: code.into(), reason: Utf8Bytes::default() };
        let goodbye = async {
            if self.stream.close(Some(frame)).await.is_ok() {
                while let Some(Ok(_)) = self.stream.next().await {}
            }
        };
        // Whoever does not answer a close is closed all the same, by dropping the socket.
        let _ = tokio::time::timeout(within, goodbye).await;
    }
}
