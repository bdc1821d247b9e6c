//! The discord handle: failures that the test injects, answers that it provides, and otherwise the simulated Discord.

use abi_stable::std_types::{ROption, RResult, RVec};
use async_ffi::LocalFfiFuture;
use serde_json::Value;

use super::{http::with_query, later, permit, soon};
use crate::{
    abi::{DiscordRequest, HandleError, HandleErrorKind, Lease, Method, Reply},
    testing::{
        clock::until,
        discord::{BOT, Refused, route},
        refusals::Outcome,
        transcript::quoted,
        web::{SentRequest, Server},
        world::World,
    },
};

/// How long the host waits for an answer of Discord, in milliseconds: the default of `[discord] request_timeout_ms`.
const TIMEOUT_MS: u64 = 30_000;

pub(super) extern "C" fn bot_id(_: Lease) -> u64 {
    BOT
}

pub(super) extern "C" fn request(
    lease: Lease,
    request: DiscordRequest,
) -> LocalFfiFuture<RResult<Reply, HandleError>> {
    let world = World::of(lease);
    if let Err(refused) = world.authorize(permit::of_discord(&request)) {
        return soon(Err(refused));
    }
    let (method, path) = (request.method.as_str(), request.path.to_string());
    if request.method == Method::Head {
        return soon(Err(HandleError::new(HandleErrorKind::Invalid, "HEAD is for the http handle only")));
    }
    let rule = world.refusals.borrow_mut().of(method, &path);
    let shown = format!("{method} {}", shown(&path));
    let answer = ruled(rule, || answered(&world, &request));
    if matches!(rule, Some(Outcome::Lost | Outcome::Unanswered)) {
        world.note(format!("Discord: {shown}{} → no answer", summary(&request)));
        let text = format!("{shown}: no answer within {TIMEOUT_MS} ms; it may have been carried out");
        let moment = world.clock.unix_ms() + TIMEOUT_MS;
        return later(async move {
            until(world, moment).await;
            Err(HandleError::new(HandleErrorKind::Timeout, text))
        });
    }
    match &answer {
        Ok((status, _)) => world.note(format!("Discord: {shown}{} → {status}", summary(&request))),
        Err(refused) => world.note(format!("Discord: {shown}{} → {refused}", summary(&request))),
    }
    soon(answer.map(reply).map_err(|refused| refused.error(&shown)))
}

/// Sends a request of the host itself, in which the test can inject failures too. Returns whether it was carried out.
pub(in crate::testing) fn of_host(world: &World, method: Method, path: &str, body: &Value) -> bool {
    let json = if body.is_null() { RVec::new() } else { body.to_string().into_bytes().into() };
    let (query, files, reason) = (RVec::new(), RVec::new(), ROption::RNone);
    let request = DiscordRequest { method, path: path.into(), query, json, files, reason };
    let rule = world.refusals.borrow_mut().of(method.as_str(), path);
    let answer = ruled(rule, || route::answer(world, &request));
    if let Err(refused) = &answer {
        world.note(format!("the host: {} {} → {refused}", method.as_str(), shown(path)));
    }
    answer.is_ok()
}

/// The failure that the test injects, or else the answer.
fn ruled(
    rule: Option<Outcome>,
    answer: impl FnOnce() -> Result<(u16, Value), Refused>,
) -> Result<(u16, Value), Refused> {
    match rule {
        Some(Outcome::Refused { status, code }) => Err(Refused::injected(status, code)),
        Some(Outcome::Lost) => Err(Refused::injected(0, 0)),
        None | Some(Outcome::Unanswered) => answer(),
    }
}

fn answered(world: &World, request: &DiscordRequest) -> Result<(u16, Value), Refused> {
    let sent = SentRequest {
        server: Server::Discord,
        method: request.method.to_string(),
        address: with_query(&request.path, &request.query),
        headers: Vec::new(),
        body: request.json.to_vec(),
    };
    let given = world.web.borrow_mut().answer(&sent);
    world.web.borrow_mut().note(sent);
    match given {
        Some((status, body)) => {
            let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
            if status < 400 { Ok((status, json)) } else { Err(Refused::given(status, json)) }
        }
        None => route::answer(world, request),
    }
}

fn reply((status, json): (u16, Value)) -> Reply {
    let body = if json.is_null() { RVec::new() } else { json.to_string().into_bytes().into() };
    Reply { status, headers: RVec::new(), body }
}

/// The text of a message that is sent, to tell requests apart in the transcript.
fn summary(request: &DiscordRequest) -> String {
    let body: Value = serde_json::from_slice(&request.json).unwrap_or(Value::Null);
    let message = if body["data"].is_object() { &body["data"] } else { &body };
    let kind = body["type"].as_u64().filter(|_| request.path.ends_with("/callback"));
    let text = message["content"].as_str().or(message["title"].as_str());
    let mut summary = kind.map_or(String::new(), |kind| format!(" type {kind}"));
    if let Some(text) = text {
        summary.push(' ');
        summary.push_str(&quoted(text));
    }
    summary
}

/// A path without the tokens of interactions, as the host shows it.
fn shown(path: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    if matches!(parts.get(1), Some(&("interactions" | "webhooks"))) && parts.len() > 3 {
        parts[3] = "…";
    }
    parts.join("/")
}
