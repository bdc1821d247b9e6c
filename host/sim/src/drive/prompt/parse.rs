//! Parses a line: what the user wants, or what is wrong with the line.

use super::orders::{FaultCommand, TimeCommand, faults, time};
use crate::world::ActError;

pub(super) const HELP: &str = "\
text                      say it in the current channel; @bob, @ROLE and #dev in it are mentions
\\text                     say it as it stands
/ping text:hi             run a slash command; quotes keep a value together; a file is its NAME and its TEXT…
:choices /find what:ab    show the autocomplete choices for the last option
:use COMMAND [@bob]       run a context menu command on the last message, or on a user
@bob  :as bob             act as another user
#dev  :in dev             switch to another channel; :in @bot for a direct message
:join GUILD  :leave GUILD join or leave a guild
:onboard GUILD ANSWER…    answer the questions for new members of a guild
:give @bob ROLE  :take @bob ROLE   give a member a role of this guild, or take it away
:reply TEXT               reply to the last message here
:edit TEXT  :delete       edit or delete your last message here
:react 👍  :unreact 👍    react to the last message here, or remove the reaction
:attach NAME TEXT…        post a file with this name and content
:press LABEL              press a button of the last message with buttons
:select MENU VALUE…       select values in a menu of the last message with a menu
:submit FIELD:TEXT…       submit the form that was opened last; MENU:A,B selects several; UPLOAD:NAME TEXT… uploads
:typing                   start typing
:who  :where              list the members here; list the channels
:faults                   list the armed faults; `:faults help` shows how to arm them
:time                     show the simulator's time; :time freeze, :time advance 15m, :time resume
:help  :quit";

/// What a line asks for.
#[derive(Debug, PartialEq)]
pub(super) enum Command {
    Nothing,
    Say(String),
    SayLiterally(String),
    Slash { name: String, options: Pairs },
    Choices { name: String, options: Pairs },
    Use { command: String, on: Option<String> },
    Attach { name: String, text: String },
    As(String),
    Join(String),
    Leave(String),
    Onboard { guild: String, answers: Vec<String> },
    Role { member: String, role: String, given: bool },
    In(String),
    Reply(String),
    Edit(String),
    Delete,
    React(String),
    Unreact(String),
    Press(String),
    Select { menu: String, values: Vec<String> },
    Submit(Pairs),
    Typing,
    Who,
    Where,
    Faults(FaultCommand),
    Time(TimeCommand),
    Help,
    Quit,
}

const COMMANDS: [&str; 26] = [
    "join", "leave", "onboard", "give", "take", "choices", "use", "attach", "unreact", "as", "in", "reply",
    "edit", "delete", "react", "press", "select", "submit", "typing", "who", "where", "faults", "time",
    "help", "quit", "exit",
];

/// Parses a line; the error is a sentence for the user.
pub(super) fn parse(line: &str) -> Result<Command, String> {
    let line = line.trim();
    let alone = !line.contains(char::is_whitespace);
    Ok(match line.chars().next() {
        None => Command::Nothing,
        Some('\\') => Command::SayLiterally(line[1..].to_owned()),
        Some('/') => {
            let (name, options) = slash(&line[1..])?;
            Command::Slash { name, options }
        }
        Some('@') if alone && line.len() > 1 => Command::As(line[1..].to_owned()),
        Some('#') if alone && line.len() > 1 => Command::In(line[1..].to_owned()),
        // `:)` is a message.
        Some(':') if line[1..].starts_with(|c: char| c.is_ascii_alphabetic()) => colon(&line[1..])?,
        Some(_) => Command::Say(line.to_owned()),
    })
}

fn colon(line: &str) -> Result<Command, String> {
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let needed = |what: &str| match rest {
        "" => Err(format!("`:{word}` needs {what}; see `:help`")),
        rest => Ok(rest.to_owned()),
    };
    Ok(match word {
        "as" => Command::As(needed("a member's name")?.trim_start_matches('@').to_owned()),
        "in" => Command::In(needed("a channel's name")?),
        "join" => Command::Join(needed("a guild's name")?),
        "leave" => Command::Leave(needed("a guild's name")?),
        "onboard" => {
            let mut words = words(&needed("a guild's name")?)?.into_iter();
            let guild = words.next().unwrap_or_default();
            Command::Onboard { guild, answers: words.collect() }
        }
        "give" | "take" => match needed("a member's name and a role")?.split_once(char::is_whitespace) {
            Some((member, role)) => Command::Role {
                member: member.trim_start_matches('@').to_owned(),
                role: role.trim().to_owned(),
                given: word == "give",
            },
            None => return Err(format!("`:{word}` needs a member's name and a role; see `:help`")),
        },
        "reply" => Command::Reply(needed("some text")?),
        "edit" => Command::Edit(needed("the new text")?),
        "delete" => Command::Delete,
        "react" => Command::React(needed("an emoji")?),
        "unreact" => Command::Unreact(needed("an emoji")?),
        "choices" => {
            let (name, options) = slash(needed("a slash command")?.trim_start_matches('/'))?;
            if options.is_empty() {
                return Err("`:choices` needs an option to complete, like `/find what:ab`".to_owned());
            }
            Command::Choices { name, options }
        }
        "use" => {
            let mut words = words(&needed("a command's name")?)?;
            let on =
                words.pop_if(|last| last.len() > 1 && last.starts_with('@')).map(|name| name[1..].to_owned());
            Command::Use { command: words.join(" "), on }
        }
        "attach" => match needed("a file's name and some text")?.split_once(char::is_whitespace) {
            Some((name, text)) => Command::Attach { name: name.to_owned(), text: text.trim().to_owned() },
            None => return Err("`:attach` needs a file's name and some text; see `:help`".to_owned()),
        },
        "press" => Command::Press(needed("a button's label")?),
        "select" => {
            let mut words = words(&needed("a menu and the values to select")?)?.into_iter();
            let menu = words.next().unwrap_or_default();
            Command::Select { menu, values: words.collect() }
        }
        "submit" => Command::Submit(pairs(rest)?.1),
        "typing" => Command::Typing,
        "who" => Command::Who,
        "where" => Command::Where,
        "faults" => Command::Faults(faults(rest)?),
        "time" => Command::Time(time(rest)?),
        "help" => Command::Help,
        "quit" | "exit" => Command::Quit,
        other => {
            return Err(ActError::unknown("command", &format!(":{other}"), COMMANDS.into_iter()).to_string());
        }
    })
}

/// A slash command's name with its subcommands, and its options.
fn slash(line: &str) -> Result<(String, Pairs), String> {
    let (path, options) = pairs(line)?;
    if path.is_empty() {
        return Err("a slash command needs a name, like `/ping text:hi`".to_owned());
    }
    Ok((path.join(" "), options))
}

/// Names and values, as typed.
type Pairs = Vec<(String, String)>;

/// Leading words, then `name:value` pairs. A value extends to the next `name:`.
fn pairs(line: &str) -> Result<(Vec<String>, Pairs), String> {
    let (mut leading, mut pairs) = (Vec::new(), Pairs::new());
    for word in words(line)? {
        match split_pair(&word) {
            Some((name, value)) => pairs.push((name.to_owned(), value.to_owned())),
            None => match pairs.last_mut() {
                Some((_, value)) => {
                    value.push(' ');
                    value.push_str(&word);
                }
                None => leading.push(word),
            },
        }
    }
    Ok((leading, pairs))
}

/// `name:value`, but not the start of a URL like `https://…` or a time like `12:30`.
fn split_pair(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once(':')?;
    let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    let is_number = name.chars().all(|c| c.is_ascii_digit());
    (is_name && !is_number && !value.starts_with("//")).then_some((name, value))
}

/// Splits at spaces; double quotes keep words together and are removed.
fn words(line: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut quoted, mut started) = (Vec::new(), String::new(), false, false);
    for c in line.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                started = true;
            }
            c if c.is_whitespace() && !quoted => {
                if started {
                    words.push(std::mem::take(&mut word));
                }
                started = false;
            }
            c => {
                word.push(c);
                started = true;
            }
        }
    }
    if quoted {
        return Err("unclosed quote".to_owned());
    }
    if started {
        words.push(word);
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slashed(name: &str, options: &[(&str, &str)]) -> Command {
        let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Command::Slash { name: name.to_owned(), options }
    }

    #[test]
    fn lines_mean_what_the_help_says() {
        let say = |text: &str| Command::Say(text.to_owned());
        for (line, command) in [
            ("  hello there ", say("hello there")),
            (":)", say(":)")),
            ("\\:help", Command::SayLiterally(":help".to_owned())),
            ("@bob", Command::As("bob".to_owned())),
            ("@bob hi", say("@bob hi")),
            ("#dev", Command::In("dev".to_owned())),
            (":as @bob", Command::As("bob".to_owned())),
            ("", Command::Nothing),
            ("/ping", slashed("ping", &[])),
            ("/ping text:hi there times:3", slashed("ping", &[("text", "hi there"), ("times", "3")])),
            ("/role admin give to:bob", slashed("role admin give", &[("to", "bob")])),
            ("/say text:\"a b:c\"", slashed("say", &[("text", "a b:c")])),
            ("/say text:see https://x.y/z", slashed("say", &[("text", "see https://x.y/z")])),
            (
                "/time at:2024-05-01 12:30 in:UTC",
                slashed("time", &[("at", "2024-05-01 12:30"), ("in", "UTC")]),
            ),
            (
                ":choices /find what:ab",
                Command::Choices {
                    name: "find".to_owned(),
                    options: vec![("what".to_owned(), "ab".to_owned())],
                },
            ),
            (":use Who is @bob", Command::Use { command: "Who is".to_owned(), on: Some("bob".to_owned()) }),
            (
                ":give @bob moderator",
                Command::Role { member: "bob".to_owned(), role: "moderator".to_owned(), given: true },
            ),
            (
                ":onboard Harbour \"Deep sea\" Sails",
                Command::Onboard {
                    guild: "Harbour".to_owned(),
                    answers: vec!["Deep sea".to_owned(), "Sails".to_owned()],
                },
            ),
            (":use Keep", Command::Use { command: "Keep".to_owned(), on: None }),
            (":attach a.txt b c", Command::Attach { name: "a.txt".to_owned(), text: "b c".to_owned() }),
            (":faults close 4000", Command::Faults(FaultCommand::Close(4000))),
            (":time", Command::Time(TimeCommand::Show)),
        ] {
            assert_eq!(parse(line), Ok(command), "{line}");
        }
    }

    #[test]
    fn a_mistake_is_explained() {
        for (line, words) in [
            (":hepl", "did you mean `help`?"),
            (":as", "`:as` needs a member's name"),
            (":choices /find", "`:choices` needs an option"),
            ("/", "a slash command needs a name"),
            ("/say text:\"open", "unclosed quote"),
            (":faults close 7", "from 1000 to 4999"),
        ] {
            let refusal = parse(line).unwrap_err();
            assert!(refusal.contains(words), "{line}: {refusal}");
        }
    }
}
