//! Converts Discord's JSON into the types that are passed to cogs. Only the hot events are typed, and only the fields
//! that the ABI names; everything else stays text. It routes nothing.

mod decode;
mod form;

use std::borrow::Cow;
use std::fmt;

use abi_stable::std_types::{RArc, ROption, RString, RVec};
use gearshift_cog::abi::{
    Attachment, CommandOption, Event, Interaction, Message, MessageDelete, RawEvent, User,
};
use serde::Deserialize;
use serde_json::value::RawValue;

pub use self::decode::{DecodeError, Id};
use self::{
    decode::{Text, read},
    form::RawField,
};

/// A message that was posted, edited, or created by Discord itself. Only the text and a few fields are read until a cog
/// wants it.
pub struct LazyMessage<'j> {
    raw: RawMessage<'j>,
    json: &'j str,
}

/// Leaves out what a user wrote.
impl fmt::Debug for LazyMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LazyMessage").field("id", &self.raw.id.0).finish_non_exhaustive()
    }
}

impl LazyMessage<'_> {
    /// Its text.
    pub fn content(&self) -> &str {
        &self.raw.content
    }

    /// Whether it was posted by a bot or through a webhook.
    pub fn is_from_bot(&self) -> bool {
        self.raw.webhook_id.is_some() || self.raw.author.as_ref().is_some_and(|author| author.bot)
    }

    /// Whether a user wrote it: a message of type 0 or a reply. All other types are Discord's own: a member joined, a
    /// message was pinned, a thread with that name was opened.
    /// <https://discord.com/developers/docs/resources/message#message-object-message-types>
    pub fn is_user_message(&self) -> bool {
        const DEFAULT: u64 = 0;
        const REPLY: u64 = 19;
        matches!(self.raw.kind, None | Some(DEFAULT | REPLY))
    }

    /// The message as cogs receive it.
    pub fn message(self) -> RArc<Message> {
        let raw = self.raw;
        RArc::new(Message {
            id: raw.id.0,
            channel_id: raw.channel_id.0,
            guild_id: id(raw.guild_id),
            author: raw.author.map_or_else(User::default, |author| user(&author, raw.member.as_ref())),
            roles: roles(raw.member.as_ref()),
            content: text(raw.content),
            mentions: raw.mentions.iter().map(|mention| mention.id.0).collect(),
            attachments: raw.attachments.into_iter().map(attachment).collect(),
            reply_to: id(raw.message_reference.and_then(|reference| reference.message_id)),
            webhook_id: id(raw.webhook_id),
            json: self.json.into(),
        })
    }
}

/// `MESSAGE_CREATE` or the message of `MESSAGE_UPDATE`.
///
/// # Errors
/// When the JSON is not a message.
pub fn message(json: &str) -> Result<LazyMessage<'_>, DecodeError> {
    Ok(LazyMessage { raw: read(json)?, json })
}

/// `MESSAGE_DELETE`.
///
/// # Errors
/// When the JSON has no ids.
pub fn deleted(json: &str) -> Result<RArc<MessageDelete>, DecodeError> {
    let raw: RawDelete = read(json)?;
    Ok(RArc::new(MessageDelete { id: raw.id.0, channel_id: raw.channel_id.0, guild_id: id(raw.guild_id) }))
}

/// `INTERACTION_CREATE`.
///
/// # Errors
/// When the JSON is not an interaction.
pub fn interaction(json: &str) -> Result<RArc<Interaction>, DecodeError> {
    let raw: RawInteraction<'_> = read(json)?;
    let who = raw.member.as_ref().and_then(|member| member.user.as_ref()).or(raw.user.as_ref());
    let data = raw.data.unwrap_or_default();
    let mut options = RVec::new();
    let mut command = data.name.into_owned();
    flatten(&data.options, &mut command, &mut options);
    data.components.iter().for_each(|field| field.read(&mut options));
    Ok(RArc::new(Interaction {
        id: raw.id.0,
        application_id: raw.application_id.0,
        kind: raw.kind,
        token: text(raw.token),
        channel_id: id(raw.channel_id),
        guild_id: id(raw.guild_id),
        user: who.map_or_else(User::default, |who| user(who, raw.member.as_ref())),
        roles: roles(raw.member.as_ref()),
        permissions: raw.member.as_ref().and_then(|member| member.permissions).map_or(0, |bits| bits.0),
        app_permissions: raw.app_permissions.map_or(0, |bits| bits.0),
        command: command.into(),
        command_kind: data.kind,
        target_id: id(data.target_id),
        custom_id: text(data.custom_id),
        options,
        values: data.values.into_iter().map(|value| text(value.0)).collect(),
        deferred: false,
        json: json.into(),
    }))
}

/// Discord's name of an event.
pub fn name(event: &Event) -> &str {
    match event {
        Event::MessageCreate(_) => "MESSAGE_CREATE",
        Event::MessageUpdate(_) => "MESSAGE_UPDATE",
        Event::MessageDelete(_) => "MESSAGE_DELETE",
        Event::Interaction(_) => "INTERACTION_CREATE",
        Event::Other(raw) => raw.name.as_str(),
    }
}

/// Any event, as its name and JSON.
pub fn raw(name: &str, json: &str) -> Event {
    Event::Other(RArc::new(RawEvent { name: name.into(), json: json.into() }))
}

/// The first word of a command's path, which is the name that a cog declares. The name of a context menu command may
/// contain spaces.
pub fn command_name(interaction: &Interaction) -> &str {
    let path = interaction.command.as_str();
    match interaction.command_kind {
        USER_MENU | MESSAGE_MENU => path,
        _ => path.split(' ').next().unwrap_or_default(),
    }
}

#[derive(Deserialize)]
struct RawUser<'a> {
    id: Id,
    #[serde(borrow, default)]
    username: Cow<'a, str>,
    #[serde(borrow, default)]
    global_name: Option<Text<'a>>,
    #[serde(default)]
    bot: bool,
}

#[derive(Deserialize)]
struct RawMember<'a> {
    #[serde(default)]
    roles: Vec<Id>,
    /// In an interaction: the member's permissions in its channel.
    #[serde(default)]
    permissions: Option<Id>,
    #[serde(borrow, default)]
    nick: Option<Text<'a>>,
    #[serde(borrow, default)]
    user: Option<RawUser<'a>>,
}

#[derive(Deserialize)]
struct RawAttachment<'a> {
    id: Id,
    #[serde(borrow, default)]
    filename: Cow<'a, str>,
    #[serde(borrow, default)]
    url: Cow<'a, str>,
    #[serde(default)]
    size: u64,
}

#[derive(Deserialize)]
struct HasId {
    id: Id,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(default)]
    message_id: Option<Id>,
}

#[derive(Deserialize)]
struct RawMessage<'a> {
    id: Id,
    /// Absent in a partial update, like everything but the ids.
    #[serde(default, rename = "type")]
    kind: Option<u64>,
    channel_id: Id,
    #[serde(default)]
    guild_id: Option<Id>,
    #[serde(borrow, default)]
    author: Option<RawUser<'a>>,
    #[serde(borrow, default)]
    member: Option<RawMember<'a>>,
    #[serde(borrow, default)]
    content: Cow<'a, str>,
    #[serde(default)]
    mentions: Vec<HasId>,
    #[serde(borrow, default)]
    attachments: Vec<RawAttachment<'a>>,
    #[serde(default)]
    message_reference: Option<Reference>,
    #[serde(default)]
    webhook_id: Option<Id>,
}

#[derive(Deserialize)]
struct RawDelete {
    id: Id,
    channel_id: Id,
    #[serde(default)]
    guild_id: Option<Id>,
}

#[derive(Deserialize)]
struct RawInteraction<'a> {
    id: Id,
    application_id: Id,
    #[serde(rename = "type")]
    kind: u8,
    #[serde(borrow)]
    token: Cow<'a, str>,
    #[serde(default)]
    channel_id: Option<Id>,
    #[serde(default)]
    guild_id: Option<Id>,
    #[serde(borrow, default)]
    member: Option<RawMember<'a>>,
    #[serde(borrow, default)]
    user: Option<RawUser<'a>>,
    #[serde(default)]
    app_permissions: Option<Id>,
    #[serde(borrow, default)]
    data: Option<RawData<'a>>,
}

#[derive(Deserialize, Default)]
struct RawData<'a> {
    /// In a command's data: the type of the command.
    #[serde(default, rename = "type")]
    kind: u8,
    #[serde(default)]
    target_id: Option<Id>,
    #[serde(borrow, default)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    custom_id: Cow<'a, str>,
    #[serde(borrow, default)]
    options: Vec<RawOption<'a>>,
    #[serde(borrow, default)]
    values: Vec<Text<'a>>,
    #[serde(borrow, default)]
    components: Vec<RawField<'a>>,
}

#[derive(Deserialize)]
struct RawOption<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(rename = "type")]
    kind: u8,
    #[serde(borrow, default)]
    value: Option<&'a RawValue>,
    #[serde(default)]
    focused: bool,
    #[serde(borrow, default)]
    options: Vec<RawOption<'a>>,
}

/// Discord's command types for the context menus of users and of messages.
const USER_MENU: u8 = 2;
const MESSAGE_MENU: u8 = 3;
/// Discord's option types for a subcommand and a subcommand group.
const SUBCOMMAND: u8 = 1;
const SUBCOMMAND_GROUP: u8 = 2;

fn flatten(from: &[RawOption<'_>], command: &mut String, into: &mut RVec<CommandOption>) {
    for option in from {
        if matches!(option.kind, SUBCOMMAND | SUBCOMMAND_GROUP) {
            command.push(' ');
            command.push_str(&option.name);
            flatten(&option.options, command, into);
        } else {
            let value = option.value.map_or_else(RString::new, plain);
            into.push(CommandOption {
                name: (&*option.name).into(),
                kind: option.kind,
                value,
                focused: option.focused,
            });
        }
    }
}

/// A JSON value as text, strings without their quotes.
fn plain(value: &RawValue) -> RString {
    serde_json::from_str::<String>(value.get()).map_or_else(|_| value.get().into(), Into::into)
}

fn user(raw: &RawUser<'_>, member: Option<&RawMember<'_>>) -> User {
    let nick = member.and_then(|member| member.nick.as_ref());
    let display = nick.or(raw.global_name.as_ref()).map_or(&*raw.username, |name| &*name.0);
    User { id: raw.id.0, name: (&*raw.username).into(), display_name: display.into(), bot: raw.bot }
}

fn attachment(raw: RawAttachment<'_>) -> Attachment {
    Attachment { id: raw.id.0, name: text(raw.filename), url: text(raw.url), size: raw.size }
}

fn roles(member: Option<&RawMember<'_>>) -> RVec<u64> {
    member.map(|member| member.roles.iter().map(|role| role.0).collect()).unwrap_or_default()
}

fn text(text: Cow<'_, str>) -> RString {
    text.into_owned().into()
}

fn id(id: Option<Id>) -> ROption<u64> {
    id.map(|id| id.0).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_keeps_what_cogs_ask_for() {
        let json = r#"{"id":"5","channel_id":"6","guild_id":"7","content":"say \"hi\"","mentions":[{"id":"9"}],
            "author":{"id":"8","username":"ann","global_name":"Ann","bot":false},"member":{"nick":"Nan"},
            "attachments":[{"id":"1","filename":"a.png","url":"http://x/a.png","size":3}],
            "message_reference":{"message_id":"4"},"unknown":{"deep":[1]}}"#;
        let message = message(json).expect("a message").message();
        assert_eq!((message.id, message.channel_id, message.guild_id), (5, 6, ROption::RSome(7)));
        assert_eq!((message.content.as_str(), message.author.display_name.as_str()), ("say \"hi\"", "Nan"));
        assert_eq!((message.mentions.as_slice(), message.reply_to), (&[9][..], ROption::RSome(4)));
        assert_eq!((message.attachments[0].size, message.json.as_str()), (3, json));
    }

    #[test]
    fn subcommands_join_the_name_and_options_become_text() {
        let json = r#"{"id":"1","application_id":"2","type":2,"token":"t","channel_id":"3","user":{"id":"4","username":"bo"},
            "data":{"name":"config","options":[{"name":"set","type":1,"options":[
                {"name":"key","type":3,"value":"a b"},{"name":"n","type":4,"value":12,"focused":true}]}]}}"#;
        let interaction = interaction(json).expect("an interaction");
        assert_eq!((interaction.command.as_str(), command_name(&interaction)), ("config set", "config"));
        assert_eq!(
            (interaction.options[0].value.as_str(), interaction.options[1].value.as_str()),
            ("a b", "12")
        );
        assert!(interaction.options[1].focused && interaction.user.name == "bo");
    }

    #[test]
    fn a_component_and_a_form_that_one_opened_are_on_a_message() {
        for (kind, rest, wanted) in [
            (2, r#""message":{"id":"9"}"#, false),
            (3, r#""message":{"id":"9"}"#, true),
            (5, r#""message" : {"id":"9"}"#, true),
            (5, r#""data":{"custom_id":"message","components":[{"value":"\"message\":{"}]}"#, false),
        ] {
            let json = format!(
                r#"{{"id":"1","application_id":"2","type":{kind},"token":"t","user":{{"id":"4","username":"bo"}},{rest}}}"#
            );
            assert_eq!(interaction(&json).expect("an interaction").is_on_message(), wanted, "{json}");
        }
    }

    #[test]
    fn only_messages_that_somebody_wrote_are_written() {
        for kind in 0..50 {
            let json = format!(r#"{{"id":"5","channel_id":"6","type":{kind}}}"#);
            assert_eq!(
                message(&json).expect("a message").is_user_message(),
                kind == 0 || kind == 19,
                "{kind}"
            );
        }
        for rest in ["", r#","type":null"#] {
            let json = format!(r#"{{"id":"5","channel_id":"6"{rest}}}"#);
            assert!(message(&json).expect("a message").is_user_message());
        }
    }
}
