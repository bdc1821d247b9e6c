//! Reads events as the types that listeners take: for `#[listen]`, and for events read by hand.

use std::{
    future::{Future, poll_fn},
    panic::resume_unwind,
    pin::Pin,
    task::Poll,
};

use abi_stable::std_types::RArc;

use crate::{
    Error, Result,
    abi::{Event, Interaction, Message, MessageDelete, RawEvent},
    events,
    export::guard::{caught, text_of},
    manifest::same,
};

/// A type that an event can be read as.
///
/// Implement it for your own types, from Discord's JSON:
///
/// ```
/// use gearshift_cog::{FromEvent, Result, abi::Event};
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Typing {
///     channel_id: String,
///     user_id: String,
/// }
///
/// impl FromEvent for Typing {
///     const NAME: &'static str = "TYPING_START";
///
///     fn from_event(event: &Event) -> Result<Self> {
///         Ok(serde_json::from_str(&event.json())?)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the type of an event",
    note = "a listener takes an event's own type, or `RawEvent` with its name: `#[listen(\"GUILD_CREATE\")]`"
)]
pub trait FromEvent: Sized {
    /// Discord's name of the event. Empty for a type that can be read from several events; the listener then names
    /// the event, `#[listen("GUILD_CREATE")]`.
    const NAME: &'static str;

    /// Other events that it can be read from. A listener has to name them: `#[listen("MESSAGE_UPDATE")]`.
    const ALSO: &'static [&'static str] = &[];

    /// Reads the event.
    ///
    /// # Errors
    /// If it is another event, or its JSON is not as Discord documents it.
    fn from_event(event: &Event) -> Result<Self>;
}

/// The name of the event that a type is read from.
///
/// # Panics
/// If the type fits several events; in a constant, this fails the build.
#[must_use]
pub const fn event_name<T: FromEvent>() -> &'static str {
    assert!(!T::NAME.is_empty(), "this type fits any event; name the event: `#[listen(\"GUILD_CREATE\")]`");
    T::NAME
}

/// The name of an event, after checking that `T` can be read from it.
///
/// # Panics
/// If `T` can be read only from other events; in a constant, this fails the build.
#[must_use]
pub const fn event_read_as<T: FromEvent>(name: &'static str) -> &'static str {
    let (mut is_read, mut at) = (T::NAME.is_empty() || same(T::NAME, name), 0);
    while at < T::ALSO.len() {
        is_read |= same(T::ALSO[at], name);
        at += 1;
    }
    assert!(is_read, "this type belongs to another event: leave the name out, or use the named event's type");
    name
}

/// The listeners for one event. All of them run concurrently, regardless of how the others end.
#[derive(Default)]
pub struct Listeners<'a>(Vec<Pin<Box<dyn Future<Output = Result> + 'a>>>);

impl<'a> Listeners<'a> {
    /// Adds a listener.
    pub fn add(&mut self, listener: impl Future<Output = Result> + 'a) {
        self.0.push(Box::pin(listener));
    }

    /// Runs all listeners to their end.
    ///
    /// # Errors
    /// The first error; further ones are logged.
    ///
    /// # Panics
    /// If one of them panics, once all have ended.
    pub async fn run(mut self) -> Result {
        let (mut failed, mut panicked) = (Ok(()), None);
        poll_fn(|cx| {
            self.0.retain_mut(|listener| match caught(|| listener.as_mut().poll(cx)) {
                Ok(Poll::Pending) => true,
                Ok(Poll::Ready(outcome)) => {
                    if let (Err(_), Err(error)) = (&failed, &outcome) {
                        tracing::error!("another listener failed as well: {error}");
                    } else if outcome.is_err() {
                        failed = outcome;
                    }
                    false
                }
                Err(payload) => {
                    // The last panic is passed on, as its location is the one that is known.
                    if let Some(before) = panicked.replace(payload) {
                        tracing::error!("another listener panicked as well: {}", text_of(&*before));
                    }
                    false
                }
            });
            if self.0.is_empty() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        match (panicked, &failed) {
            (None, _) => failed,
            (Some(payload), outcome) => {
                if let Err(error) = outcome {
                    tracing::error!("another listener failed as well: {error}");
                }
                resume_unwind(payload)
            }
        }
    }
}

/// The event as it arrived, whatever its name.
impl FromEvent for Event {
    const NAME: &'static str = "";

    fn from_event(event: &Event) -> Result<Self> {
        Ok(event.clone())
    }
}

/// Discord's JSON, for an event of any name.
impl FromEvent for RawEvent {
    const NAME: &'static str = "";

    fn from_event(event: &Event) -> Result<Self> {
        Ok(match event {
            Event::Other(raw) => RawEvent::clone(raw),
            event => Self { name: event.name().into(), json: event.json().into_owned().into() },
        })
    }
}

macro_rules! plain {
    ($($type:ty = $name:ident $(or $also:ident)?: $($event:ident)|+;)+) => {
        $(impl FromEvent for RArc<$type> {
            const NAME: &'static str = events::$name;
            $(const ALSO: &'static [&'static str] = &[events::$also];)?

            fn from_event(event: &Event) -> Result<Self> {
                match event {
                    $(Event::$event(it))|+ => Ok(it.clone()),
                    event => Err(unfit(event, events::$name)),
                }
            }
        }

        impl FromEvent for $type {
            const NAME: &'static str = events::$name;
            const ALSO: &'static [&'static str] = RArc::<Self>::ALSO;

            fn from_event(event: &Event) -> Result<Self> {
                RArc::from_event(event).map(|it: RArc<Self>| Self::clone(&it))
            }
        })+
    };
}

plain! {
    Message = MESSAGE_CREATE or MESSAGE_UPDATE: MessageCreate | MessageUpdate;
    MessageDelete = MESSAGE_DELETE: MessageDelete;
    Interaction = INTERACTION_CREATE: Interaction;
}

pub(crate) fn unfit(event: &Event, wanted: &str) -> Error {
    match event.name() {
        name if name == wanted => Error::new(format!("Discord sent unexpected JSON for {name}")),
        name => Error::new(format!("{name} cannot be read as {wanted}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listener_runs_and_the_first_error_counts() {
        let ran = std::cell::Cell::new(0);
        let mut listeners = Listeners::default();
        for number in 1..=3 {
            let ran = &ran;
            listeners.add(async move {
                ran.set(ran.get() + number);
                if number > 1 { Err(Error::new(number)) } else { Ok(()) }
            });
        }
        let error = futures_util::FutureExt::now_or_never(listeners.run()).expect("none of them waits");
        assert_eq!(error.expect_err("two failed").to_string(), "2");
        assert_eq!(ran.get(), 6);
    }

    #[test]
    fn a_panic_in_one_listener_does_not_stop_the_others() {
        let ran = std::cell::Cell::new(0);
        let mut listeners = Listeners::default();
        for number in 1..=4 {
            let ran = &ran;
            listeners.add(async move {
                let mut is_first = true;
                poll_fn(|cx| {
                    if std::mem::take(&mut is_first) {
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    Poll::Ready(())
                })
                .await;
                assert!(number % 2 == 1, "listener {number} panics");
                ran.set(ran.get() + number);
                Ok(())
            });
        }
        let mut run: Pin<Box<dyn Future<Output = Result>>> = Box::pin(listeners.run());
        let mut poll = || caught(|| futures_util::FutureExt::now_or_never(run.as_mut()));
        assert!(poll().expect("none has got that far").is_none());
        let payload = poll().expect_err("two of them panic");
        assert_eq!((text_of(&*payload), ran.get()), ("listener 4 panics".to_owned(), 4));
    }

    #[test]
    fn an_event_is_read_only_as_its_own_type() {
        let raw = |name: &str| {
            Event::Other(RArc::new(RawEvent { name: name.into(), json: r#"{"id":"1"}"#.into() }))
        };
        let error = |event| Message::from_event(&event).expect_err("it is no message").to_string();
        assert_eq!(error(raw("GUILD_CREATE")), "GUILD_CREATE cannot be read as MESSAGE_CREATE");
        assert_eq!(error(raw("MESSAGE_CREATE")), "Discord sent unexpected JSON for MESSAGE_CREATE");
        assert_eq!(RawEvent::from_event(&raw("GUILD_CREATE")).expect("it is raw").json, r#"{"id":"1"}"#);
    }
}
