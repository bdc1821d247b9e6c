//! Everybody there is, by id and by name.

use std::collections::HashMap;
use std::sync::Arc;

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use crate::ids::Snowflake;

/// A user or a bot's account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct User {
    /// Its id.
    pub id: Snowflake,
    /// The unique name, by which tests and the prompt find it.
    pub username: String,
    /// Always `"0"`: names are unique.
    #[serde(skip_deserializing, default = "no_discriminator")]
    pub discriminator: &'static str,
    /// The name shown.
    pub global_name: Option<String>,
    /// The hash of the picture.
    pub avatar: Option<String>,
    /// Whether a bot stands behind it.
    pub bot: bool,
}

/// <https://discord.com/developers/docs/resources/user#user-object>. There are no badges and no guild tags here.
impl Serialize for User {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut user = serializer.serialize_struct("User", 9)?;
        user.serialize_field("id", &self.id)?;
        user.serialize_field("username", &self.username)?;
        user.serialize_field("discriminator", self.discriminator)?;
        user.serialize_field("global_name", &self.global_name)?;
        user.serialize_field("avatar", &self.avatar)?;
        user.serialize_field("bot", &self.bot)?;
        user.serialize_field("flags", &0)?;
        user.serialize_field("public_flags", &0)?;
        user.serialize_field("primary_guild", &())?;
        user.end()
    }
}

fn no_discriminator() -> &'static str {
    "0"
}

/// How a user appears as long as no client of its own says anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// There.
    #[default]
    Online,
    /// Away from the keyboard.
    Idle,
    /// Not to be disturbed.
    Dnd,
    /// Not there, or invisible, as clients call it.
    #[serde(alias = "invisible")]
    Offline,
}

/// People and bots. A user and a bot may have the same name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Users {
    by_id: HashMap<Snowflake, Arc<User>>,
    /// Names of people and of bots; an entry may be out of date after somebody was renamed.
    by_name: [HashMap<String, Snowflake>; 2],
}

impl Users {
    pub(crate) fn get(&self, id: &Snowflake) -> Option<&Arc<User>> {
        self.by_id.get(id)
    }

    pub(crate) fn named(&self, name: &str, bot: bool) -> Option<&Arc<User>> {
        let found = self.by_name[usize::from(bot)].get(name).and_then(|id| self.by_id.get(id));
        found.filter(|user| user.username == name)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &Arc<User>> {
        self.by_id.values()
    }

    /// Adds somebody, or puts a changed account in the place of the old one.
    pub(crate) fn insert(&mut self, user: Arc<User>) {
        self.by_name[usize::from(user.bot)].insert(user.username.clone(), user.id);
        self.by_id.insert(user.id, user);
    }
}
