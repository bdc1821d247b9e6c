//! One entry of the transcript as a line of text.

use std::fmt;

use super::{Acknowledgement, Entry, EntryKind};
use crate::world::{Message, MessageKind};

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Posted { channel, message } => line_of(f, channel, message, ""),
            // To a reader, filling in a deferred response is not an edit.
            Self::Edited { channel, message } => {
                line_of(f, channel, message, if message.edited.is_some() { " (edited)" } else { "" })
            }
            Self::Deleted { channel, user, ids } if ids.len() == 1 => {
                write!(f, "{} {user} deleted {}", Place(channel), ids[0])
            }
            Self::Deleted { channel, user, ids } => {
                write!(f, "{} {user} deleted {} messages", Place(channel), ids.len())
            }
            Self::Reacted { channel, user, emoji, added, message_id } => {
                let sign = if *added { '+' } else { '-' };
                write!(f, "{} {user} {sign}{emoji} on {message_id}", Place(channel))
            }
            Self::Pinned { channel, message_id, pinned } => {
                write!(
                    f,
                    "{} {message_id} is {}",
                    Place(channel),
                    if *pinned { "pinned" } else { "no longer pinned" }
                )
            }
            Self::Typing { channel, user } => write!(f, "{} {user} is typing", Place(channel)),
            Self::Invoked { channel, user, line, .. } => write!(f, "{} {user}: {line}", Place(channel)),
            Self::Acknowledged { line, how, .. } => write!(f, "{line} -> {how}"),
            Self::Unanswered { line, user, .. } => {
                write!(f, "{line} by {user} -> the application did not respond")
            }
            Self::Commands { bot, names, guild: None } => write!(f, "{bot} registered {}", names.join(", ")),
            Self::Commands { bot, names, guild: Some(guild) } => {
                write!(f, "{bot} registered {} in guild {guild}", names.join(", "))
            }
            Self::Membership { guild, user, joined } => {
                write!(f, "{user} {} {guild}", if *joined { "joined" } else { "left" })
            }
            Self::Moderated { user, action, target, reason } => {
                write!(f, "{user}: {action}")?;
                if let Some(target) = target {
                    write!(f, " {target}")?;
                }
                reason.as_ref().map_or(Ok(()), |reason| write!(f, " ({reason})"))
            }
            Self::Rest { method, path, status: Some(status), took } => {
                write!(f, "{method} {path} -> {status} ({} µs)", took.as_micros())
            }
            Self::Rest { method, path, status: None, took } => {
                write!(f, "{method} {path} -> connection dropped ({} µs)", took.as_micros())
            }
            Self::UnknownRoute { method, path, times } => {
                write!(f, "UNKNOWN ROUTE {method} {path} (called {times} times)")
            }
            Self::UnknownField { method, path, field, times } => {
                write!(f, "UNKNOWN FIELD {field} in {method} {path} (sent {times} times)")
            }
            Self::Gateway { session, event } if session.is_empty() => write!(f, "gateway: {event}"),
            Self::Gateway { session, event } => write!(f, "gateway {session}: {event}"),
            Self::Dispatched { name, sessions } => write!(f, "{name} -> {sessions} sessions"),
            Self::Fault { text } => write!(f, "fault: {text}"),
            Self::Note { text } => f.write_str(text),
        }
    }
}

impl fmt::Display for Acknowledgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Message => "answered",
            Self::DeferredMessage => "thinking …",
            Self::DeferredUpdate => "acknowledged, an update follows",
            Self::Update => "message updated",
            Self::Choices => "choices offered",
            Self::Modal => "form opened",
        })
    }
}

/// A channel's name with its prefix: `#general`, but `@alice` for a direct message.
struct Place<'a>(&'a str);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.starts_with('@') {
            f.write_str("#")?;
        }
        f.write_str(self.0)
    }
}

fn line_of(f: &mut fmt::Formatter<'_>, channel: &str, message: &Message, mark: &str) -> fmt::Result {
    let text = &message.content;
    if let Some(note) = &message.interaction
        && note.kind == 2
    {
        write!(f, "/{} by {}{mark} -> ", note.name, note.user.username)?;
        return match () {
            () if message.is_loading() => f.write_str("thinking …"),
            () if message.is_ephemeral() => write!(f, "ephemeral \"{text}\"{}", Extras(message)),
            () => write!(f, "{} \"{text}\"{}", Place(channel), Extras(message)),
        };
    }
    if message.kind == MessageKind::Pin {
        return write!(f, "{} {} pinned a message", Place(channel), message.author.username);
    }
    if message.kind == MessageKind::Join {
        return write!(f, "{} {} joined the server", Place(channel), message.author.username);
    }
    let reply = if message.reply_to.is_some() { " (reply)" } else { "" };
    let ephemeral = if message.is_ephemeral() { " (ephemeral)" } else { "" };
    write!(
        f,
        "{} {}{reply}{ephemeral}{mark}: {text}{}",
        Place(channel),
        message.author.username,
        Extras(message)
    )
}

/// What a message has besides text.
struct Extras<'a>(&'a Message);

impl fmt::Display for Extras<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for embed in &self.0.embeds {
            let title = embed.title.as_ref().or(embed.description.as_ref());
            write!(f, " [embed {}]", title.map_or("", String::as_str))?;
        }
        for file in &self.0.attachments {
            write!(f, " [file {}, {} bytes]", file.filename, file.size)?;
        }
        for (kind, label) in self.0.controls() {
            write!(f, " [{kind} {label}]")?;
        }
        Ok(())
    }
}
