//! The types that Discord's answers are read as. They are read by code in this crate, not in the author's: a model is
//! large, and would otherwise be compiled again with each change of a cog.

use std::ops::Deref;

use serde::de::DeserializeOwned;
use serde_json::{Value, value::RawValue};

use crate::{FromEvent, Result, abi::Event};

/// A type that an answer from Discord can be read as. With the feature `serenity`, its models can be.
pub trait FromDiscord: Sized {
    /// Reads the body of an answer; it is empty for a 204.
    ///
    /// # Errors
    /// If the body is not of that form.
    fn from_discord(json: &str) -> Result<Self>;
}

/// Any type of your own, read from Discord's JSON: from an answer, or from an event that the listener names,
/// `#[listen("GUILD_CREATE")]`.
///
/// ```
/// # use gearshift_cog::{Json, prelude::*};
/// #[derive(serde::Deserialize)]
/// struct Topic {
///     topic: Option<String>,
/// }
///
/// # async fn example(ctx: &Context) -> Result {
/// let Json(channel): Json<Topic> = ctx.discord().channel(ctx.channel_id()?).await?;
/// ctx.reply(channel.topic.unwrap_or_default()).await
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Json<T>(pub T);

impl<T> Deref for Json<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl FromDiscord for Value {
    /// `Null` for a 204.
    fn from_discord(json: &str) -> Result<Self> {
        Ok(if json.is_empty() { Value::Null } else { serde_json::from_str(json)? })
    }
}

impl FromDiscord for () {
    /// Ignores the body.
    fn from_discord(_json: &str) -> Result {
        Ok(())
    }
}

impl<T: DeserializeOwned> FromDiscord for Json<T> {
    fn from_discord(json: &str) -> Result<Self> {
        Ok(Self(serde_json::from_str(json)?))
    }
}

impl<T: DeserializeOwned> FromEvent for Json<T> {
    const NAME: &'static str = "";

    fn from_event(event: &Event) -> Result<Self> {
        Self::from_discord(&event.json())
    }
}

impl<T: FromDiscord> FromDiscord for Vec<T> {
    fn from_discord(json: &str) -> Result<Self> {
        let items: Vec<&RawValue> = serde_json::from_str(json)?;
        items.iter().map(|item| T::from_discord(item.get())).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_is_read_item_by_item() {
        assert_eq!(Vec::<Value>::from_discord("[1, {}]").expect("a list"), [json!(1), json!({})]);
        assert!(Vec::<Json<u8>>::from_discord("[1, {}]").is_err());
    }
}
