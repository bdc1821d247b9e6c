//! Nonces of recent messages: sending one again with `enforce_nonce` returns the first message.
//! <https://discord.com/developers/docs/resources/message#create-message>

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use serde_json::Value;

use crate::ids::{Snowflake, Timestamp};

/// Discord says "the past few minutes".
const KEPT_MS: u64 = 5 * 60 * 1000;

/// Channel, author and nonce.
type Key = (Snowflake, Snowflake, String);

/// Messages by nonce.
#[derive(Default)]
pub(crate) struct Nonces {
    messages: HashMap<Arc<Key>, Snowflake>,
    /// In the order they were sent.
    sent: VecDeque<(Snowflake, Arc<Key>)>,
}

impl Nonces {
    /// Notes that an author sent a message in a channel.
    pub(crate) fn note(&mut self, channel: Snowflake, author: Snowflake, nonce: &Value, message: Snowflake) {
        while let Some((old, key)) = self.sent.pop_front_if(|(old, _)| is_over(*old, message.unix_ms())) {
            if self.messages.get(&key) == Some(&old) {
                self.messages.remove(&key);
            }
        }
        let key = Arc::new((channel, author, nonce.to_string()));
        self.messages.insert(Arc::clone(&key), message);
        self.sent.push_back((message, key));
    }

    /// The message that an author recently sent with a nonce.
    pub(crate) fn find(
        &self,
        channel: Snowflake,
        author: Snowflake,
        nonce: &Value,
        now: Timestamp,
    ) -> Option<Snowflake> {
        let message = *self.messages.get(&(channel, author, nonce.to_string()))?;
        (!is_over(message, now.0)).then_some(message)
    }
}

fn is_over(message: Snowflake, now_ms: u64) -> bool {
    now_ms.saturating_sub(message.unix_ms()) > KEPT_MS
}
