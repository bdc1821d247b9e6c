//! Waiting for events.

use std::{marker::PhantomData, time::Duration};

use super::{Wait, Wants};
use crate::{Error, FromEvent, Host, Result};

/// The events of a type that arrive from now on. They also reach the cog's own handlers.
pub struct Events<T> {
    host: Host,
    wait: Wait,
    read: PhantomData<T>,
}

impl Host {
    /// Waits for the first event that `filter` accepts; `None` when `time` is over or the cog is replaced or unloaded.
    ///
    /// A handler that waits again after the cog was replaced or unloaded just waits until the host ends it.
    ///
    /// Events that arrive while this is not awaited are missed. If an answer may arrive before the question is sent,
    /// call [`events`](Self::events) first.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use gearshift_cog::prelude::*;
    /// # async fn asks(ctx: &Context) -> Result<()> {
    /// let user = ctx.user()?.id;
    /// let answer = ctx.wait_for(|message: &Message| message.author.id == user, Duration::from_secs(60)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If the cog does not get such events, or an event cannot be read.
    pub async fn wait_for<T: FromEvent>(
        &self,
        filter: impl FnMut(&T) -> bool,
        time: Duration,
    ) -> Result<Option<T>> {
        self.events()?.next(filter, time).await
    }

    /// The events of a type from now on, to wait for them.
    ///
    /// # Errors
    /// If the cog does not get them.
    pub fn events<T: FromEvent>(&self) -> Result<Events<T>> {
        self.events_named(T::NAME)
    }

    /// The same as [`events`](Self::events), for a type that can be read from several events; `name` is the one to get.
    ///
    /// # Errors
    /// If the cog does not get them.
    pub fn events_named<T: FromEvent>(&self, name: &'static str) -> Result<Events<T>> {
        if name.is_empty() {
            return Err(Error::new("this type fits several events: name one with `events_named`"));
        }
        if !self.declared_events().contains(&name) {
            return Err(Error::new(format!(
                "this cog does not get the event {name}; to wait for it, `#[listen]` to it, or add it to `Cog::EVENTS`"
            )));
        }
        let wait = self.waits().open(Wants::Event(name));
        Ok(Events { host: self.clone(), wait, read: PhantomData })
    }
}

impl<T: FromEvent> Events<T> {
    /// The next event that `filter` accepts; `None` when `time` is over or the cog is replaced or unloaded. Events that
    /// it does not accept are dropped.
    ///
    /// # Errors
    /// If an event cannot be read.
    pub async fn next(&mut self, mut filter: impl FnMut(&T) -> bool, time: Duration) -> Result<Option<T>> {
        let found = async {
            while let Some((event, _)) = self.wait.next().await {
                let event = T::from_event(&event)?;
                if filter(&event) {
                    return Ok(Some(event));
                }
            }
            Ok(None)
        };
        self.host.clock().timeout(time, found).await.unwrap_or(Ok(None))
    }
}
