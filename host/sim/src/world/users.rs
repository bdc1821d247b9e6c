//! Everybody there is, by id and by name.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::User;
use crate::ids::Snowflake;

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
    /// Not there, or invisible.
    Offline,
}

impl Status {
    /// As Discord writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Idle => "idle",
            Self::Dnd => "dnd",
            Self::Offline => "offline",
        }
    }
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
