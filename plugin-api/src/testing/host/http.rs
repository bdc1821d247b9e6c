//! The http handle: answers that the test provides in place of web servers, at once or in chunks.

use std::{future::poll_fn, rc::Rc, task::Poll};

use abi_stable::std_types::{RNone, ROk, ROption, RResult, RSome, RVec};
use async_ffi::LocalFfiFuture;

use super::{later, permit, soon};
use crate::{
    abi::{HandleError, HandleErrorKind, Header, HttpRequest, Lease, Reply},
    testing::{
        web::{SentRequest, Server, Stream},
        world::World,
    },
};

/// The size of a chunk of an answer, in bytes.
const CHUNK: usize = 16 * 1024;

pub(super) extern "C" fn request(
    lease: Lease,
    request: HttpRequest,
) -> LocalFfiFuture<RResult<Reply, HandleError>> {
    let (world, max) = (World::of(lease), request.max_bytes);
    let answer = answer(&world, request);
    soon(answer.and_then(|reply| match is_too_large(max, reply.body.len()) {
        true => Err(too_large(max)),
        false => Ok(reply),
    }))
}

pub(super) extern "C" fn stream(lease: Lease) -> RResult<u64, HandleError> {
    ROk(World::of(lease).web.borrow_mut().open())
}

pub(super) extern "C" fn send(
    lease: Lease,
    stream: u64,
    mut request: HttpRequest,
    is_fed: bool,
) -> LocalFfiFuture<RResult<Reply, HandleError>> {
    let world = World::of(lease);
    later(async move {
        if is_fed {
            request.body = fed(&world, stream).await?.into();
        }
        let max = request.max_bytes;
        let mut reply = answer(&world, request)?;
        with(&world, stream, |stream| {
            stream.chunks = reply.body.chunks(CHUNK).map(<[u8]>::to_vec).collect();
            stream.max_bytes = max;
        })?;
        reply.body = RVec::new();
        Ok(reply)
    })
}

pub(super) extern "C" fn feed(
    lease: Lease,
    stream: u64,
    chunk: ROption<RVec<u8>>,
) -> LocalFfiFuture<RResult<bool, HandleError>> {
    soon(with(&World::of(lease), stream, |stream| {
        match chunk {
            RSome(chunk) => stream.fed.extend_from_slice(&chunk),
            RNone => stream.is_fed = true,
        }
        if let Some(waker) = stream.sender.take() {
            waker.wake();
        }
        true
    }))
}

pub(super) extern "C" fn chunk(
    lease: Lease,
    stream: u64,
) -> LocalFfiFuture<RResult<ROption<RVec<u8>>, HandleError>> {
    let next = with(&World::of(lease), stream, |stream| {
        let Some(chunk) = stream.chunks.pop_front() else { return Ok(RNone) };
        stream.read += chunk.len();
        match is_too_large(stream.max_bytes, stream.read) {
            true => Err(too_large(stream.max_bytes)),
            false => Ok(RSome(chunk.into())),
        }
    });
    soon(next.and_then(|next| next))
}

pub(super) extern "C" fn close(lease: Lease, stream: u64) {
    World::of(lease).web.borrow_mut().streams.remove(&stream);
}

/// The body that the cog sends, once it is complete.
async fn fed(world: &Rc<World>, stream: u64) -> Result<Vec<u8>, HandleError> {
    poll_fn(|cx| {
        let body = with(world, stream, |stream| {
            stream.sender = Some(cx.waker().clone());
            stream.is_fed.then(|| std::mem::take(&mut stream.fed))
        });
        match body {
            Ok(None) => Poll::Pending,
            Ok(Some(body)) => Poll::Ready(Ok(body)),
            Err(error) => Poll::Ready(Err(error)),
        }
    })
    .await
}

fn with<T>(world: &World, stream: u64, look: impl FnOnce(&mut Stream) -> T) -> Result<T, HandleError> {
    let mut web = world.web.borrow_mut();
    let closed = || HandleError::new(HandleErrorKind::Invalid, "the stream is closed");
    web.streams.get_mut(&stream).map(look).ok_or_else(closed)
}

fn answer(world: &World, request: HttpRequest) -> Result<Reply, HandleError> {
    world.authorize(&permit::of_http(&request.url))?;
    let headers = request.headers.into_iter().map(|it| (it.name.into_string(), it.value.into_string()));
    let sent = SentRequest {
        server: Server::Http,
        method: request.method.to_string(),
        address: request.url.into_string(),
        headers: headers.collect(),
        body: request.body.into_vec(),
    };
    let shown = format!("{} {}", sent.method, sent.address);
    let given = world.web.borrow_mut().answer(&sent);
    world.web.borrow_mut().note(sent);
    let Some((status, body)) = given else {
        world.note(format!("web: {shown} → no answer; provide one with `bot.mock_http(…)`"));
        let text = format!("the test provides no answer to {shown}");
        return Err(HandleError::new(HandleErrorKind::Connect, text));
    };
    world.note(format!("web: {shown} → {status}"));
    Ok(Reply { status, headers: RVec::new(), body: body.into() })
}

/// A limit of 0 means that there is none.
fn is_too_large(max: u64, bytes: usize) -> bool {
    max > 0 && bytes as u64 > max
}

fn too_large(max: u64) -> HandleError {
    HandleError::new(HandleErrorKind::Invalid, format!("the answer is larger than {max} bytes"))
}

/// A path with its query, for display and comparison: nothing is encoded.
pub(super) fn with_query(path: &str, query: &[Header]) -> String {
    let pairs: Vec<String> = query.iter().map(|pair| format!("{}={}", pair.name, pair.value)).collect();
    match pairs.is_empty() {
        true => path.to_owned(),
        false => format!("{path}?{}", pairs.join("&")),
    }
}
