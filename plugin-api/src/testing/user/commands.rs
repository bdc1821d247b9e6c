//! Commands that a user calls: slash commands, menus and autocompletion. The test fails if Discord's client would not
//! allow an action.

use serde_json::{Value, json};

use super::{User, Values};
use crate::{
    interactions::{AUTOCOMPLETE, COMMAND},
    manifest::{ChoiceValue, Command, Opt, kind},
    testing::{
        answer::{Answer, SuggestedChoice},
        message::Message,
        new_interaction::NewInteraction,
        resolved::Resolved,
    },
};

/// Discord's command types, and its option types for subcommands.
const SLASH: u8 = 1;
const USER_MENU: u8 = 2;
const MESSAGE_MENU: u8 = 3;
const SUBCOMMAND: u8 = 1;
const GROUP: u8 = 2;

impl User {
    /// Calls a slash command by its path, such as `tag add`, with values for its options. A user, role or channel is
    /// given by its id, a file by its name.
    ///
    /// # Panics
    /// If a handler panics, the command does not exist, or Discord's client would not accept the values.
    #[track_caller]
    pub fn slash(&self, command: &str, options: impl Values) -> Answer {
        let values = options.values();
        let shown: Vec<String> = values.iter().map(|(name, value)| format!(" {name}:{value}")).collect();
        self.stage.note_act(self.id, self.channel_id(), &format!("/{command}{}", shown.concat()), None);
        let path = self.declared(command, SLASH);
        let last = path.last().copied();
        let mut resolved = Resolved::default();
        let options = last.map_or(&[][..], |command| command.options);
        let given = self.options(command, options, &values, None, &mut resolved);
        if let Some(missing) = options
            .iter()
            .find(|option| option.shape.required && !values.iter().any(|(name, _)| name == option.name))
        {
            self.stage.fail(&format!("`/{command}` needs the option `{}`", missing.name));
        }
        let is_ephemeral = path.iter().any(|command| command.ephemeral);
        self.call(COMMAND, data(&path, given, resolved), is_ephemeral)
    }

    /// Types into an option of a slash command. Returns the cog's suggestions.
    ///
    /// # Panics
    /// If a handler panics, Discord would refuse the suggestions or there are none, or the option has no
    /// autocompletion.
    #[track_caller]
    pub fn complete(&self, command: &str, option: &str, typed: &str) -> Vec<SuggestedChoice> {
        self.complete_with(command, (), option, typed)
    }

    /// Like [`complete`](Self::complete), with other options already filled in.
    ///
    /// # Panics
    /// See [`complete`](Self::complete).
    #[track_caller]
    pub fn complete_with(
        &self,
        command: &str,
        others: impl Values,
        option: &str,
        typed: &str,
    ) -> Vec<SuggestedChoice> {
        let act = format!("types into {option} of /{command}");
        self.stage.note_act(self.id, self.channel_id(), &act, Some(typed));
        let path = self.declared(command, SLASH);
        let options = path.last().map_or(&[][..], |command| command.options);
        if !options.iter().any(|it| it.name == option && it.autocomplete) {
            self.stage.fail(&format!("`/{command}` has no option `{option}` with autocomplete"));
        }
        let mut values = others.values();
        values.push((option.to_owned(), json!(typed)));
        let mut resolved = Resolved::default();
        let given = self.options(command, options, &values, Some(option), &mut resolved);
        self.call(AUTOCOMPLETE, data(&path, given, resolved), false).suggestions()
    }

    /// Chooses an entry of a user's menu.
    ///
    /// # Panics
    /// If a handler panics, or the entry does not exist.
    #[track_caller]
    pub fn user_menu(&self, name: &str, of: &User) -> Answer {
        self.stage.note_act(self.id, self.channel_id(), &format!("{name:?} of a user"), None);
        let path = self.declared(name, USER_MENU);
        let mut resolved = Resolved::default();
        resolved.user(&self.stage.world.discord.borrow(), of.id);
        self.menu(&path, of.id, resolved)
    }

    /// Chooses an entry of a message's menu.
    ///
    /// # Panics
    /// See [`user_menu`](Self::user_menu).
    #[track_caller]
    pub fn message_menu(&self, name: &str, of: &Message) -> Answer {
        let here = Self { place: Some(of.channel_id()), ..self.clone() };
        self.stage.note_act(self.id, of.channel_id(), &format!("{name:?} of a message"), None);
        let path = self.declared(name, MESSAGE_MENU);
        let mut resolved = Resolved::default();
        resolved.add("messages", of.id(), of.json());
        here.menu(&path, of.id(), resolved)
    }

    #[track_caller]
    fn menu(&self, path: &[&Command], target: u64, resolved: Resolved) -> Answer {
        let mut data = data(path, Vec::new(), resolved);
        data["target_id"] = json!(target.to_string());
        self.call(COMMAND, data, path.iter().any(|command| command.ephemeral))
    }

    #[track_caller]
    fn call(&self, kind: u8, data: Value, is_ephemeral: bool) -> Answer {
        let (user, channel) = (self.id, self.channel_id());
        let token = self.stage.interact(NewInteraction {
            user,
            channel,
            kind,
            data,
            source: None,
            opened_by: None,
            is_ephemeral,
        });
        Answer::to_interaction(&self.stage, token)
    }

    #[track_caller]
    fn declared(&self, command: &str, kind: u8) -> Vec<&'static Command> {
        let declared = self.stage.serving(|generation| generation.declared);
        declared.path(command, kind).unwrap_or_else(|| {
            let paths = declared.paths(kind);
            self.stage
                .fail(&format!("the cog declares no command `{command}` of that kind; there are {paths:?}"))
        })
    }

    /// The values of options as Discord's client sends them.
    #[track_caller]
    fn options(
        &self,
        command: &str,
        options: &[Opt],
        values: &[(String, Value)],
        focused: Option<&str>,
        resolved: &mut Resolved,
    ) -> Vec<Value> {
        let mut given = Vec::new();
        for (name, value) in values {
            let Some(option) = options.iter().find(|option| option.name == name) else {
                let names: Vec<&str> = options.iter().map(|option| option.name).collect();
                self.stage.fail(&format!("`/{command}` has no option `{name}`; it has {names:?}"))
            };
            let is_focused = focused == Some(name);
            let sent = match is_focused {
                // Any text that was typed so far.
                true => Ok(value.clone()),
                false => self.value(option, value, resolved),
            };
            let sent = sent.unwrap_or_else(|expected| {
                self.stage.fail(&format!("the option `{name}` of `/{command}` takes {expected}, not {value}"))
            });
            let mut json = json!({ "name": name, "type": option.shape.kind, "value": sent });
            if is_focused {
                json["focused"] = json!(true);
            }
            given.push(json);
        }
        given
    }

    /// A value as Discord sends it. The error is what the option takes.
    fn value(&self, option: &Opt, value: &Value, resolved: &mut Resolved) -> Result<Value, String> {
        if !option.shape.choices.is_empty() {
            return chosen(option, value);
        }
        let now = self.stage.world.clock.unix_ms();
        let discord = &mut *self.stage.world.discord.borrow_mut();
        let id = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        match option.shape.kind {
            kind::STRING if value.is_string() => long_enough(option, value),
            kind::INTEGER if value.is_i64() || value.is_u64() => in_bounds(option, value),
            kind::BOOLEAN if value.is_boolean() => Ok(value.clone()),
            kind::NUMBER if value.is_number() => in_bounds(option, value),
            kind::ATTACHMENT => {
                let name = value.as_str().ok_or("a file, by its name")?;
                Ok(resolved.file(discord, name, now))
            }
            of @ (kind::USER | kind::CHANNEL | kind::ROLE | kind::MENTIONABLE) => {
                let id = id.ok_or("an id")?;
                let types = option.shape.channel_types;
                if of == kind::CHANNEL && !types.is_empty() && !discord.has_channel(id, types) {
                    return Err(format!("a channel of the types {types:?}"));
                }
                let is_there = match of {
                    kind::USER => resolved.user(discord, id),
                    kind::ROLE => resolved.role(discord, id),
                    kind::CHANNEL => resolved.channel(discord, id, self.id),
                    _ => resolved.user(discord, id) || resolved.role(discord, id),
                };
                match is_there {
                    true => Ok(json!(id.to_string())),
                    false => Err("the id of an existing object of its type".to_owned()),
                }
            }
            kind::STRING => Err("text".to_owned()),
            kind::INTEGER => Err("a whole number".to_owned()),
            kind::BOOLEAN => Err("true or false".to_owned()),
            kind::NUMBER => Err("a number".to_owned()),
            other => Err(format!("values of type {other}, which the kit does not support")),
        }
    }
}

/// The data of the interaction.
fn data(path: &[&Command], given: Vec<Value>, resolved: Resolved) -> Value {
    let (top, below) = path.split_first().map_or((None, path), |(top, below)| (Some(top), below));
    let mut options = json!(given);
    for (at, command) in below.iter().enumerate().rev() {
        let kind = if at + 1 == below.len() { SUBCOMMAND } else { GROUP };
        options = json!([{ "name": command.name, "type": kind, "options": options }]);
    }
    json!({
        "id": "400", "name": top.map(|top| top.name), "type": top.map(|top| top.kind), "options": options,
        "resolved": resolved.into_json(),
    })
}

fn chosen(option: &Opt, value: &Value) -> Result<Value, String> {
    let of = |value: ChoiceValue| match value {
        ChoiceValue::Text(text) => json!(text),
        ChoiceValue::Number(number) => serde_json::from_str(number).unwrap_or_default(),
    };
    let mut choices = option.shape.choices.iter();
    match choices.find(|choice| of(choice.value) == *value || value.as_str() == Some(choice.name)) {
        Some(choice) => Ok(of(choice.value)),
        None => {
            let names: Vec<&str> = option.shape.choices.iter().map(|choice| choice.name).collect();
            Err(format!("one of {names:?}"))
        }
    }
}

fn in_bounds(option: &Opt, value: &Value) -> Result<Value, String> {
    let (min, max) = option.shape.values;
    let number = value.as_f64().unwrap_or_default();
    let is_below = min.parse::<f64>().is_ok_and(|min| number < min);
    let is_above = max.parse::<f64>().is_ok_and(|max| number > max);
    if is_below || is_above { Err(format!("a number from {min} to {max}")) } else { Ok(value.clone()) }
}

fn long_enough(option: &Opt, value: &Value) -> Result<Value, String> {
    let (min, max) = option.shape.lengths;
    let length = value.as_str().map_or(0, |text| text.chars().count());
    let (min, max) = (min.map_or(0, usize::from), max.map_or(6000, usize::from));
    match (min..=max).contains(&length) {
        true => Ok(value.clone()),
        false => Err(format!("{min} to {max} characters")),
    }
}
