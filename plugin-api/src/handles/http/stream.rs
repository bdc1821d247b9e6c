//! Bodies in chunks. A stream belongs to its generation: it ends when it is dropped, and when the cog is replaced.

use abi_stable::std_types::{RNone, ROption, RResult, RSome, RVec};
use async_ffi::LocalFfiFuture;
use serde::de::DeserializeOwned;

use super::{header, not_json, refused};
use crate::{
    Result,
    abi::{self, HandleError, Reply},
};

/// An answer whose body is read in chunks: the host only reads more on demand. Dropping it closes the connection.
#[derive(Debug)]
pub struct HttpStream {
    stream: Stream,
    head: Reply,
    server: String,
}

/// A request whose body is written in chunks. Dropping it before it is finished aborts the request.
pub struct HttpUpload {
    stream: Stream,
    answer: LocalFfiFuture<RResult<Reply, HandleError>>,
    server: String,
}

/// A stream of this generation.
struct Stream {
    host: abi::Host,
    number: u64,
}

impl Drop for Stream {
    fn drop(&mut self) {
        (self.host.table.http_close())(self.host.lease, self.number);
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.number.fmt(out)
    }
}

impl Stream {
    fn open(host: abi::Host) -> Result<Self, HandleError> {
        let number = (host.table.http_stream())(host.lease).into_result()?;
        Ok(Self { host, number })
    }

    async fn feed(&self, chunk: ROption<RVec<u8>>) -> Result<bool, HandleError> {
        (self.host.table.http_feed())(self.host.lease, self.number, chunk).await.into_result()
    }

    async fn chunk(&self) -> Result<Option<Vec<u8>>, HandleError> {
        let chunk = (self.host.table.http_chunk())(self.host.lease, self.number).await.into_result()?;
        Ok(chunk.into_option().map(Into::into))
    }
}

impl HttpStream {
    pub(super) async fn open(host: abi::Host, request: abi::HttpRequest, server: String) -> Result<Self> {
        let stream = Stream::open(host)?;
        let head = (host.table.http_send())(host.lease, stream.number, request, false).await.into_result()?;
        Ok(Self { stream, head, server })
    }

    /// The status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.head.status
    }

    /// Returns the answer, or an error if the status is 400 or more. The error has the status.
    ///
    /// # Errors
    /// [`Status`](abi::HandleErrorKind::Status).
    pub fn error_for_status(self) -> Result<Self> {
        match refused(self.status(), &self.server) {
            Some(error) => Err(error.into()),
            None => Ok(self),
        }
    }

    /// The value of a header; the case of `name` does not matter.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    /// The next chunk of the body, in the size in which it arrived; `None` at the end. Dropping the future loses no
    /// data.
    ///
    /// # Errors
    /// If the connection broke, if nothing arrived in time, or if there is more than the limit allows.
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>> {
        Ok(self.stream.chunk().await?)
    }

    /// The rest of the body.
    ///
    /// # Errors
    /// The same as [`chunk`](Self::chunk).
    pub async fn bytes(mut self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// The rest of the body as text. Invalid UTF-8 is replaced.
    ///
    /// # Errors
    /// The same as [`chunk`](Self::chunk).
    pub async fn text(self) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.bytes().await?).into_owned())
    }

    /// The rest of the body as JSON.
    ///
    /// # Errors
    /// The same as [`chunk`](Self::chunk); also if it is not JSON of that shape.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T> {
        let server = self.server.clone();
        serde_json::from_slice(&self.bytes().await?).map_err(|error| not_json(&server, &error))
    }
}

impl HttpUpload {
    pub(super) fn begin(host: abi::Host, mut request: abi::HttpRequest, server: String) -> Result<Self> {
        request.body = RVec::new();
        let stream = Stream::open(host)?;
        // The host sends it from here on, whether this is polled or not.
        let answer = (host.table.http_send())(host.lease, stream.number, request, true);
        Ok(Self { stream, answer, server })
    }

    /// Writes the next chunk, and waits until there is room for another one. `false` if the server has already answered
    /// or is gone; [`finish`](Self::finish) tells which.
    ///
    /// # Errors
    /// If the body is larger than the host's limit for requests, or the server does not accept more for too long.
    pub async fn write(&mut self, chunk: impl Into<Vec<u8>>) -> Result<bool> {
        Ok(self.stream.feed(RSome(chunk.into().into())).await?)
    }

    /// Ends the body and waits for the head of the answer.
    ///
    /// # Errors
    /// If there was no answer.
    pub async fn finish(self) -> Result<HttpStream> {
        let Self { stream, answer, server } = self;
        stream.feed(RNone).await?;
        let head = answer.await.into_result()?;
        Ok(HttpStream { stream, head, server })
    }
}
