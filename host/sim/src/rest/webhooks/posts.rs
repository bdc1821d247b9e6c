//! Messages by a channel's webhook, with their own author name and avatar: post, get, edit, delete.

use std::sync::Arc;

use crate::form::{ApiError, Fields, Result};
use crate::ids::Snowflake;
use crate::rest::messages::form::MessageForm;
use crate::rest::{Call, Reply, threads};
use crate::rules::{Actor, Draft, access, messages, webhooks};
use crate::state::State;
use crate::world::wire::MessageJson;
use crate::world::{ChannelKind, Message, User, Webhook, bits, flags};

/// How to post a message.
struct PostOptions {
    author: User,
    thread_name: Option<String>,
    tags: Vec<Snowflake>,
}

/// `POST /webhooks/{webhook}/{token}?wait=&thread_id=`
pub(crate) fn post(call: &Call, id: Snowflake, token: &str) -> Result<Reply> {
    // Every webhook may send components here.
    call.ignore_query(&["with_components"]);
    let mut fields = call.fields()?;
    let mut state = call.shared.state();
    let webhook = webhooks::with_token(&state, id, token)?.clone();
    let options = read_options(&mut fields, &webhook);
    let mut form = MessageForm::read(&state, webhook.user.id, fields)?;
    if form.is_empty(call.uploads.len()) {
        return Err(ApiError::empty_message());
    }
    form.flags = form.flags.map(|bits| bits & !flags::EPHEMERAL);
    let mut draft = Draft::text(webhook.channel_id, Arc::new(options.author), String::new());
    draft.message.webhook_id = Some(id);
    draft.message.application_id = webhook.application_id;
    if let Some(thread) = thread_of(call, &state, &webhook, options.thread_name.is_some())? {
        threads::open_to_write(&mut state, webhook.user.id, thread)?;
        draft.message.channel_id = thread;
    } else if let Some(name) = options.thread_name {
        let by = Actor { user: webhook.user.id, reason: None };
        let post = threads::new_post(&mut state, &by, webhook.channel_id, name, options.tags)?;
        draft.message.channel_id = post;
        draft.id = Some(post);
    }
    form.fill(&mut draft, &mut state, call);
    let message = messages::post(&mut state, draft);
    if call.query_flag("wait") { shown(&state, &message) } else { Ok(Reply::nothing()) }
}

fn read_options(fields: &mut Fields, webhook: &Webhook) -> PostOptions {
    let name = super::name(fields, "username");
    let avatar = fields.text("avatar_url", 2048);
    PostOptions {
        author: webhook.author(name, avatar),
        thread_name: fields.text_within("thread_name", 1..=100),
        tags: fields.snowflakes("applied_tags", 0..=5).unwrap_or_default(),
    }
}

/// The thread in the query; for a forum it is required, unless the body names a new one.
fn thread_of(call: &Call, state: &State, webhook: &Webhook, named: bool) -> Result<Option<Snowflake>> {
    let asked = call.query_id("thread_id")?;
    let forum = state.world.channel(webhook.channel_id).is_some_and(|channel| channel.kind.is_forum());
    match (asked, named) {
        (Some(_), true) => Err(ApiError::new(
            400,
            220_002,
            "Webhooks posted to forum channels cannot have both a thread_name and thread_id",
        )),
        (None, true) if !forum => {
            Err(ApiError::new(400, 220_003, "Webhooks can only create threads in forum channels"))
        }
        (None, false) if forum => Err(ApiError::new(
            400,
            220_001,
            "Webhooks posted to forum channels must have a thread_name or thread_id",
        )),
        (Some(id), false) => {
            let thread = state.world.channel(id).filter(|one| one.parent_id == Some(webhook.channel_id));
            thread
                .filter(|one| one.kind.is_thread())
                .map(|one| Some(one.id))
                .ok_or(ApiError::unknown_channel())
        }
        _ => Ok(None),
    }
}

/// `GET /webhooks/{webhook}/{token}/messages/{message}?thread_id=`
pub(crate) fn message(call: &Call, id: Snowflake, token: &str, which: &str) -> Result<Reply> {
    let state = call.shared.state();
    let message = find(call, &state, id, token, which)?;
    shown(&state, &message)
}

/// `PATCH /webhooks/{webhook}/{token}/messages/{message}?thread_id=`
pub(crate) fn edit(call: &Call, id: Snowflake, token: &str, which: &str) -> Result<Reply> {
    // Every webhook may send components here.
    call.ignore_query(&["with_components"]);
    let mut fields = call.fields()?;
    // The author name and avatar cannot be edited; discord.js sends them anyway.
    fields.ignore(&["username", "avatar_url"]);
    let mut state = call.shared.state();
    let kept = find(call, &state, id, token, which)?;
    let author = webhooks::with_token(&state, id, token)?.user.id;
    let form = MessageForm::read_edit(&state, author, fields, kept.flags)?;
    let revision = form.into_revision(&kept, &mut state, call)?;
    let message =
        messages::edit(&mut state, kept.channel_id, kept.id, revision).ok_or(ApiError::unknown_message())?;
    shown(&state, &message)
}

/// `DELETE /webhooks/{webhook}/{token}/messages/{message}?thread_id=`
pub(crate) fn delete(call: &Call, id: Snowflake, token: &str, which: &str) -> Result<Reply> {
    let mut state = call.shared.state();
    let message = find(call, &state, id, token, which)?;
    messages::delete(&mut state, message.channel_id, &[message.id], message.author.id);
    Ok(Reply::nothing())
}

fn find(call: &Call, state: &State, id: Snowflake, token: &str, which: &str) -> Result<Arc<Message>> {
    let webhook = webhooks::with_token(state, id, token)?;
    let channel_id = call.query_id("thread_id")?.unwrap_or(webhook.channel_id);
    let which = which.parse().map_err(|_| ApiError::unknown_message())?;
    let message = state.world.channel(channel_id).and_then(|channel| channel.message(which));
    message.filter(|message| message.webhook_id == Some(id)).cloned().ok_or(ApiError::unknown_message())
}

/// The message, as its author sees it.
pub(crate) fn shown(state: &State, message: &Arc<Message>) -> Result<Reply> {
    let channel = state.world.channel(message.channel_id).ok_or(ApiError::unknown_channel())?;
    Ok(Reply::json(&MessageJson::answer(message, channel, message.author.id)))
}

/// `POST /channels/{channel}/messages/{message}/crosspost`
pub(crate) fn crosspost(call: &Call, channel_id: Snowflake, id: Snowflake) -> Result<Reply> {
    let (caller, mut state) = call.open()?;
    let (channel, message) = access::seen_message(&state, caller, channel_id, id)?;
    if channel.kind != ChannelKind::Announcement {
        return Err(ApiError::wrong_channel_type());
    }
    let own = message.author.id == caller;
    if message.flags & flags::CROSSPOSTED != 0 {
        return Err(ApiError::new(400, 40033, "This message has already been crossposted"));
    }
    let needed = if own { bits::SEND_MESSAGES } else { bits::MANAGE_MESSAGES };
    access::channel_with(&state, caller, channel_id, needed)?;
    let message = webhooks::crosspost(&mut state, channel_id, id).ok_or(ApiError::unknown_message())?;
    let channel = access::seen_channel(&state, caller, channel_id)?;
    Ok(Reply::json(&crate::rest::messages::shown(&state, &message, channel, caller)))
}
