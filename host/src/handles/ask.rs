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
    lease::{Here, Serves},
    log::Record,
    permit::Needs,
    slot::Work,
    stats::Sent,
};

/// A request that is answered later.
pub(super) trait Ask: Needs + Into<Request> + Send + 'static {
    /// The answer as it is sent between processes.
    type Answer: Serialize + DeserializeOwned + Into<Self::Given> + Send + 'static;
    /// The answer as the cog gets it.
    type Given: 'static;

    /// What happens to it when the cog no longer waits for the answer.
    fn work(&self) -> Work;

    /// Starts it.
    fn begin(
        self,
        here: &Here,
    ) -> impl Future<Output = Result<Self::Answer, HandleError>> + Send + 'static + use<Self>;
}

/// A request that is answered immediately.
pub(super) trait AskNow: Needs + Into<Request> {
    /// The answer as it is sent between processes.
    type Answer: Serialize + DeserializeOwned + Send + 'static;

    /// Answers it.
    fn answer(self, here: &Here) -> Result<Self::Answer, HandleError>;
}

/// Gets the answer immediately, in whichever process the host is.
pub(super) fn now<A: AskNow>(lease: &Lease, ask: A) -> Result<A::Answer, HandleError> {
    lease.check()?;
    match lease.serves() {
        Serves::Here(here) => {
            here.permit(&ask)?;
            ask.answer(here)
        }
        Serves::Host(host) => host.ask_now(ask.into()),
    }
}

/// Sends a message that needs no answer.
pub(super) fn tell(lease: &Lease, news: News) {
    match lease.serves() {
        Serves::Here(here) => news.take(here),
        Serves::Host(host) => host.tell(news),
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
    (later: $($later:ident)+; now: $($now:ident)+;) => {
        /// A request of a cog, in the encoding of a process lane.
        #[derive(Serialize, Deserialize)]
        #[allow(missing_docs, reason = "each variant holds what it is named like")]
        pub enum Request {
            $($later($later),)+
            $($now($now),)+
        }

        $(impl From<$later> for Request {
            fn from(ask: $later) -> Request {
                Request::$later(ask)
            }
        })+

        $(impl From<$now> for Request {
            fn from(ask: $now) -> Request {
                Request::$now(ask)
            }
        })+

        impl Request {
            /// Answers it with what the lease allows. Returns a handle to abort it if it may be given up.
            pub fn serve(self, lease: &Lease, reply: Reply) -> Option<AbortHandle> {
                match self {
                    $(Request::$later(ask) => later(lease, ask, reply),)+
                    $(Request::$now(ask) => {
                        reply(encoded(&now(lease, ask)));
                        None
                    })+
                }
            }
        }
    };
}

requests! {
    later: HttpRequest HttpSend HttpFeed HttpChunk DiscordRequest ApiRequest StoreRead StoreWrite StoreList Cooldown
        PermissionsRequest Sleep;
    now: HttpStream Now TaskPlan Unschedule Gateway;
}

fn later<A: Ask>(lease: &Lease, ask: A, reply: Reply) -> Option<AbortHandle> {
    let here = lease.check().and_then(|()| match lease.serves() {
        Serves::Here(here) => here.permit(&ask).map(|()| here),
        Serves::Host(_) => {
            Err(super::error(gearshift_cog::abi::HandleErrorKind::Internal, "it is asked elsewhere"))
        }
    });
    let here = match here {
        Ok(here) => here,
        Err(error) => {
            reply(encoded(&Err::<A::Answer, HandleError>(error)));
            return None;
        }
    };
    let kind = ask.work();
    let work = ask.begin(here);
    let task = here.work.spawn_on(async move { reply(encoded(&work.await)) }, &here.runtime);
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
pub enum News {
    /// Sends a metric.
    Stats(Sent),
    /// Writes a line into the log.
    Log(Record),
    /// Closes a stream.
    HttpClose(u64),
}

impl News {
    /// Carries it out with what the lease allows.
    pub fn serve(self, lease: &Lease) {
        tell(lease, self);
    }

    fn take(self, here: &Here) {
        match self {
            News::Stats(sent) => sent.take(here),
            News::Log(record) => record.write(&here.id),
            News::HttpClose(stream) => here.streams.close(stream),
        }
    }
}
