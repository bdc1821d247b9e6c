//! A fake host for tests of the code above the function table: a store, and a Discord that answers what a test sets.

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    future::ready,
    ptr,
};

use abi_stable::{
    prefix_type::WithMetadata,
    std_types::{RErr, RNone, ROk, ROption, RResult, RStr, RString, RVec},
};
use async_ffi::{FutureExt, LocalFfiFuture};

use crate::{
    Host,
    abi::{
        self, ApiRequest, ChannelPermissions, CooldownUse, DiscordRequest, Entry, HandleError,
        HandleErrorKind, HostTable, HostTableRef, HttpRequest, Interaction, Lease, Level, LogRecord, Method,
        Metric, Outcome, PermissionsRequest, Reply, StoreExpect, StoreList, StoreWrite, TaskPlan, User,
    },
};

type Answer<T> = LocalFfiFuture<RResult<T, HandleError>>;

/// The state of the fake, for the thread of the test.
#[derive(Default)]
pub(crate) struct Fake {
    /// The entries of the store.
    pub(crate) entries: BTreeMap<String, Vec<u8>>,
    /// An entry that another writer writes right before the next write.
    pub(crate) meanwhile: Option<(String, Vec<u8>)>,
    /// The requests to Discord.
    pub(crate) requests: Vec<FakeRequest>,
    /// Discord's answers, in order; after those, `{"id":"1"}`.
    pub(crate) answers: VecDeque<Result<String, HandleError>>,
}

/// A request to Discord.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FakeRequest {
    pub(crate) line: String,
    pub(crate) json: serde_json::Value,
    pub(crate) files: usize,
    pub(crate) reason: Option<String>,
}

thread_local! {
    static FAKE: RefCell<Fake> = RefCell::default();
}

/// Reads or changes the state of the fake.
pub(crate) fn fake<T>(look: impl FnOnce(&mut Fake) -> T) -> T {
    FAKE.with_borrow_mut(look)
}

/// An interaction of this kind, by Discord's number, with nothing in it.
pub(crate) fn interaction(kind: u8) -> Interaction {
    Interaction {
        id: 1,
        application_id: 2,
        kind,
        token: "token".into(),
        channel_id: RNone,
        guild_id: RNone,
        user: User::default(),
        roles: RVec::new(),
        permissions: 0,
        app_permissions: 0,
        command: RString::new(),
        command_kind: 0,
        target_id: RNone,
        custom_id: RString::new(),
        options: RVec::new(),
        values: RVec::new(),
        deferred: false,
        json: "{}".into(),
    }
}

/// The handles of the fake.
pub(crate) fn host() -> Host {
    let raw = abi::Host { lease: Lease(ptr::null()), table: HostTableRef(TABLE.static_as_prefix()) };
    Host::new(raw, &[])
}

static TABLE: WithMetadata<HostTable> = WithMetadata::new(HostTable {
    http,
    http_stream,
    http_send,
    http_feed,
    http_chunk,
    http_close,
    discord,
    api,
    stats,
    store_read,
    store_write,
    store_list,
    log_level,
    log,
    sleep,
    now,
    schedule,
    unschedule,
    spawn,
    settings,
    bot_id,
    gateway,
    cog,
    cooldown,
    permissions,
    #[cfg(feature = "next-minor")]
    next_minor,
});

fn answer<T: 'static>(result: Result<T, HandleError>) -> Answer<T> {
    ready(RResult::from(result)).into_local_ffi()
}

fn missing() -> HandleError {
    HandleError::new(HandleErrorKind::Missing, "not in this fake")
}

extern "C" fn discord(_: Lease, request: DiscordRequest) -> Answer<Reply> {
    let query: Vec<String> = request.query.iter().map(|it| format!("{}={}", it.name, it.value)).collect();
    let mark = if query.is_empty() { "" } else { "?" };
    let line = format!("{} {}{mark}{}", request.method, request.path, query.join("&"));
    let json = serde_json::from_slice(&request.json).unwrap_or_default();
    let reason = request.reason.into_option().map(RString::into_string);
    let body = fake(|fake| {
        fake.requests.push(FakeRequest { line, json, files: request.files.len(), reason });
        fake.answers.pop_front().unwrap_or_else(|| Ok(r#"{"id":"1"}"#.to_owned()))
    });
    let reply = |body: String| Reply { status: 200, headers: RVec::new(), body: body.into_bytes().into() };
    answer(body.map(reply))
}

extern "C" fn store_read(_: Lease, key: RString) -> Answer<ROption<RVec<u8>>> {
    answer(Ok(fake(|fake| fake.entries.get(key.as_str()).cloned().map(RVec::from).into())))
}

extern "C" fn store_write(_: Lease, write: StoreWrite) -> Answer<bool> {
    let is_made = fake(|fake| {
        fake.entries.extend(fake.meanwhile.take());
        let there = fake.entries.get(write.key.as_str());
        let is_expected = match &write.expect {
            StoreExpect::Any => true,
            StoreExpect::Absent => there.is_none(),
            StoreExpect::Value(value) => there.is_some_and(|there| *there == **value),
        };
        is_expected
            && match write.value.into_option() {
                Some(value) => {
                    fake.entries.insert(write.key.into(), value.into());
                    true
                }
                None => fake.entries.remove(write.key.as_str()).is_some(),
            }
    });
    answer(Ok(is_made))
}

extern "C" fn store_list(_: Lease, list: StoreList) -> Answer<RVec<Entry>> {
    // Pages are short, as they are with large values.
    let limit = (list.limit as usize).min(2);
    let page = fake(|fake| {
        let is_meant = |key: &str| {
            let is_behind = list.after.as_ref().map_or(true, |after| key > after.as_str());
            is_behind && key.starts_with(list.prefix.as_str())
        };
        let entries = fake.entries.iter().filter(|(key, _)| is_meant(key)).take(limit);
        entries.map(|(key, value)| Entry { key: key.as_str().into(), value: value.clone().into() }).collect()
    });
    answer(Ok(page))
}

/// Answers with the request itself: the line, the headers and the body, with the status that the URL names.
extern "C" fn http(_: Lease, request: HttpRequest) -> Answer<Reply> {
    let mut text = format!("{} {}\n", request.method, request.url).into_bytes();
    for header in &request.headers {
        text.extend_from_slice(format!("{}: {}\n", header.name, header.value).as_bytes());
    }
    text.extend_from_slice(&request.body);
    let path = request.url.split('?').next().unwrap_or_default();
    let status = path.rsplit('/').next().and_then(|end| end.parse().ok()).unwrap_or(200);
    answer(Ok(Reply { status, headers: request.headers, body: text.into() }))
}

extern "C" fn http_stream(_: Lease) -> RResult<u64, HandleError> {
    RErr(missing())
}

extern "C" fn http_send(_: Lease, _: u64, _: HttpRequest, _: bool) -> Answer<Reply> {
    answer(Err(missing()))
}

extern "C" fn http_feed(_: Lease, _: u64, _: ROption<RVec<u8>>) -> Answer<bool> {
    answer(Err(missing()))
}

extern "C" fn http_chunk(_: Lease, _: u64) -> Answer<ROption<RVec<u8>>> {
    answer(Err(missing()))
}

extern "C" fn http_close(_: Lease, _: u64) {}

extern "C" fn api(_: Lease, request: ApiRequest) -> Answer<Reply> {
    let status = if request.method == Method::Delete { 204 } else { 200 };
    let body = if status == 204 { RVec::new() } else { request.json };
    answer(Ok(Reply { status, headers: RVec::new(), body }))
}

extern "C" fn stats(_: Lease, _: Metric<'_>) {}

extern "C" fn log_level(_: Lease) -> ROption<Level> {
    ROption::RNone
}

extern "C" fn log(_: Lease, _: &LogRecord<'_>) {}

extern "C" fn sleep(_: Lease, _: u64) -> Answer<()> {
    answer(Ok(()))
}

extern "C" fn schedule(_: Lease, _: TaskPlan) -> RResult<(), HandleError> {
    ROk(())
}

extern "C" fn unschedule(_: Lease, _: RStr<'_>) -> bool {
    false
}

extern "C" fn now(_: Lease) -> u64 {
    0
}

extern "C" fn spawn(_: Lease, _: RStr<'_>, _: LocalFfiFuture<Outcome>) {}

extern "C" fn settings(_: Lease) -> RString {
    "{}".into()
}

extern "C" fn bot_id(_: Lease) -> u64 {
    1
}

extern "C" fn gateway(_: Lease, _: RStr<'_>) -> RResult<RString, HandleError> {
    RErr(missing())
}

extern "C" fn cog(_: Lease) -> RString {
    "fake".into()
}

extern "C" fn cooldown(_: Lease, _: RVec<CooldownUse>) -> Answer<u64> {
    answer(Ok(0))
}

extern "C" fn permissions(_: Lease, _: PermissionsRequest) -> Answer<ChannelPermissions> {
    answer(Ok(ChannelPermissions { user: u64::MAX, bot: u64::MAX, nsfw: false }))
}

#[cfg(feature = "next-minor")]
extern "C" fn next_minor(_: Lease, _: Entry) -> Answer<()> {
    answer(Ok(()))
}
