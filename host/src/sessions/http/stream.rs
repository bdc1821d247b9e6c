//! Bodies in chunks: answers that are read on demand, and request bodies that are fed chunk by chunk.

use std::time::Duration;

use futures_util::stream::unfold;
use tokio::sync::{mpsc, oneshot};

use super::{Http, HttpError, HttpRequest, Limit, from_reqwest, headers_of};

/// The body of a request, sent as it is fed.
#[derive(Debug)]
pub struct Upload {
    /// `None` marks its end.
    chunks: mpsc::Receiver<Option<Vec<u8>>>,
    /// Dropped when the body has been sent.
    sending: oneshot::Sender<()>,
    sent: oneshot::Receiver<()>,
}

/// Feeds an [`Upload`]. Dropping it before the [end](Feed::end) aborts the request.
#[derive(Debug)]
pub struct Feed {
    chunks: mpsc::Sender<Option<Vec<u8>>>,
    left: u64,
    limit: u64,
    timeout: Duration,
}

/// The body was not fed to its end.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the request was given up before its body was sent")]
struct Abandoned;

/// An answer whose body is read in chunks. Dropping it closes the connection.
#[derive(Debug)]
pub struct Download {
    /// Status, such as 200.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    response: reqwest::Response,
    host: String,
    limit: Limit,
    read: u64,
    timeout: Duration,
}

impl Http {
    /// A body to feed, of at most `[limits] request_max_bytes`.
    pub fn upload(&self) -> (Feed, Upload) {
        // One chunk waits while another is sent, so the feeding side waits for the network.
        let (chunks, taken) = mpsc::channel(1);
        let (sending, sent) = oneshot::channel();
        let limit = self.max_request_bytes as u64;
        let feed = Feed { chunks, left: limit, limit, timeout: self.timeout };
        (feed, Upload { chunks: taken, sending, sent })
    }

    /// Sends a request, with `upload` as its body if there is one, and waits for the head of the answer. The time
    /// limit applies to the head once the body has been sent, and to each chunk. Redirects are followed, but not with
    /// an upload.
    ///
    /// # Errors
    /// There was no answer; an answer of any status is a success.
    pub async fn open(&self, request: HttpRequest, upload: Option<Upload>) -> Result<Download, HttpError> {
        self.check_open()?;
        let timeout = request.timeout.unwrap_or(self.timeout);
        let limit = Limit::of(&request, self.max_body_bytes as u64);
        let client = self.client_for(&request)?;
        let mut prepared = self.prepare(request)?;
        let host = prepared.url().host_str().unwrap_or_default().to_owned();
        let sent = upload.map(|Upload { chunks, sending, sent }| {
            let chunks = unfold(Some((chunks, sending)), async |open| {
                let (mut chunks, sending) = open?;
                match chunks.recv().await {
                    Some(Some(chunk)) => Some((Ok(chunk), Some((chunks, sending)))),
                    Some(None) => None,
                    // Without its end the body must not be taken for complete.
                    None => Some((Err(Abandoned), None)),
                }
            });
            *prepared.body_mut() = Some(reqwest::Body::wrap_stream(chunks));
            sent
        });
        let late = async {
            if let Some(sent) = sent {
                let _ = sent.await;
            }
            tokio::time::sleep(timeout).await;
        };
        let response = tokio::select! {
            answer = client.execute(prepared) => answer.map_err(|error| from_reqwest(error, &host, timeout))?,
            () = late => return Err(HttpError::Timeout { host, after: timeout }),
        };
        if response.content_length().is_some_and(|announced| announced > limit.bytes) {
            return Err(limit.exceeded(host));
        }
        let (status, headers) = (response.status().as_u16(), headers_of(&response));
        Ok(Download { status, headers, response, host, limit, read: 0, timeout })
    }
}

impl Feed {
    /// Waits until there is room, and hands over the next chunk. `false`: the request is over, and no more is wanted.
    ///
    /// # Errors
    /// The body exceeds its limit, or there was no room for `[http] request_timeout_ms`.
    pub async fn chunk(&mut self, chunk: Vec<u8>) -> Result<bool, HttpError> {
        let Some(left) = self.left.checked_sub(chunk.len() as u64) else {
            let limit = self.limit;
            return Err(HttpError::Invalid(format!(
                "its body is larger than {limit} bytes (`[limits] request_max_bytes`)"
            )));
        };
        self.left = left;
        self.hand_over(Some(chunk)).await
    }

    /// Marks the body as complete. `false`: the request is over, and it is no longer wanted.
    ///
    /// # Errors
    /// As [`Feed::chunk`].
    pub async fn end(self) -> Result<bool, HttpError> {
        self.hand_over(None).await
    }

    async fn hand_over(&self, chunk: Option<Vec<u8>>) -> Result<bool, HttpError> {
        let after = self.timeout;
        let handed_over = tokio::time::timeout(after, self.chunks.send(chunk)).await;
        Ok(handed_over.map_err(|_| HttpError::Stalled { after })?.is_ok())
    }
}

impl Download {
    /// The next chunk; `None` at the end. Cancel safe.
    ///
    /// # Errors
    /// The connection broke, took too long, or the body is larger than its limit.
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>, HttpError> {
        let after = self.timeout;
        let read = tokio::time::timeout(after, self.response.chunk()).await;
        let read = read.map_err(|_| HttpError::Timeout { host: self.host.clone(), after })?;
        let chunk = read.map_err(|error| from_reqwest(error, &self.host, after))?;
        let Some(chunk) = chunk else { return Ok(None) };
        self.read += chunk.len() as u64;
        if self.read > self.limit.bytes {
            return Err(self.limit.exceeded(self.host.clone()));
        }
        Ok(Some(chunk.into()))
    }
}
