//! Any text as the arguments of a command, as a cog parses them.

use std::{cell::RefCell, time::Duration};

use gearshift_cog::{prelude::*, testing::Bot};

thread_local! {
    /// What the handler was called with.
    static GOT: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

fn got(values: Vec<String>) -> Result {
    GOT.set(Some(values));
    Ok(())
}

#[derive(Default)]
struct Reader;

#[cog(export = false)]
impl Reader {
    /// Words
    #[command]
    async fn words(&self, _ctx: &Context, first: String, rest: Vec<String>) -> Result {
        got([vec![first], rest].concat())
    }

    /// A word and the rest of the line
    #[command]
    async fn pair(&self, _ctx: &Context, word: String, text: String) -> Result {
        got(vec![word, text])
    }

    /// Values of all plain types
    #[command]
    async fn values(
        &self,
        _ctx: &Context,
        whole: i64,
        #[min = -5]
        #[max = 5]
        part: f64,
        yes: bool,
        time: Duration,
        small: Option<u8>,
    ) -> Result {
        assert!((-5.0..=5.0).contains(&part));
        got(vec![
            whole.to_string(),
            format!("{small:?}"),
            part.to_string(),
            yes.to_string(),
            format!("{time:?}"),
        ])
    }

    /// Somebody, somewhere, for some reason
    #[command]
    async fn user(
        &self,
        _ctx: &Context,
        who: User,
        place: Option<GuildChannel>,
        why: Option<String>,
    ) -> Result {
        got(vec![who.name.clone(), format!("{:?}", place.map(|place| place.name)), format!("{why:?}")])
    }
}

/// In bytes. Discord refuses longer messages, and quotation marks are added.
const LINE_MAX: usize = 600;

/// The line of a command: its handler gets values of its types, or the user is shown which argument is wrong. Words in
/// quotation marks are passed on unchanged.
pub(crate) fn line(bytes: &[u8]) {
    let Some(text) = str::from_utf8(bytes).ok().filter(|text| text.len() < LINE_MAX) else { return };
    let (command, text) = text.split_once(' ').unwrap_or((text, ""));
    if !["words", "pair", "values", "user"].contains(&command) {
        return;
    }
    let bot = Bot::new::<Reader>();
    let alice = bot.user("alice");
    GOT.set(None);
    let answer = alice.say(&format!("!{command} {text}"));
    if GOT.take().is_none() {
        assert!(answer.content().starts_with('`'), "{:?}", answer.content());
    }
    // Mentions are replaced when the message is sent, and a `\` in front of a quotation mark cannot be written.
    let words: Vec<&str> = text.split('\n').filter(|word| !word.contains(['\\', '@', '#'])).collect();
    if command == "words" && !words.is_empty() {
        let quoted: Vec<String> =
            words.iter().map(|word| format!("\"{}\"", word.replace('"', "\\\""))).collect();
        alice.say(&format!("!words {}", quoted.join(" ")));
        assert_eq!(GOT.take().expect("words are words"), words);
    }
}
