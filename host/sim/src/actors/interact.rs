//! Members and interactions: slash commands, buttons, menus, forms, autocomplete, and waiting for the answer.
//! It does not judge answers; Discord's rules for bots are in `interactions`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{ActError, Member, owned_options};
use crate::interactions::{Command, Invocation, Kind, fill_options, flatten, line_of_values};
use crate::shared::{Shared, State};
use crate::snowflake::Snowflake;
use crate::transcript::{Acknowledgement, Entry, What};
use crate::world::{Message, bits};

/// For commands without options: `alice.slash("ping", NO_OPTIONS)`.
pub const NO_OPTIONS: [(&str, &str); 0] = [];

impl Member {
    /// Runs a slash command in the member's channel. `command` may go on with subcommands: `"role give"`. Values may be
    /// typed or texts as a member types them; they are checked against what the command declares.
    ///
    /// # Errors
    /// What a client would refuse: no such command or option, a value that does not fit, no permission.
    pub async fn slash<K: AsRef<str>, V: Into<Value>>(
        &self,
        command: &str,
        options: impl IntoIterator<Item = (K, V)>,
    ) -> Result<InteractionHandle, ActError> {
        self.run(command, owned_options(options), None)
    }

    /// Types into an option with autocomplete: the bot is asked for choices.
    ///
    /// # Errors
    /// As [`Member::slash`]; required options may still be missing.
    pub async fn autocomplete<K: AsRef<str>, V: Into<Value>>(
        &self,
        command: &str,
        options: impl IntoIterator<Item = (K, V)>,
        focused: &str,
    ) -> Result<InteractionHandle, ActError> {
        self.run(command, owned_options(options), Some(focused))
    }

    /// Presses a button, found by its label or custom id.
    ///
    /// # Errors
    /// If there is no such message or button, or it is disabled or a link.
    pub async fn press(&self, message: Snowflake, button: &str) -> Result<InteractionHandle, ActError> {
        let mut state = self.shared.state();
        let (source, control) = self.control(&state, message, button, &[2])?;
        let unusable = |why: &str| ActError::Unusable { control: button.to_owned(), why: why.to_owned() };
        let custom_id = text(&control, "custom_id").ok_or_else(|| unusable("it is a link"))?;
        let label = text(&control, "label").unwrap_or(custom_id);
        let data = json!({ "component_type": 2, "custom_id": custom_id, "id": control.get("id") });
        Ok(self.begin(
            &mut state,
            Kind::Component,
            format!("[button {label}]"),
            String::new(),
            data,
            Some(source),
        ))
    }

    /// Chooses values in a menu, found by its placeholder or custom id.
    ///
    /// # Errors
    /// If there is no such message or menu, it is disabled, or does not offer these values.
    pub async fn select(
        &self,
        message: Snowflake,
        menu: &str,
        values: &[&str],
    ) -> Result<InteractionHandle, ActError> {
        let mut state = self.shared.state();
        let (source, control) = self.control(&state, message, menu, &[3, 5, 6, 7, 8])?;
        let unusable = |why: String| ActError::Unusable { control: menu.to_owned(), why };
        let number = |key: &str| control.get(key).and_then(Value::as_u64).unwrap_or(1) as usize;
        let (least, most) = (number("min_values"), number("max_values"));
        if !(least..=most).contains(&values.len()) {
            return Err(unusable(format!("{least} to {most} values are to be chosen")));
        }
        let mut chosen = Vec::with_capacity(values.len());
        if let Some(offered) = control.get("options").and_then(Value::as_array) {
            for value in values {
                let option = offered.iter().find(|option| {
                    text(option, "value") == Some(value) || text(option, "label") == Some(value)
                });
                let option = option.ok_or_else(|| unusable(format!("it does not offer `{value}`")))?;
                chosen.push(text(option, "value").unwrap_or(value).to_owned());
            }
        } else {
            chosen.extend(values.iter().map(|value| (*value).to_owned()));
        }
        let data = json!({
            "component_type": control.get("type"), "custom_id": text(&control, "custom_id"), "values": chosen,
            "id": control.get("id"), "resolved": {},
        });
        let line = format!("[select {menu}: {}]", chosen.join(", "));
        Ok(self.begin(&mut state, Kind::Component, line, String::new(), data, Some(source)))
    }

    /// Fills in and submits the form that an interaction opened; texts by custom id.
    ///
    /// # Errors
    /// If the interaction opened no form, or a text is required or not asked for.
    pub async fn submit<K: AsRef<str>, V: Into<Value>>(
        &self,
        form: &InteractionHandle,
        texts: impl IntoIterator<Item = (K, V)>,
    ) -> Result<InteractionHandle, ActError> {
        let texts = owned_options(texts);
        let mut state = self.shared.state();
        let interaction = state.interactions.find(form.id);
        let (modal, source) =
            interaction.and_then(|one| Some((one.modal.clone()?, one.source))).ok_or(ActError::NoForm)?;
        let source = source
            .and_then(|id| self.place_of(&state, id).ok().and_then(|place| state.answer_message(place, id)));
        let mut components = modal["components"].as_array().cloned().unwrap_or_default();
        let known: Vec<String> = components
            .iter()
            .flat_map(flatten)
            .filter_map(|one| text(one, "custom_id"))
            .map(str::to_owned)
            .collect();
        if let Some((name, _)) = texts.iter().find(|(name, _)| !known.contains(name)) {
            return Err(ActError::unknown("field", name, known.iter().map(String::as_str)));
        }
        for component in &mut components {
            fill_in(component, &texts)?;
        }
        let title = text(&modal, "title").unwrap_or_default();
        let line = format!("[form {title}]{}", line_of_values(&texts));
        let data = json!({ "custom_id": modal["custom_id"], "components": components });
        Ok(self.begin(&mut state, Kind::Modal, line, String::new(), data, source))
    }

    fn run(
        &self,
        command: &str,
        given: Vec<(String, Value)>,
        focused: Option<&str>,
    ) -> Result<InteractionHandle, ActError> {
        let mut state = self.shared.state();
        let channel = self.place()?;
        self.allowed(&state, channel, bits::USE_APPLICATION_COMMANDS, "use commands")?;
        let mut words = command.trim_start_matches('/').split_whitespace();
        let name = words.next().unwrap_or_default();
        let path: Vec<&str> = words.collect();
        let home = state.world.channel(channel);
        let guild = home.and_then(|home| home.guild_id);
        let reaches = |command: &Command| {
            command.kind() == 1
                && home.is_some_and(|home| {
                    state.world.permissions_in(home, command.bot) & bits::VIEW_CHANNEL != 0
                })
        };
        let found = state.commands.available(guild).find(|one| one.name() == name && reaches(one));
        let Some(found) = found.cloned() else {
            let known = state.commands.available(guild).filter(|one| reaches(one)).map(Command::name);
            return Err(ActError::unknown("command", name, known));
        };
        let guild = guild.and_then(|guild| state.world.guild(guild));
        let filled = fill_options(&state.world, guild, &found, &path, &given, focused)?;
        let mut data = json!({ "id": found.id, "name": found.name(), "type": 1, "options": filled.options });
        if !filled.resolved.is_empty() {
            data["resolved"] = Value::Object(filled.resolved);
        }
        if let Some(guild) = found.guild {
            data["guild_id"] = json!(guild);
        }
        let full = [&[name][..], &path[..]].concat().join(" ");
        let line = format!("/{full}{}", line_of_values(&given));
        let kind = if focused.is_some() { Kind::Autocomplete } else { Kind::Command };
        Ok(self.begin_for(&mut state, found.bot, kind, line, full, data, None))
    }

    /// A control of a message, found by label, placeholder or custom id, that is not disabled.
    fn control(
        &self,
        state: &State,
        message: Snowflake,
        name: &str,
        kinds: &[u64],
    ) -> Result<(Arc<Message>, Value), ActError> {
        let place = self.place_of(state, message)?;
        let source = state.answer_message(place, message).ok_or(ActError::UnknownMessage { message })?;
        let controls: Vec<&Value> = source
            .components
            .iter()
            .flat_map(flatten)
            .filter(|one| one.get("type").and_then(Value::as_u64).is_some_and(|kind| kinds.contains(&kind)))
            .collect();
        let named = |one: &&&Value| {
            ["custom_id", "label", "placeholder"].iter().any(|key| text(one, key) == Some(name))
        };
        let Some(control) = controls.iter().find(named).map(|one| (*one).clone()) else {
            let known = controls.iter().filter_map(|one| {
                ["label", "placeholder", "custom_id"].iter().find_map(|key| text(one, key))
            });
            return Err(ActError::unknown("control", name, known));
        };
        if control.get("disabled") == Some(&Value::Bool(true)) {
            return Err(ActError::Unusable { control: name.to_owned(), why: "it is disabled".to_owned() });
        }
        Ok((source, control))
    }

    fn place(&self) -> Result<Snowflake, ActError> {
        self.here.ok_or_else(|| ActError::Nowhere { member: self.user.username.clone() })
    }

    fn begin(
        &self,
        state: &mut State,
        kind: Kind,
        line: String,
        name: String,
        data: Value,
        source: Option<Arc<Message>>,
    ) -> InteractionHandle {
        let bot =
            source.as_ref().map_or(Snowflake(0), |source| source.application_id.unwrap_or(source.author.id));
        self.begin_for(state, bot, kind, line, name, data, source)
    }

    #[allow(clippy::too_many_arguments, reason = "a private constructor of one struct")]
    fn begin_for(
        &self,
        state: &mut State,
        bot: Snowflake,
        kind: Kind,
        line: String,
        name: String,
        data: Value,
        source: Option<Arc<Message>>,
    ) -> InteractionHandle {
        let channel = source.as_ref().map(|source| source.channel_id).or(self.here).unwrap_or_default();
        let mark = self.shared.transcript.mark();
        let id = state.invoke(Invocation {
            bot,
            kind,
            channel,
            user: self.user.clone(),
            name,
            line: line.clone(),
            data,
            source,
        });
        tokio::spawn(watch_window(self.shared.clone(), id));
        InteractionHandle { shared: self.shared.clone(), id, line, mark }
    }
}

/// Notes an interaction that nobody acknowledged in time, as the member's client shows it.
async fn watch_window(shared: Arc<Shared>, id: Snowflake) {
    tokio::select! {
        () = tokio::time::sleep(shared.options.interaction_window) => {}
        () = shared.closed() => return,
    }
    let state = shared.state();
    if let Some(one) = state.interactions.find(id).filter(|one| one.acknowledged.is_none()) {
        let user = one.user.username.as_str().into();
        state.transcript.write(What::Unanswered { interaction: id, line: one.line.clone(), user });
    }
}

/// Puts texts into a form's fields and turns their layout into what a submit carries.
fn fill_in(component: &mut Value, texts: &[(String, Value)]) -> Result<(), ActError> {
    for key in ["components", "component"] {
        match component.get_mut(key) {
            Some(Value::Array(inner)) => inner.iter_mut().try_for_each(|inner| fill_in(inner, texts))?,
            Some(inner @ Value::Object(_)) => fill_in(inner, texts)?,
            _ => {}
        }
    }
    let Some(custom_id) = text(component, "custom_id") else { return Ok(()) };
    let given = texts.iter().find(|(name, _)| name == custom_id).map(|(_, value)| value.clone());
    let required = component.get("required") != Some(&Value::Bool(false));
    let value = given.or_else(|| component.get("value").cloned());
    if value.is_none() && required {
        return Err(ActError::MissingOption { option: custom_id.to_owned() });
    }
    *component = json!({ "type": component["type"], "id": component["id"], "custom_id": custom_id, "value": value.unwrap_or(json!("")) });
    Ok(())
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

/// An interaction that a member started.
#[derive(Clone)]
pub struct InteractionHandle {
    shared: Arc<Shared>,
    id: Snowflake,
    line: String,
    mark: u64,
}

/// How a bot answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// How it acknowledged.
    pub how: Acknowledgement,
    /// `@original` as it is now: the answer, "thinking …", or the component's message.
    pub message: Option<Arc<Message>>,
    /// The form that was opened.
    pub form: Option<Value>,
    /// The choices that were offered.
    pub choices: Vec<Value>,
}

impl InteractionHandle {
    /// The interaction's id.
    pub fn id(&self) -> Snowflake {
        self.id
    }

    /// The answer as it is now; none before the bot acknowledged.
    pub fn answer(&self) -> Option<Answer> {
        let state = self.shared.state();
        let one = state.interactions.find(self.id)?;
        let how = one.acknowledged?;
        let message = one.original.and_then(|id| state.answer_message(one.channel, id));
        Some(Answer { how, message, form: one.modal.clone(), choices: one.choices.clone() })
    }

    /// Every message that answers this interaction, in order: the answer and its followups, ephemeral ones included.
    pub fn messages(&self) -> Vec<Arc<Message>> {
        let state = self.shared.state();
        let Some(one) = state.interactions.find(self.id) else { return Vec::new() };
        let ours =
            |message: &&Arc<Message>| message.interaction.as_ref().is_some_and(|note| note.id == self.id);
        let open = state.world.channel(one.channel).into_iter().flat_map(|channel| channel.messages.iter());
        let mut all: Vec<_> = open.chain(state.interactions.whispers()).filter(ours).cloned().collect();
        all.sort_by_key(|message| message.id);
        all
    }

    /// Waits until the bot acknowledged.
    ///
    /// # Errors
    /// If it did not within the time given.
    pub async fn acknowledged(&self, within: Duration) -> Result<Answer, ActError> {
        self.wait(within, |answer| Some(answer)).await
    }

    /// Waits until there is an answer with content: not merely "thinking …", and not merely an update announced.
    ///
    /// # Errors
    /// If there was none within the time given.
    pub async fn answered(&self, within: Duration) -> Result<Arc<Message>, ActError> {
        self.wait(within, |answer| answer.message.filter(|message| !message.is_loading())).await
    }

    async fn wait<T>(&self, within: Duration, enough: impl Fn(Answer) -> Option<T>) -> Result<T, ActError> {
        let look = |_: &Entry| self.answer().and_then(&enough);
        let mut reader = self.shared.transcript.reader_from(self.mark);
        let found = reader.until(Instant::now() + within, look).await;
        found.ok_or_else(|| ActError::Unanswered { line: self.line.clone(), within })
    }
}
