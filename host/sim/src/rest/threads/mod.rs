//! Threads over REST: start, change, delete, and forum posts.

pub(crate) mod lists;

use std::sync::MutexGuard;

use serde_json::{Value, json};

use super::channels::form::{ARCHIVE_MINUTES, MAX_SLOWMODE};
use super::messages::form::MessageForm;
use super::{Call, Reply};
use crate::accounts::Account;
use crate::form::{ApiError, Fields, Result, set};
use crate::ids::Snowflake;
use crate::rules::{Actor, Draft, access, automod, messages, threads};
use crate::state::State;
use crate::world::wire::MessageJson;
use crate::world::{Channel, ChannelKind, ChannelSettings, Tag, Thread, bits};

/// The most active threads of a guild.
const MAX_ACTIVE_THREADS: usize = 1000;
/// The most tags on a forum post.
const MAX_APPLIED_TAGS: usize = 5;
/// Channel flag: posts in this forum need a tag.
const REQUIRE_TAG: u64 = 1 << 4;
/// Channel flag: this forum post is pinned to the top.
const PINNED: u64 = 1 << 1;

/// `POST /channels/{channel}/messages/{message}/threads`
pub(crate) fn create_from_message(call: &Call, parent_id: Snowflake, id: Snowflake) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
    let plan = Plan::read_new(&mut fields);
    // The type depends on the channel, whatever discord.js sends.
    fields.ignore(&["type"]);
    fields.checked()?;
    let mut state = call.shared.state();
    access::seen_message(&state, by.user, parent_id, id)?;
    let (_, channel) = access::guild_channel_with(&state, by.user, parent_id, bits::CREATE_PUBLIC_THREADS)?;
    let kind = match channel.kind {
        ChannelKind::Text => ChannelKind::PublicThread,
        ChannelKind::Announcement => ChannelKind::AnnouncementThread,
        _ => return Err(ApiError::wrong_channel_type()),
    };
    if state.world.channel(id).is_some() {
        return Err(ApiError::new(400, 160_004, "A thread has already been created for this message"));
    }
    let thread = plan.thread(&mut state, &by, parent_id, id, kind)?;
    Ok(Reply::json_with(201, &threads::create(&mut state, &by, thread, true)))
}

/// `POST /channels/{channel}/threads`: a thread without a message, or a forum post with its first message.
pub(crate) fn create(call: &Call, parent_id: Snowflake) -> Result<Reply> {
    let by = call.by()?;
    // The message of a post used to be inline in the body; now it is always nested.
    call.ignore_query(&["use_nested_fields"]);
    let mut fields = call.fields()?;
    let plan = Plan::read_new(&mut fields);
    let mut state = call.shared.state();
    let (_, channel) = access::guild_channel_with(&state, by.user, parent_id, bits::VIEW_CHANNEL)?;
    if channel.kind.is_forum() {
        drop(state);
        return create_post(call, &by, parent_id, plan, fields);
    }
    let kind = fields.choice("type", &[10_u64, 11, 12]).and_then(ChannelKind::numbered);
    let kind = kind.unwrap_or(ChannelKind::PrivateThread);
    fields.checked()?;
    let (needed, parent_kind) = match kind {
        ChannelKind::PrivateThread => (bits::CREATE_PRIVATE_THREADS, ChannelKind::Text),
        ChannelKind::AnnouncementThread => (bits::CREATE_PUBLIC_THREADS, ChannelKind::Announcement),
        _ => (bits::CREATE_PUBLIC_THREADS, ChannelKind::Text),
    };
    if channel.kind != parent_kind {
        return Err(ApiError::wrong_channel_type());
    }
    access::guild_channel_with(&state, by.user, parent_id, needed)?;
    let id = state.world.next_id();
    let thread = plan.thread(&mut state, &by, parent_id, id, kind)?;
    Ok(Reply::json_with(201, &threads::create(&mut state, &by, thread, false)))
}

fn create_post(
    call: &Call,
    by: &Actor,
    parent_id: Snowflake,
    plan: Plan,
    mut fields: Fields,
) -> Result<Reply> {
    let message = fields.object("message");
    // A user's client may still be uploading the files of the first message, which it posts afterwards.
    let account = call.account()?;
    if message.is_none() && fields.errors.is_empty() && matches!(account, Account::Bot(_)) {
        fields.missing("message");
    }
    // py-cord lists its files here, next to the message.
    fields.ignore(&["type", "attachments"]);
    fields.checked()?;
    let mut state = call.shared.state();
    let form = message.map(|message| MessageForm::read_of(account, &state, message, 0)).transpose()?;
    let (_, forum) = access::guild_channel_with(&state, by.user, parent_id, bits::SEND_MESSAGES)?;
    check_moderated(&state, by, forum, &[], plan.tags.as_deref().unwrap_or_default())?;
    if form.as_ref().is_some_and(|form| form.is_empty(call.uploads.len())) {
        return Err(ApiError::empty_message());
    }
    let id = state.world.next_id();
    let thread = plan.thread(&mut state, by, parent_id, id, ChannelKind::PublicThread)?;
    let Some(form) = form else {
        return Ok(Reply::json_with(201, &threads::create(&mut state, by, thread, false)));
    };
    let (author, text) = (access::account(&state, by.user)?, form.text().to_owned());
    let mut json = Value::Null;
    let message = automod::screened(&mut state, &author, parent_id, &text, |state| {
        json = threads::create(state, by, thread, false);
        let mut draft = Draft::text(id, author.clone(), String::new());
        form.fill(&mut draft, state, call);
        messages::post(state, draft)
    })?;
    let thread = state.world.channel(id).ok_or(ApiError::unknown_channel())?;
    json["message"] = json!(MessageJson::answer(&message, thread, by.user));
    Ok(Reply::json_with(201, &json))
}

/// Creates a forum post whose first message follows.
pub(crate) fn new_post(
    state: &mut State,
    by: &Actor,
    forum: Snowflake,
    name: String,
    tags: Vec<Snowflake>,
) -> Result<Snowflake> {
    let id = state.world.next_id();
    let plan = Plan { name: Some(name), tags: Some(tags), ..Plan::default() };
    let thread = plan.thread(state, by, forum, id, ChannelKind::PublicThread)?;
    threads::create(state, by, thread, false);
    Ok(id)
}

/// `PATCH /channels/{thread}`
pub(crate) fn edit(
    state: &mut MutexGuard<'_, State>,
    by: &Actor,
    id: Snowflake,
    mut fields: Fields,
) -> Result<Reply> {
    let change = Plan::read_change(&mut fields);
    fields.checked()?;
    let channel = access::seen_channel(state, by.user, id)?;
    let thread = channel.thread.as_deref().ok_or(ApiError::wrong_channel_type())?;
    let moderates = state.world.permissions_in(channel, by.user) & bits::MANAGE_THREADS != 0;
    let owns = thread.owner_id == by.user;
    let unlocked = !thread.locked || moderates;
    // Anyone who may post may unarchive a thread; other changes are for its owner and moderators.
    let only_opens = change == Plan { archived: Some(false), ..Plan::default() };
    if !(moderates
        || owns && unlocked && change.slowmode.is_none() && change.locked.is_none()
        || only_opens && unlocked)
    {
        return Err(ApiError::missing_permissions());
    }
    if thread.archived && change.archived != Some(false) {
        return Err(ApiError::thread_archived());
    }
    if let Some(tags) = &change.tags {
        check_tags(state, channel.parent_id, tags)?;
        if let Some(forum) = channel.parent_id.and_then(|id| state.world.channel(id)) {
            check_moderated(state, by, forum, &thread.applied_tags, tags)?;
        }
    }
    let json = threads::change(state, by, id, |channel| change.apply(channel));
    json.map(|json| Reply::json(&json)).ok_or(ApiError::unknown_channel())
}

/// `DELETE /channels/{thread}`
pub(crate) fn delete(state: &mut MutexGuard<'_, State>, by: &Actor, id: Snowflake) -> Result<Reply> {
    access::channel_with(state, by.user, id, bits::MANAGE_THREADS)?;
    threads::delete(state, by, id).map(|json| Reply::json(&json)).ok_or(ApiError::unknown_channel())
}

/// Unarchives a thread because of a new message; a locked one only for moderators.
pub(crate) fn open_to_write(state: &mut State, caller: Snowflake, id: Snowflake) -> Result<()> {
    let Some(channel) = state.world.channel(id) else { return Ok(()) };
    let Some(thread) = channel.thread.as_deref() else { return Ok(()) };
    if thread.owner_id != caller && channel.awaits_first_message(&state.world) {
        return Err(ApiError::no_first_message());
    }
    if !thread.archived {
        return Ok(());
    }
    if thread.locked && state.world.permissions_in(channel, caller) & bits::MANAGE_THREADS == 0 {
        return Err(ApiError::thread_archived());
    }
    let by = Actor { user: caller, reason: None };
    threads::change(state, &by, id, |channel| {
        if let Some(thread) = &mut channel.thread {
            thread.archived = false;
        }
    });
    Ok(())
}

/// The thread fields of a body, for a new thread or an existing one.
#[derive(Default, PartialEq)]
struct Plan {
    name: Option<String>,
    archived: Option<bool>,
    locked: Option<bool>,
    invitable: Option<bool>,
    archive_minutes: Option<u32>,
    slowmode: Option<u32>,
    tags: Option<Vec<Snowflake>>,
    flags: Option<u64>,
}

impl Plan {
    fn read_new(fields: &mut Fields) -> Self {
        fields.require("name");
        Self::read(fields)
    }

    fn read_change(fields: &mut Fields) -> Self {
        Self {
            archived: fields.flag("archived"),
            locked: fields.flag("locked"),
            flags: fields.number("flags"),
            ..Self::read(fields)
        }
    }

    fn read(fields: &mut Fields) -> Self {
        Self {
            name: fields.text_within("name", 1..=100),
            archive_minutes: fields.choice("auto_archive_duration", &ARCHIVE_MINUTES),
            slowmode: fields.number_within("rate_limit_per_user", 0..=MAX_SLOWMODE),
            invitable: fields.flag("invitable"),
            tags: fields.snowflakes("applied_tags", 0..=MAX_APPLIED_TAGS),
            ..Self::default()
        }
    }

    fn thread(
        self,
        state: &mut State,
        by: &Actor,
        parent_id: Snowflake,
        id: Snowflake,
        kind: ChannelKind,
    ) -> Result<Channel> {
        let parent = state.world.channel(parent_id).ok_or(ApiError::unknown_channel())?;
        let guild = state.world.guild_of(parent).ok_or(ApiError::unknown_guild())?;
        if guild.data.threads.len() >= MAX_ACTIVE_THREADS {
            return Err(ApiError::new(400, 160_006, "Maximum number of active threads reached"));
        }
        let tags = self.tags.unwrap_or_default();
        if parent.settings.flags & REQUIRE_TAG != 0 && tags.is_empty() {
            let message = "A tag is required to create a forum post in this channel";
            return Err(ApiError::new(400, 40067, message));
        }
        check_tags(state, Some(parent_id), &tags)?;
        let now = state.world.clock.now();
        let minutes = self.archive_minutes.or(parent.settings.default_auto_archive_minutes).unwrap_or(4320);
        let slowmode = self.slowmode.unwrap_or(parent.settings.default_thread_slowmode_seconds);
        Ok(Channel {
            guild_id: Some(guild.id),
            parent_id: Some(parent_id),
            settings: ChannelSettings { slowmode_seconds: slowmode, ..Default::default() },
            thread: Some(Box::new(Thread {
                owner_id: by.user,
                archived: false,
                locked: false,
                invitable: self.invitable.unwrap_or(true),
                auto_archive_minutes: minutes,
                archive_timestamp: now,
                members: vec![(by.user, now)],
                applied_tags: tags,
                total_messages: 0,
                deleted_messages: 0,
            })),
            ..Channel::new(id, kind, &self.name.unwrap_or_default(), state.world.history_limit)
        })
    }

    fn apply(self, channel: &mut Channel) {
        set(&mut channel.name, self.name.map(Into::into));
        set(&mut channel.settings.slowmode_seconds, self.slowmode);
        if let Some(flags) = self.flags {
            channel.settings.flags = channel.settings.flags & !PINNED | flags & PINNED;
        }
        if let Some(thread) = &mut channel.thread {
            set(&mut thread.archived, self.archived);
            set(&mut thread.locked, self.locked);
            set(&mut thread.invitable, self.invitable);
            set(&mut thread.auto_archive_minutes, self.archive_minutes);
            set(&mut thread.applied_tags, self.tags);
        }
    }
}

fn check_tags(state: &State, forum: Option<Snowflake>, tags: &[Snowflake]) -> Result<()> {
    let known = forum.and_then(|id| state.world.channel(id)).map(|forum| &forum.settings.tags);
    let is_known = |tag: &Snowflake| known.is_some_and(|known| known.iter().any(|one| one.id == *tag));
    match tags.iter().position(|tag| !is_known(tag)) {
        None => Ok(()),
        Some(at) => Err(ApiError::form(&format!("applied_tags.{at}"), "TAG_UNKNOWN", "Unknown tag")),
    }
}

/// Moderated tags of a forum are only added and removed with MANAGE_THREADS.
/// <https://discord.com/developers/docs/resources/channel#forum-tag-object>
fn check_moderated(
    state: &State,
    by: &Actor,
    forum: &Channel,
    before: &[Snowflake],
    after: &[Snowflake],
) -> Result<()> {
    let changes = |tag: &Tag| before.contains(&tag.id) != after.contains(&tag.id);
    let is_held = |tag: &Tag| tag.moderated && changes(tag);
    if forum.settings.tags.iter().any(is_held) {
        access::channel_with(state, by.user, forum.id, bits::MANAGE_THREADS)?;
    }
    Ok(())
}
