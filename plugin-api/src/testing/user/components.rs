//! Buttons that a user presses, selects that they choose from, forms that they submit.

use serde_json::{Value, json};

use super::{User, Values};
use crate::{
    component_types::{self, BUTTON},
    interactions::{COMPONENT, MODAL},
    testing::{
        answer::Answer, discord::select::SELECTS, form::Form, message::Message,
        new_interaction::NewInteraction, resolved::Resolved,
    },
};

impl User {
    /// Presses a button, by its `custom_id` or its label.
    ///
    /// # Panics
    /// If a handler panics, or the message has no such button or a disabled one.
    #[track_caller]
    pub fn press(&self, message: &Message, button: &str) -> Answer {
        self.stage.note_act(self.id, message.channel_id(), "presses", Some(button));
        let found = self.component(message, button, &[BUTTON]);
        let data = json!({ "component_type": BUTTON, "custom_id": found["custom_id"], "id": found["id"] });
        self.touch(message, data)
    }

    /// Chooses from a select, by its `custom_id` or its placeholder. Texts are chosen by value or label; users, roles
    /// and channels by id.
    ///
    /// # Panics
    /// If a handler panics, or the message has no such select, or it does not offer these values.
    #[track_caller]
    pub fn select<V: Into<Value> + Clone>(&self, message: &Message, select: &str, values: &[V]) -> Answer {
        let values: Vec<Value> = values.iter().cloned().map(Into::into).collect();
        self.stage.note_act(
            self.id,
            message.channel_id(),
            &format!("selects {} in", json!(values)),
            Some(select),
        );
        let found = self.component(message, select, &SELECTS);
        let kind = component_types::of(&found);
        let chosen = self.stage.world.discord.borrow().chosen(&found, &values);
        let chosen = chosen.unwrap_or_else(|why| self.stage.fail(&format!("`{select}` {why}")));
        let mut resolved = Resolved::default();
        resolved.chosen(&self.stage.world.discord.borrow(), kind, &chosen, self.id);
        let data = json!({
            "component_type": kind, "custom_id": found["custom_id"], "id": found["id"], "values": chosen,
            "resolved": resolved.into_json(),
        });
        self.touch(message, data)
    }

    /// Submits a form, with values by the `custom_id` of each field: several values of a menu in a list, a file by its
    /// name.
    ///
    /// # Panics
    /// If a handler panics, or the form has no such field, or a required field is missing.
    #[track_caller]
    pub fn submit(&self, form: &Form, fields: impl Values) -> Answer {
        let values = fields.values();
        self.stage.note_act(self.id, form.channel, "sends the form", Some(&form.title()));
        if form.user != self.id {
            self.stage.fail("the form is open for another user");
        }
        let now = self.stage.world.clock.unix_ms();
        let data = form.filled(&values, &mut self.stage.world.discord.borrow_mut(), now);
        let data = data.unwrap_or_else(|problem| self.stage.fail(&problem));
        self.check_declared(&data);
        let (user, channel, source) = (self.id, form.channel, form.source);
        let new = NewInteraction {
            user,
            channel,
            kind: MODAL,
            data,
            source,
            opened_by: Some(form.opened_by.clone()),
            is_ephemeral: true,
        };
        let token = self.stage.interact(new);
        Answer::to_interaction(&self.stage, token)
    }

    #[track_caller]
    fn touch(&self, message: &Message, data: Value) -> Answer {
        self.check_declared(&data);
        let (user, channel, source) = (self.id, message.channel_id(), Some(message.id()));
        let new = NewInteraction {
            user,
            channel,
            kind: COMPONENT,
            data,
            source,
            opened_by: None,
            is_ephemeral: false,
        };
        let token = self.stage.interact(new);
        Answer::to_interaction(&self.stage, token)
    }

    /// Fails the test if the cog would not get the interaction.
    #[track_caller]
    fn check_declared(&self, data: &Value) {
        let custom_id = data["custom_id"].as_str().unwrap_or_default();
        let is_declared = self.stage.serving(|generation| {
            let declared = generation.declared;
            declared.answers(custom_id) || declared.events.contains(&"INTERACTION_CREATE")
        });
        if !is_declared {
            let text = format!(
                "no pattern in the cog's COMPONENTS matches `{custom_id}`, so the cog would not get it"
            );
            self.stage.fail(&text);
        }
    }

    /// An enabled component of the message.
    #[track_caller]
    fn component(&self, message: &Message, wanted: &str, kinds: &[u8]) -> Value {
        let mut all = message.components();
        all.retain(|it| kinds.contains(&component_types::of(it)));
        let by = |field: &str| all.iter().find(|it| it[field] == json!(wanted));
        let Some(found) = by("custom_id").or_else(|| by("label")).or_else(|| by("placeholder")) else {
            let names = ["label", "placeholder", "custom_id"];
            let name = |it: &Value| names.iter().find_map(|name| it[name].as_str()).map(str::to_owned);
            let there: Vec<String> = all.iter().filter_map(name).collect();
            self.stage.fail(&format!("the message has no `{wanted}`; it has {there:?}"))
        };
        if found["disabled"] == json!(true) {
            self.stage.fail(&format!("`{wanted}` is disabled"));
        }
        let only_for = self.stage.world.discord.borrow().messages[&message.id()].only_for;
        if message.is_deleted() || only_for.is_some_and(|user| user != self.id) {
            self.stage.fail("the user does not see the message");
        }
        found.clone()
    }
}
