//! Smoke scripts: a readable transcript of users' messages and the bot's expected answers, played against a live host
//! on the built-in Discord. This starts neither of them; the caller passes both.
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
//! alice> /keep file:a.txt hi  a file is its name and what is in it
//! bot< kept [file a.txt]
//! bot< (nothing)             the bot says nothing more for as long as an answer may take
//!
//! alice> !count
//! bot< {own} for you, *      * is any text; {own} is a word, the same wherever {own} stands again
//! reload counter             as `gearshift cogs reload`; `load` and `unload` as well
//! restart                    the host ends and another one starts; its store and the built-in Discord stay
//! alice> :react 👍           also :edit, :reply, :press, :select, :submit, :delete and the rest of the prompt
//! :time advance 15m          orders to the simulator, as at the prompt, are nobody's: `:faults …` as well
//! settle                     wait until nothing is under way
//! ```
//!
//! Anything a bot does other than sending plain text is marked in front: `(ephemeral) text`, `(edited) text`,
//! `(deletes) text`, `(reacts) 👍`, `(choices) a, b`, `(form) what opened it`, `(no answer) /command`; or after the
//! text: `[embed title: description]`, `[file name]`, `[button label]`, `[select placeholder]`. A new line in a text is
//! `\n`; `\*`, `\{` and `\\` stand for themselves. All output of the bot must be in the script, in order, including
//! messages in other channels.

mod output;
mod pattern;
mod play;
mod script;

pub use self::{
    play::{Failure, Played, Player},
    script::{Problem, Script},
};
