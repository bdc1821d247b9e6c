//! Members and components: buttons, menus, forms.

use serde_json::Value;

use super::handle::InteractionHandle;
use super::{Member, owned_options};
use crate::ids::Snowflake;
use crate::rules::interactions;
use crate::state::State;
use crate::world::ActError;

impl Member {
    /// Presses a button, found by its label or custom id.
    ///
    /// # Errors
    /// If there is no such message or button, the button is disabled, or it is a link.
    pub async fn press(&self, message: Snowflake, button: &str) -> Result<InteractionHandle, ActError> {
        let mut state = self.shared.state();
        let invoker = self.invoker_in(self.place_of(&state, message)?);
        let invocation = interactions::press(&state, invoker, message, button)?;
        Ok(self.begin(&mut state, invocation))
    }

    /// Selects values in a menu, found by its placeholder or custom id. Members, roles and channels are selected by
    /// name.
    ///
    /// # Errors
    /// If there is no such message or menu, the menu is disabled, or it does not offer these values.
    pub async fn select(
        &self,
        message: Snowflake,
        menu: &str,
        values: &[&str],
    ) -> Result<InteractionHandle, ActError> {
        let mut state = self.shared.state();
        let invoker = self.invoker_in(self.place_of(&state, message)?);
        let invocation = interactions::choose(&state, invoker, message, menu, values)?;
        Ok(self.begin(&mut state, invocation))
    }

    /// Fills in and submits the form that an interaction opened. The fields are given by custom id: texts, or for a
    /// menu the selected values. A file upload is given as a name and its content: `"notes.txt some text"`.
    ///
    /// # Errors
    /// If the interaction opened no form, a required field is missing, or a field does not exist.
    pub async fn submit<K: AsRef<str>, V: Into<Value>>(
        &self,
        form: &InteractionHandle,
        fields: impl IntoIterator<Item = (K, V)>,
    ) -> Result<InteractionHandle, ActError> {
        self.submit_to(&mut self.shared.state(), form.id(), &owned_options(fields))
    }

    /// The same for the form that was last opened for this member.
    pub(crate) fn submit_last<K: AsRef<str>, V: Into<Value>>(
        &self,
        fields: impl IntoIterator<Item = (K, V)>,
    ) -> Result<InteractionHandle, ActError> {
        let mut state = self.shared.state();
        let form = state.interactions.last_form(self.user.id).ok_or(ActError::NoForm)?;
        self.submit_to(&mut state, form, &owned_options(fields))
    }

    fn submit_to(
        &self,
        state: &mut State,
        form: Snowflake,
        fields: &[(String, Value)],
    ) -> Result<InteractionHandle, ActError> {
        let channel = state.interactions.find(form).map(|one| one.channel).ok_or(ActError::NoForm)?;
        let files = self.store_typed_files(state, interactions::uploads_of(state, form, fields));
        let invocation = interactions::submit(state, self.invoker_in(channel), form, fields, &files)?;
        Ok(self.begin(state, invocation))
    }
}
