//! The http handle: requests with complete bodies, and streams, whose bodies come in chunks.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use abi_stable::std_types::{ROption, RResult, RVec};
use async_ffi::LocalFfiFuture;
use gearshift_cog::abi::{self, HandleError, HandleErrorKind, Header, Reply};

use super::{
    Lease, error,
    lease::Local,
    request::{
        self, AsyncRequest, Found, HttpChunk, HttpFeed, HttpSend, HttpStream, Notification, SyncRequest,
    },
    slot::{self, Work},
};
use crate::sessions::http::{Download, Feed, HttpError, HttpRequest};

/// Maximum number of concurrent requests and of open streams of one generation: each takes a file descriptor of the
/// host, and its answer takes the host's memory, which all cogs share.
pub(super) const REQUESTS: usize = 64;
const STREAMS: usize = 256;

/// The streams of a generation, by number. Removing a stream closes its connection.
#[derive(Debug)]
pub(super) struct Streams {
    open: Mutex<HashMap<u64, Stream>>,
    last: AtomicU64,
    most: usize,
}

/// One request whose bodies come in chunks. Each of its parts is used by one call at a time.
#[derive(Clone, Debug, Default)]
struct Stream {
    feed: Part<Feed>,
    answer: Part<Download>,
}

type Part<T> = Arc<tokio::sync::Mutex<Option<T>>>;

impl Streams {
    /// At most `most` streams at once, and never more than [`STREAMS`].
    pub(super) fn new(most: usize) -> Streams {
        Streams { open: Mutex::default(), last: AtomicU64::new(0), most: most.min(STREAMS) }
    }

    /// Closes a stream.
    pub(super) fn close(&self, number: u64) {
        self.lock().remove(&number);
    }

    /// Closes all streams.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Stream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<u64, HandleError> {
        let (mut open, most) = (self.lock(), self.most);
        if open.len() >= most {
            let text =
                format!("{most} streams are open (`[limits] calls_in_flight`, {STREAMS} at most); drop some");
            return Err(error(HandleErrorKind::Invalid, text));
        }
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        open.insert(number, Stream::default());
        Ok(number)
    }

    fn find(&self, number: u64) -> Result<Stream, HandleError> {
        self.lock().get(&number).cloned().ok_or_else(closed)
    }
}

fn closed() -> HandleError {
    error(HandleErrorKind::Invalid, "this stream is closed")
}

pub(super) extern "C" fn request(
    lease: abi::Lease,
    request: abi::HttpRequest,
) -> LocalFfiFuture<RResult<Reply, HandleError>> {
    slot::call(lease, request)
}

impl AsyncRequest for abi::HttpRequest {
    type Answer = Reply;
    type Output = Reply;

    fn work(&self) -> Work {
        Work::of(self.method)
    }

    fn begin(
        self,
        local: &Local,
    ) -> impl Future<Output = Result<Reply, HandleError>> + Send + 'static + use<> {
        let request = taken(local, self);
        let http = local.sessions.http.clone();
        let places = Arc::clone(&local.requests);
        async move {
            let _place = places.acquire_owned().await;
            let answer = http.request(request).await.map_err(failed)?;
            Ok(Reply { status: answer.status, headers: headers(answer.headers), body: answer.body.into() })
        }
    }
}

pub(super) extern "C" fn stream(lease: abi::Lease) -> RResult<u64, HandleError> {
    request::answer_sync(Lease::of(lease), HttpStream {}).into()
}

impl SyncRequest for HttpStream {
    type Answer = u64;

    fn answer(self, local: &Local) -> Result<u64, HandleError> {
        local.streams.open()
    }
}

pub(super) extern "C" fn send(
    lease: abi::Lease,
    stream: u64,
    request: abi::HttpRequest,
    is_fed: bool,
) -> LocalFfiFuture<RResult<Reply, HandleError>> {
    slot::call(lease, HttpSend { stream, request, is_fed })
}

impl AsyncRequest for HttpSend {
    type Answer = Reply;
    type Output = Reply;

    /// Given up with the stream, whatever its method: the cog provides its body.
    fn work(&self) -> Work {
        Work::Read
    }

    fn begin(
        self,
        local: &Local,
    ) -> impl Future<Output = Result<Reply, HandleError>> + Send + 'static + use<> {
        let HttpSend { stream, request, is_fed } = self;
        let request = taken(local, request);
        let http = local.sessions.http.clone();
        let stream = local.streams.find(stream);
        // Set before the work begins, so that the next chunk can be fed.
        let upload = stream.as_ref().ok().filter(|_| is_fed).and_then(|stream| {
            let (feed, upload) = http.upload();
            *stream.feed.try_lock().ok()? = Some(feed);
            Some(upload)
        });
        async move {
            let stream = stream?;
            let mut answer = http.open(request, upload).await.map_err(failed)?;
            let headers = headers(std::mem::take(&mut answer.headers));
            let status = answer.status;
            *stream.answer.lock().await = Some(answer);
            Ok(Reply { status, headers, body: RVec::new() })
        }
    }
}

pub(super) extern "C" fn feed(
    lease: abi::Lease,
    stream: u64,
    chunk: ROption<RVec<u8>>,
) -> LocalFfiFuture<RResult<bool, HandleError>> {
    slot::call(lease, HttpFeed { stream, chunk })
}

impl AsyncRequest for HttpFeed {
    type Answer = bool;
    type Output = bool;

    fn work(&self) -> Work {
        Work::Read
    }

    fn begin(
        self,
        local: &Local,
    ) -> impl Future<Output = Result<bool, HandleError>> + Send + 'static + use<> {
        let stream = local.streams.find(self.stream);
        let chunk = self.chunk.into_option().map(RVec::into_vec);
        async move {
            let stream = stream?;
            let mut feed = stream.feed.lock().await;
            let is_wanted = match (&mut *feed, chunk) {
                (Some(feed), Some(chunk)) => feed.chunk(chunk).await,
                (open @ Some(_), None) => match open.take() {
                    Some(feed) => feed.end().await,
                    None => Ok(false),
                },
                (None, _) => return Err(error(HandleErrorKind::Invalid, "this stream has no body to feed")),
            };
            is_wanted.map_err(failed)
        }
    }
}

pub(super) extern "C" fn chunk(
    lease: abi::Lease,
    stream: u64,
) -> LocalFfiFuture<RResult<ROption<RVec<u8>>, HandleError>> {
    slot::call(lease, HttpChunk { stream })
}

impl AsyncRequest for HttpChunk {
    type Answer = Found;
    type Output = ROption<RVec<u8>>;

    fn work(&self) -> Work {
        Work::Read
    }

    fn begin(
        self,
        local: &Local,
    ) -> impl Future<Output = Result<Found, HandleError>> + Send + 'static + use<> {
        let stream = local.streams.find(self.stream);
        async move {
            let stream = stream?;
            let mut answer = stream.answer.lock().await;
            let answer = answer
                .as_mut()
                .ok_or_else(|| error(HandleErrorKind::Invalid, "this stream has no answer yet"))?;
            Ok(Found(answer.chunk().await.map_err(failed)?.map(RVec::from).into()))
        }
    }
}

pub(super) extern "C" fn close(lease: abi::Lease, stream: u64) {
    request::notify(Lease::of(lease), Notification::HttpClose(stream));
}

fn headers(headers: Vec<(String, Vec<u8>)>) -> RVec<Header> {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    headers.into_iter().map(|(name, value)| Header { name: name.into(), value: text(value).into() }).collect()
}

fn taken(local: &Local, request: abi::HttpRequest) -> HttpRequest {
    let headers =
        request.headers.into_iter().map(|it| (it.name.into_string(), it.value.into_string().into_bytes()));
    HttpRequest {
        method: request.method.as_str().to_owned(),
        url: request.url.into_string(),
        headers: headers.collect(),
        body: request.body.into_vec(),
        timeout: (request.timeout_ms > 0).then(|| Duration::from_millis(request.timeout_ms)),
        same_origin_redirects: !local.follows_anywhere(),
        max_bytes: (request.max_bytes > 0).then_some(request.max_bytes),
    }
}

fn failed(cause: HttpError) -> HandleError {
    let kind = match &cause {
        HttpError::Invalid(_) | HttpError::TooLarge { .. } => HandleErrorKind::Invalid,
        HttpError::Connect { .. } | HttpError::Broken { .. } => HandleErrorKind::Connect,
        HttpError::Timeout { .. } | HttpError::Stalled { .. } => HandleErrorKind::Timeout,
        HttpError::Closed => HandleErrorKind::Missing,
    };
    error(kind, cause.to_string())
}

#[cfg(test)]
mod tests {
    use abi_stable::std_types::RNone;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::{super::lease::Backend, *};
    use crate::handles::{slot::lease, table};

    fn get(url: String) -> abi::HttpRequest {
        abi::HttpRequest {
            method: abi::Method::Get,
            url: url.into(),
            headers: RVec::new(),
            body: RVec::new(),
            timeout_ms: 0,
            max_bytes: 0,
        }
    }

    #[tokio::test]
    async fn a_stream_ends_with_its_generation_and_its_connection_is_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let closed = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nbeginning").await.unwrap();
            // The request, and then the end.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        });
        let lease = lease().await;
        let raw = Lease::lend(&lease);
        let number = (table().http_stream())(raw).into_result().unwrap();
        let head = (table().http_send())(raw, number, get(url), false).await.into_result().unwrap();
        assert_eq!(head.status, 200);
        let chunk = (table().http_chunk())(raw, number).await.into_result().unwrap();
        assert_eq!(chunk.unwrap().as_slice(), b"beginning");
        lease.retire();
        tokio::time::timeout(Duration::from_secs(20), closed).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_request_waits_for_a_place_among_those_of_its_cog_and_gives_it_back() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let lease = lease().await;
        let Backend::Local(local) = lease.backend() else { panic!("it is the host's") };
        let taken = Arc::clone(&local.requests).acquire_many_owned(REQUESTS as u32).await.unwrap();
        let mut asked = (table().http())(Lease::lend(&lease), get(url));
        for _ in 0..50 {
            tokio::select! {
                biased;
                _ = &mut asked => panic!("no place is free"),
                _ = listener.accept() => panic!("no place is free"),
                () = tokio::task::yield_now() => {}
            }
        }
        drop(taken);
        let answers = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            stream
        };
        let (answer, _stream) = tokio::join!(asked, answers);
        assert_eq!(answer.into_result().unwrap().status, 204);
        assert_eq!(local.requests.available_permits(), REQUESTS);
    }

    #[tokio::test]
    async fn a_stream_that_is_closed_or_of_nobody_answers_an_error_and_its_place_is_free() {
        let lease = lease().await;
        let raw = Lease::lend(&lease);
        let open = || (table().http_stream())(raw).into_result();
        let (one, two) = (open().unwrap(), open().unwrap());
        assert!(open().unwrap_err().text.contains("calls_in_flight"));
        for text in ["no answer yet", "closed"] {
            let error = (table().http_chunk())(raw, one).await.into_result().unwrap_err();
            assert!(error.text.contains(text), "{}", error.text);
            (table().http_close())(raw, one);
        }
        assert!(
            (table().http_feed())(raw, two, RNone).await.into_result().unwrap_err().text.contains("no body")
        );
        assert!(open().is_ok());
    }
}
