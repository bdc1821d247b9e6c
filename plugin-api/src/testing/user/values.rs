//! Values that a user enters: options of a command, fields of a form.

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::User;
use crate::testing::Message;

/// Names with their values: `()` for none, pairs of one type such as `[("who", &bob)]`, or `json!({ "who": &bob })` for
/// any.
pub trait Values {
    /// All of them, in order.
    fn values(self) -> Vec<(String, Value)>;
}

impl Values for () {
    fn values(self) -> Vec<(String, Value)> {
        Vec::new()
    }
}

impl<V: Into<Value>, const N: usize> Values for [(&str, V); N] {
    fn values(self) -> Vec<(String, Value)> {
        self.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
    }
}

impl Values for Value {
    fn values(self) -> Vec<(String, Value)> {
        match self {
            Value::Object(fields) => fields.into_iter().collect(),
            _ => Vec::new(),
        }
    }
}

/// Its id, as Discord writes it.
impl From<&User> for Value {
    fn from(user: &User) -> Self {
        Value::String(user.id().to_string())
    }
}

/// Its id, as Discord writes it.
impl From<&Message> for Value {
    fn from(message: &Message) -> Self {
        Value::String(message.id().to_string())
    }
}

/// Its id, as in `json!({ "who": &bob, "count": 3 })`.
impl Serialize for User {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.id())
    }
}

/// Its id, as in `json!({ … })`.
impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.id())
    }
}
