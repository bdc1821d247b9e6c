//! A cog's requests, as values that can be sent anywhere. The cog of a thread lane gets its answers in its own process;
//! that of a process lane sends the same values to the host, which also answers them with this code.

use std::future::Future;

use abi_stable::std_types::{ROption, RString, RVec};
use gearshift_cog::abi::{
    ApiRequest, CooldownUse, DiscordRequest, HandleError, HttpRequest, PermissionsRequest, StoreList,
    StoreWrite, TaskPlan, bytes,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::task::AbortHandle;

use super::{
    Lease,
    lease::{Backend, Local},
    log::Record,
    permit::Needs,
    slot::Work,
    stats::Sent,
};

/// A request that is answered later.
pub(super) trait AsyncRequest: Needs + Into<Request> + Send + 'static {
    /// The answer as it is sent between processes.
    type Answer: Serialize + DeserializeOwned + Into<Self::Output> + Send + 'static;
    /// The answer as the cog gets it.
    type Output: 'static;

    /// What happens to it when the cog no longer waits for the answer.
    fn work(&self) -> Work;

    /// Starts it.
    fn begin(
        self,
        local: &Local,
    ) -> impl Future<Output = Result<Self::Answer, HandleError>> + Send + 'static + use<Self>;
}

/// A request that is answered immediately.
pub(super) trait SyncRequest: Needs + Into<Request> {
    /// The answer as it is sent between processes.
    type Answer: Serialize + DeserializeOwned + Send + 'static;

    /// Answers it.
    fn answer(self, local: &Local) -> Result<Self::Answer, HandleError>;
}

/// Gets the answer immediately, in whichever process the host is.
pub(super) fn answer_sync<A: SyncRequest>(lease: &Lease, request: A) -> Result<A::Answer, HandleError> {
    lease.check()?;
    match lease.backend() {
        Backend::Local(local) => {
            local.authorize(&request)?;
            request.answer(local)
        }
        Backend::Remote(remote) => remote.request_sync(request.into()),
    }
}

/// Sends a message that needs no answer.
pub(super) fn notify(lease: &Lease, notification: Notification) {
    match lease.backend() {
        Backend::Local(local) => notification.perform(local),
        Backend::Remote(remote) => remote.notify(notification),
    }
}

/// Sends a request whose bodies come in chunks.
#[derive(Serialize, Deserialize)]
pub struct HttpSend {
    pub(super) stream: u64,
    pub(super) request: HttpRequest,
    pub(super) is_fed: bool,
}

/// Sends a chunk of a request's body.
#[derive(Serialize, Deserialize)]
pub struct HttpFeed {
    pub(super) stream: u64,
    #[serde(with = "bytes")]
    pub(super) chunk: ROption<RVec<u8>>,
}

/// Asks for the next chunk of an answer's body.
#[derive(Serialize, Deserialize)]
pub struct HttpChunk {
    pub(super) stream: u64,
}

/// Opens a stream.
#[derive(Serialize, Deserialize)]
pub struct HttpStream {}

/// Reads a key of the store.
#[derive(Serialize, Deserialize)]
pub struct StoreRead {
    pub(super) key: RString,
}

/// Uses cooldowns.
#[derive(Serialize, Deserialize)]
pub struct Cooldown {
    pub(super) uses: RVec<CooldownUse>,
}

/// Waits.
#[derive(Serialize, Deserialize)]
pub struct Sleep {
    pub(super) millis: u64,
}

/// Asks for the time.
#[derive(Serialize, Deserialize)]
pub struct Now {}

/// Cancels a planned task.
#[derive(Serialize, Deserialize)]
pub struct Unschedule {
    pub(super) name: RString,
}

/// Asks the gateway.
#[derive(Serialize, Deserialize)]
pub struct Gateway {
    pub(super) request: RString,
}

/// Bytes, or none.
#[derive(Serialize, Deserialize)]
pub(super) struct Found(#[serde(with = "bytes")] pub(super) ROption<RVec<u8>>);

impl From<Found> for ROption<RVec<u8>> {
    fn from(found: Found) -> Self {
        found.0
    }
}

/// Receives the encoded result of a request.
pub type Reply = Box<dyn FnOnce(Vec<u8>) + Send>;

macro_rules! requests {
    (async: $($deferred:ident)+; sync: $($immediate:ident)+;) => {
        /// A request of a cog, in the encoding of a process lane.
        #[derive(Serialize, Deserialize)]
        #[allow(missing_docs, reason = "each variant holds what it is named like")]
        pub enum Request {
            $($deferred($deferred),)+
            $($immediate($immediate),)+
        }

        $(impl From<$deferred> for Request {
            fn from(request: $deferred) -> Request {
                Request::$deferred(request)
            }
        })+

        $(impl From<$immediate> for Request {
            fn from(request: $immediate) -> Request {
                Request::$immediate(request)
            }
        })+

        impl Request {
            /// Answers it with what the lease allows. Returns a handle to abort it if it may be given up.
            pub fn serve(self, lease: &Lease, reply: Reply) -> Option<AbortHandle> {
                match self {
                    $(Request::$deferred(request) => answer_async(lease, request, reply),)+
                    $(Request::$immediate(request) => {
                        reply(encoded(&answer_sync(lease, request)));
                        None
                    })+
                }
            }
        }
    };
}

requests! {
    async: HttpRequest HttpSend HttpFeed HttpChunk DiscordRequest ApiRequest StoreRead StoreWrite StoreList Cooldown
        PermissionsRequest Sleep;
    sync: HttpStream Now TaskPlan Unschedule Gateway;
}

fn answer_async<A: AsyncRequest>(lease: &Lease, request: A, reply: Reply) -> Option<AbortHandle> {
    let local = lease.check().and_then(|()| match lease.backend() {
        Backend::Local(local) => local.authorize(&request).map(|()| local),
        Backend::Remote(_) => {
            Err(super::error(gearshift_cog::abi::HandleErrorKind::Internal, "it is asked elsewhere"))
        }
    });
    let local = match local {
        Ok(local) => local,
        Err(error) => {
            reply(encoded(&Err::<A::Answer, HandleError>(error)));
            return None;
        }
    };
    let kind = request.work();
    let work = request.begin(local);
    let task = local.work.spawn_on(async move { reply(encoded(&work.await)) }, &local.runtime);
    (kind != Work::Write).then(|| task.abort_handle())
}

fn encoded<T: Serialize>(answer: &Result<T, HandleError>) -> Vec<u8> {
    let broken = |error: postcard::Error| {
        let text = format!("the answer cannot be sent: {error}");
        let error: Result<(), HandleError> =
            Err(super::error(gearshift_cog::abi::HandleErrorKind::Internal, text));
        postcard::to_allocvec(&error).unwrap_or_default()
    };
    postcard::to_allocvec(answer).unwrap_or_else(broken)
}

/// What a cog sends without waiting for an answer.
#[derive(Serialize, Deserialize)]
pub enum Notification {
    /// Sends a metric.
    Stats(Sent),
    /// Writes a line into the log.
    Log(Record),
    /// Closes a stream.
    HttpClose(u64),
}

impl Notification {
    /// Carries it out with what the lease allows.
    pub fn serve(self, lease: &Lease) {
        notify(lease, self);
    }

    fn perform(self, local: &Local) {
        match self {
            Notification::Stats(sent) => sent.perform(local),
            Notification::Log(record) => record.write(&local.id),
            Notification::HttpClose(stream) => local.streams.close(stream),
        }
    }
}
