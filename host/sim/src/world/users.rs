//! All accounts, by id and by name.

use std::collections::HashMap;
use std::sync::Arc;

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use crate::ids::Snowflake;

/// The account of a user or a bot.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct User {
    /// Its id.
    pub id: Snowflake,
    /// The unique username, by which tests and the prompt find the user.
    pub username: String,
    /// Always `"0"`: names are unique.
    #[serde(skip_deserializing, default = "no_discriminator")]
    pub discriminator: &'static str,
    /// The display name.
    pub global_name: Option<String>,
    /// The hash of the avatar.
    pub avatar: Option<String>,
    /// Whether it is a bot.
    pub bot: bool,
}

/// <https://discord.com/developers/docs/resources/user#user-object>. There are no badges or guild tags here.
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

/// A user's status while no client of their own sets one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Online.
    #[default]
    Online,
    /// Idle.
    Idle,
    /// Do not disturb.
    Dnd,
    /// Offline, or invisible, as clients call it.
    #[serde(alias = "invisible")]
    Offline,
}

/// People and bots. A user and a bot may have the same name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Users {
    by_id: HashMap<Snowflake, Arc<User>>,
    /// By the names of people and of bots; an entry may be outdated after a rename.
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

    /// Adds an account, or replaces it.
    pub(crate) fn insert(&mut self, user: Arc<User>) {
        self.by_name[usize::from(user.bot)].insert(user.username.clone(), user.id);
        self.by_id.insert(user.id, user);
    }
}
