//! A text that is longer than Discord allows is refused, split into several messages, or attached as a file.

use std::{
    borrow::Cow,
    hash::{DefaultHasher, Hash, Hasher},
    mem,
};

use super::{NewMessage, TEXT_MAX, quoted, too_long};
use crate::abi::{File, HandleError};

/// What happens to a text that is longer than the 2000 characters that Discord allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Long {
    /// It is not sent, and the error contains its length.
    #[default]
    Refuse,
    /// It is sent as up to five messages, split between lines or words; a code block continues as one in the next
    /// message. The rest is attached to the last message as `message.txt`. The first message is the reply; the last one
    /// has the embeds, files and components.
    ///
    /// An edit is always one message, and what does not fit into it is attached; see [`NewMessage::keep_files`] for the
    /// files that the message already has.
    Split,
    /// It is attached as `message.txt`, and the message has no text.
    Attach,
}

/// Maximum number of messages that one text is split into: as many as a channel accepts at once without a wait.
const MESSAGES_MAX: usize = 5;
/// Maximum number of files in a message.
const FILES_MAX: usize = 10;
/// Maximum length of a nonce, in characters.
const NONCE_MAX: usize = 25;
/// Maximum length of the name of a code block's language, in bytes. Those that Discord highlights are shorter.
const LANGUAGE_MAX: usize = 32;
/// Closes a code block, which the next message opens again.
const FENCE: &str = "```";
const CLOSING: &str = "\n```";

impl NewMessage {
    /// Sets what happens to a text longer than the 2000 characters that Discord allows. By default it is refused.
    #[must_use]
    pub fn long(mut self, long: Long) -> Self {
        self.long = long;
        self
    }

    /// The messages that Discord accepts: the first one, and those that follow it.
    ///
    /// # Errors
    /// If the text is too long and is to be refused.
    pub(crate) fn into_parts(self) -> Result<(Self, Vec<Self>), HandleError> {
        self.parts(MESSAGES_MAX)
    }

    /// One message that Discord accepts as an edit of an existing one. New files replace the existing ones, unless the
    /// message says which of them [stay](Self::keep_files), and so does a text that may have been a file. Discord would
    /// keep the old ones as well.
    ///
    /// # Errors
    /// The same as [`into_parts`](Self::into_parts).
    pub(crate) fn into_edit(self) -> Result<Self, HandleError> {
        let may_have_been_file = self.long != Long::Refuse && self.content.is_some();
        let was_long = self.length() > TEXT_MAX;
        let (mut one, _) = self.parts(1)?;
        if may_have_been_file || !one.files.is_empty() {
            one.kept.get_or_insert_default();
        }
        if was_long {
            // An edit without a text leaves the existing text.
            one.content.get_or_insert_default();
        }
        Ok(one)
    }

    fn parts(mut self, most: usize) -> Result<(Self, Vec<Self>), HandleError> {
        // Checked before any part of it is sent.
        #[cfg(feature = "serenity")]
        if let Some(why) = self.refused {
            return Err(super::refused(why));
        }
        let length = self.length();
        if length <= TEXT_MAX {
            return Ok((self, Vec::new()));
        }
        let text = self.content.take().unwrap_or_default();
        let (mut texts, rest) = match self.long {
            Long::Refuse => return Err(too_long(length)),
            Long::Split => split(&text, TEXT_MAX, most),
            Long::Attach => (Vec::new(), text),
        };
        if !rest.is_empty() {
            // If it has the maximum number of files already, a split message gets one more message for the rest.
            if self.files.len() >= FILES_MAX && most > 1 {
                let last = texts.pop();
                let mut messages: Vec<Self> = texts.into_iter().map(|text| self.text_only(text)).collect();
                let mut with_rest = self.text_only(last.unwrap_or_default());
                with_rest.content = with_rest.content.filter(|text| !text.is_empty());
                with_rest.files.push(text_file(rest));
                messages.push(with_rest);
                messages.push(self);
                return Ok(in_order(messages));
            }
            self.files.push(text_file(rest));
        }
        self.content = texts.pop();
        let mut messages: Vec<Self> = texts.into_iter().map(|text| self.text_only(text)).collect();
        messages.push(self);
        Ok(in_order(messages))
    }

    /// A message before the last one: only its text, with the same visibility, the same mentions, and posted as often.
    fn text_only(&self, text: String) -> Self {
        let of_each = |(name, _): &&(String, String)| matches!(&**name, "allowed_mentions" | "enforce_nonce");
        Self {
            content: Some(text),
            reply_to: self.reply_to,
            flags: self.flags,
            mentions: self.mentions.clone(),
            others: self.others.iter().filter(of_each).cloned().collect(),
            ..Self::default()
        }
    }
}

/// The first message, which is the reply, and the others, which are not. The last one has the nonce, and the others
/// have nonces derived from it: with the same nonce, Discord would take two messages for one.
fn in_order(mut messages: Vec<NewMessage>) -> (NewMessage, Vec<NewMessage>) {
    if let Some((last, before)) = messages.split_last_mut()
        && let Some((_, nonce)) = last.others.iter().find(|(name, _)| name == "nonce")
    {
        let nonce = short(nonce);
        for (place, message) in before.iter_mut().enumerate() {
            message.others.push(("nonce".to_owned(), quoted(&format!("{place}:{nonce}"))));
        }
    }
    let mut messages = messages.into_iter();
    let first = messages.next().unwrap_or_default();
    (first, messages.map(|message| NewMessage { reply_to: None, ..message }).collect())
}

/// A nonce, given as JSON, short enough to prefix a part's number. A longer one becomes its hash, which is the same
/// whenever it is sent again.
fn short(nonce: &str) -> String {
    // It may be a number.
    let nonce = serde_json::from_str(nonce).unwrap_or(Cow::Borrowed(nonce));
    if nonce.chars().count() <= NONCE_MAX - "0:".len() {
        return nonce.into_owned();
    }
    let mut hash = DefaultHasher::new();
    nonce.hash(&mut hash);
    format!("{:016x}", hash.finish())
}

fn text_file(text: String) -> File {
    File::new("message.txt", text.into_bytes()).content_type("text/plain; charset=utf-8")
}

/// Splits a text into at most `most` parts of at most `longest` characters, and the rest.
fn split(text: &str, longest: usize, most: usize) -> (Vec<String>, String) {
    let (mut parts, mut rest, mut opening) = (Vec::new(), text, String::new());
    while parts.len() < most {
        let room = longest - opening.chars().count();
        if rest.chars().count() <= room {
            parts.push(mem::take(&mut opening) + rest);
            rest = "";
        } else {
            let mut cut = border(rest, room - CLOSING.len());
            let mut fence = open_fence(&opening, rest, cut);
            // A code block that fits into a message is not split, and none begins with an empty part.
            if let Some(Fence { begins: Some(begins), .. }) = fence
                && begins > 0
                && (end_of_block(&rest[begins..]).is_some_and(|end| end <= longest)
                    || !rest[begins..cut].trim_end().contains('\n'))
            {
                (cut, fence) = (begins, None);
            }
            let part = mem::take(&mut opening) + rest[..cut].trim_end_matches('\n');
            rest = rest[cut..].strip_prefix(['\n', ' ']).unwrap_or(&rest[cut..]);
            match fence {
                Some(fence) => {
                    opening = format!("{FENCE}{}\n", fence.language);
                    parts.push(part + CLOSING);
                }
                None => parts.push(part),
            }
        }
        // Discord does not accept a message that is only white space.
        parts.pop_if(|part| part.trim().is_empty());
        if rest.trim().is_empty() {
            return (parts, String::new());
        }
    }
    (parts, rest.to_owned())
}

/// Where to cut, in bytes, so that at most `longest` characters come before: between lines, or else between words.
fn border(text: &str, longest: usize) -> usize {
    let end = text.char_indices().nth(longest).map_or(text.len(), |(at, _)| at);
    // White space at the cut itself is left out.
    let window = &text[..text[end..].chars().next().map_or(end, |next| end + next.len_utf8())];
    let line = window.rfind('\n').filter(|at| *at > end / 2);
    let border = line.or_else(|| window.rfind([' ', '\n']).filter(|at| *at > 0));
    border.unwrap_or_else(|| {
        // Do not cut within the marks of a code block.
        let marks = text[..end].len() - text[..end].trim_end_matches('`').len();
        if marks < FENCE.len() && marks < end { end - marks } else { end }
    })
}

/// A code block that is still open.
struct Fence {
    /// Where it begins, in bytes; `None` if it began in the previous part.
    begins: Option<usize>,
    language: String,
}

/// The code block that is open where `text` is cut.
fn open_fence(opening: &str, text: &str, cut: usize) -> Option<Fence> {
    let before = opening.strip_prefix(FENCE).map(|line| line.trim_end_matches('\n').to_owned());
    let mut open = before.map(|language| Fence { begins: None, language });
    for (at, _) in text[..cut].match_indices(FENCE) {
        open = match open {
            Some(_) => None,
            None => {
                Some(Fence { begins: Some(at), language: language(&text[at + FENCE.len()..]).to_owned() })
            }
        };
    }
    open
}

/// The language of a code block: the text after its opening marks, if it is a single word on a line of its own.
fn language(text: &str) -> &str {
    let is_letter = |it: char| it.is_ascii_alphanumeric() || "+-_.#".contains(it);
    match text.split_once('\n') {
        Some((line, _)) if line.len() <= LANGUAGE_MAX && line.chars().all(is_letter) => line,
        _ => "",
    }
}

/// The number of characters of a code block that begins here; `None` if it does not end.
fn end_of_block(text: &str) -> Option<usize> {
    let inside = &text[FENCE.len()..];
    let end = inside.find(FENCE)?;
    Some(inside[..end].chars().count() + 2 * FENCE.len())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use super::*;

    fn texts(text: &str, longest: usize, most: usize) -> (Vec<String>, String) {
        let (parts, rest) = split(text, longest, most);
        assert!(parts.iter().all(|part| part.chars().count() <= longest), "{parts:?}");
        (parts, rest)
    }

    #[test]
    fn a_text_is_split_at_lines_then_words_then_anywhere() {
        let table = [
            ("one two\nthree four\nfive", 20, vec!["one two\nthree", "four\nfive"]),
            ("aaaaaaaaaaaa\nbbbbbbbbbbbb", 20, vec!["aaaaaaaaaaaa", "bbbbbbbbbbbb"]),
            ("aaaaaaaaaaaa bbbbbbbbbbbb", 20, vec!["aaaaaaaaaaaa", "bbbbbbbbbbbb"]),
            ("ääääääääääääääääääääääää", 20, vec!["ääääääääääääääää", "ääääääää"]),
            ("aaaaaaaaaaaa\n    indented by four", 20, vec!["aaaaaaaaaaaa", "    indented by four"]),
        ];
        for (text, longest, expected) in table {
            assert_eq!(
                texts(text, longest, 9),
                (expected.iter().map(|it| (*it).to_owned()).collect(), String::new())
            );
        }
    }

    #[test]
    fn a_code_block_is_kept_whole_or_reopened() {
        let (parts, _) = texts("some words before\n```rs\nlet a = 1;\nlet b = 2;\n```\nand after", 42, 9);
        assert_eq!(parts, ["some words before", "```rs\nlet a = 1;\nlet b = 2;\n```\nand after"]);
        let (parts, _) = texts("```rs\nlet a = 1;\nlet b = 2;\nlet c = 3;\n```\nand after", 32, 9);
        assert_eq!(parts, ["```rs\nlet a = 1;\nlet b = 2;\n```", "```rs\nlet c = 3;\n```\nand after"]);
        for part in parts {
            assert_eq!(part.matches(FENCE).count() % 2, 0, "{part}");
        }
    }

    #[test]
    fn nothing_is_lost_whatever_the_text() {
        for text in [
            "word ".repeat(3000),
            "x".repeat(25_000),
            "```\n".repeat(4000),
            format!("```{}\n", "x".repeat(1997)).repeat(4),
            "a\n\n\n".repeat(5000),
        ] {
            let (parts, rest) = texts(&text, TEXT_MAX, MESSAGES_MAX);
            assert!(parts.len() <= MESSAGES_MAX);
            let letters = |text: &str| text.chars().filter(|it| it.is_ascii_alphabetic()).count();
            assert_eq!(parts.iter().map(|it| letters(it)).sum::<usize>() + letters(&rest), letters(&text));
        }
    }

    #[test]
    fn all_parts_have_the_same_visibility_and_the_last_has_everything_but_text() {
        let message = NewMessage::new("word ".repeat(600)).long(Long::Split).ephemeral().reply_to(7);
        let message = message.embed(json!({"title": "t"})).file("a.txt", vec![1]).field("tts", json!(true));
        let (first, more) = message.into_parts().expect("it is split");
        let json =
            |message: &NewMessage| serde_json::from_str(&message.encode().expect("short")).expect("JSON");
        let (first, last): (serde_json::Value, serde_json::Value) = (json(&first), json(&more[0]));
        assert_eq!(more.len(), 1);
        assert_eq!((&first["flags"], &last["flags"]), (&json!(64), &json!(64)));
        assert_eq!(first["message_reference"]["message_id"], "7");
        assert_eq!(first["allowed_mentions"], last["allowed_mentions"]);
        assert!(first.get("embeds").is_none() && last.get("message_reference").is_none());
        assert_eq!(
            (&last["embeds"][0]["title"], &last["tts"], more[0].files.len()),
            (&json!("t"), &json!(true), 1)
        );
    }

    #[test]
    fn a_text_for_more_than_five_messages_is_attached() {
        let message = || NewMessage::new("word ".repeat(4000)).long(Long::Split);
        let (first, more) = message().into_parts().expect("it is split");
        assert_eq!((more.len(), first.files.len()), (MESSAGES_MAX - 1, 0));
        let file = &more[MESSAGES_MAX - 2].files[0];
        assert_eq!((file.name.as_str(), file.bytes.len() > 9000), ("message.txt", true));

        let full = (0..FILES_MAX).fold(message(), |message, _| message.file("a", vec![1]));
        let (_, more) = full.into_parts().expect("it is split");
        let files: Vec<usize> = more.iter().map(|it| it.files.len()).collect();
        assert_eq!(files, [0, 0, 0, 1, FILES_MAX]);
    }

    #[test]
    fn an_attached_text_is_complete_and_an_edit_is_one_message() {
        let text = "é".repeat(2001);
        let message = NewMessage::new(&*text).long(Long::Attach);
        let (one, more) = message.into_parts().expect("it is attached");
        assert_eq!((one.files[0].bytes.as_slice(), one.content, more.len()), (text.as_bytes(), None, 0));
        let one = NewMessage::new("word ".repeat(600)).long(Long::Split).into_edit().expect("it is one");
        assert_eq!((one.length() <= TEXT_MAX, one.files.len()), (true, 1));
        let one = NewMessage::new(&*text).long(Long::Attach).into_edit().expect("it is one");
        assert_eq!(one.content.as_deref(), Some(""), "the old text goes");
        assert!(NewMessage::new(text).into_parts().is_err());
    }

    #[test]
    fn each_part_is_posted_once_where_the_message_is() {
        let nonces = |nonce: &str| {
            let message = NewMessage::new("word ".repeat(1000)).long(Long::Split).nonce(nonce);
            let (first, more) = message.into_parts().expect("it is split");
            let parts = std::iter::once(&first).chain(&more);
            let json = parts.map(|part| part.encode().expect("it is short"));
            let json: Vec<Value> = json.map(|it| serde_json::from_str(&it).expect("JSON")).collect();
            assert!(json.iter().all(|it| it["enforce_nonce"] == true));
            assert_eq!((json.len(), &json[2]["nonce"]), (3, &json!(nonce)));
            json.iter().map(|it| it["nonce"].as_str().expect("a text").to_owned()).collect::<Vec<_>>()
        };
        let long = "n".repeat(24);
        let given = [
            format!("a{long}"),
            format!("b{long}"),
            format!("{long}a"),
            "é".repeat(25),
            "è".repeat(25),
            format!("{}\"", "q".repeat(24)),
            format!("\"{}", "q".repeat(22)),
            "a\\b".to_owned(),
            "1234567890".to_owned(),
        ];
        let all: BTreeSet<String> = given.iter().flat_map(|nonce| nonces(nonce)).collect();
        assert!(all.iter().all(|it| it.chars().count() <= NONCE_MAX), "{all:?}");
        assert_eq!(all.len(), 3 * given.len(), "{all:?}");
        for nonce in &given {
            assert_eq!(nonces(nonce), nonces(nonce), "the same when it is sent again");
        }
        let number = NewMessage::new("word ".repeat(600)).long(Long::Split).field("nonce", json!(42));
        let (first, _) = number.into_parts().expect("it is split");
        assert!(first.encode().expect("it is short").contains(r#""nonce":"0:42""#));
    }

    #[test]
    fn an_edit_replaces_the_files_unless_they_are_kept() {
        let kept = |message: NewMessage| message.into_edit().expect("it is one").kept;
        let long = |text: &str| NewMessage::new(text).long(Long::Split);
        assert_eq!(kept(NewMessage::new("x")), None);
        assert_eq!(kept(NewMessage::new("x").file("a", vec![1])), Some(vec![]));
        assert_eq!(kept(NewMessage::new("x").file("a", vec![1]).keep_files(&[7])), Some(vec![7]));
        assert_eq!(kept(long(&"word ".repeat(600))), Some(vec![]));
        assert_eq!(kept(long("x")), Some(vec![]), "the text before may have been a file");
        assert_eq!(kept(NewMessage::default().long(Long::Split)), None, "the text stays");
    }
}
