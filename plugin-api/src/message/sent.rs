//! The message that Discord made of a sent one.

use abi_stable::std_types::RVec;
use serde_json::Value;

use crate::{FromDiscord, Result};

/// The snowflake of any object of Discord's.
pub(crate) fn id_of(json: &[u8]) -> Result<u64> {
    #[derive(serde::Deserialize)]
    struct Id<'a> {
        id: &'a str,
    }
    Ok(serde_json::from_slice::<Id<'_>>(json)?.id.parse()?)
}

/// A message that Discord accepted.
#[derive(Debug)]
pub struct Sent {
    body: RVec<u8>,
}

impl Sent {
    pub(crate) fn new(body: RVec<u8>) -> Self {
        Self { body }
    }

    /// The snowflake of the message.
    ///
    /// # Errors
    /// If Discord's answer has none.
    pub fn id(&self) -> Result<u64> {
        id_of(&self.body)
    }

    /// The snowflake of the channel that the message is in.
    ///
    /// # Errors
    /// If Discord's answer has none.
    pub fn channel_id(&self) -> Result<u64> {
        #[derive(serde::Deserialize)]
        struct ChannelId<'a> {
            channel_id: &'a str,
        }
        Ok(serde_json::from_slice::<ChannelId<'_>>(&self.body)?.channel_id.parse()?)
    }

    /// The whole message, as Discord returned it, read as a `T`.
    ///
    /// # Errors
    /// If the message is not of that form.
    pub fn read<T: FromDiscord>(&self) -> Result<T> {
        T::from_discord(std::str::from_utf8(&self.body)?)
    }

    /// The whole message as JSON.
    ///
    /// # Errors
    /// If Discord's answer is not JSON.
    pub fn json(&self) -> Result<Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}
