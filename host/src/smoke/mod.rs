//! Smoke scripts: a readable transcript of what is said and what the bot must answer, played against a live host on the
//! built-in Discord. It starts nothing; it is given both.
//!
//! ```text
//! # Who says what, and what the bot answers. A line that begins with # is a remark.
//! needs ping counter         these cogs must be serving
//! in #dev                    where members speak from now on; the first channel at first
//! within 2s                  how long an answer may take from now on; 5s at first
//!
//! alice> !ping hi            alice says something
//! bot< pong hi               and this is the next thing that the bot says
//! alice> /ping text:hi       a slash command; what can stand here is what can be typed in `gearshift play`
//! bot< pong hi
//! bot< (nothing)             the bot says nothing more for as long as an answer may take
//!
//! alice> !count
//! bot< {own} for you, *      * is any text; {own} is a word, the same wherever {own} stands again
//! reload counter             as `gearshift cogs reload`; `load` and `unload` as well
//! alice> :react 👍           also :edit, :reply, :press, :select, :submit, :delete
//! ```
//!
//! What a bot can do beside saying a plain text is written in front: `(ephemeral) text`, `(edited) text`, `(reacts) 👍`,
//! `(form) title`, `(no answer) /command`, and behind the text `[embed title]`, `[file name]`, `[button label]`,
//! `[select placeholder]`. A new line in a text is `\n`; `\*`, `\{` and `\\` stand for themselves. Everything that the bot
//! says must be in the script, in order; what it says in another channel counts as well.

mod ear;
mod pattern;
mod play;
mod script;

pub use self::{
    play::{Failure, play},
    script::{Problem, Script},
};
