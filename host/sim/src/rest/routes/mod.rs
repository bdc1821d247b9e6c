//! From a request to its handler: finds the route in the tables, or answers 405 or 404 and reports the route as
//! unknown.

mod applications;
mod channels;
mod guilds;
mod people;
mod webhooks;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use matchit::{Params, Router};

use super::unknown::report_route;
use super::{Call, Reply};
use crate::form::{ApiError, Result};
use crate::ids::{Snowflake, percent_decode};

/// A method, the shape of a path, and the handler.
struct Route {
    method: &'static str,
    shape: &'static str,
    #[cfg(test)]
    parts: &'static [&'static str],
    answer: fn(&Call, &Path<'_, '_>) -> Result<Reply>,
}

/// Declares a table: `METHOD "/shape/{part}" => module::handler(part);`. A handler receives the call and the named
/// parts. A rule that is all there is to the route receives the state, the caller and the named parts.
macro_rules! table {
    ($($method:ident $shape:literal => $($answer:ident)::+($($part:ident),*);)*) => {
        pub(super) const TABLE: &[super::Route] = &[$(super::Route {
            method: stringify!($method),
            shape: $shape,
            #[cfg(test)]
            parts: &[$(stringify!($part)),*],
            answer: super::answer!($($answer)::+($($part),*)),
        }),*];
    };
}

macro_rules! answer {
    (rules::$module:ident::$rule:ident($($part:ident),*)) => {
        |call, at| {
            $(let $part = super::Part::read(at, stringify!($part))?;)*
            let (by, mut state) = call.act()?;
            super::replied(crate::rules::$module::$rule(&mut state, &by $(, $part)*))
        }
    };
    ($($answer:ident)::+($($part:ident),*)) => {
        |call, _at| $($answer)::+(call $(, super::Part::read(_at, stringify!($part))?)*)
    };
}

fn replied(outcome: Result<impl Into<Reply>>) -> Result<Reply> {
    outcome.map(Into::into)
}
use {answer, table};

/// By subject, in order of reading.
const TABLES: [&[Route]; 5] =
    [channels::TABLE, webhooks::TABLE, applications::TABLE, guilds::TABLE, people::TABLE];

static ROUTER: LazyLock<Router<Vec<&'static Route>>> = LazyLock::new(|| {
    let mut by_shape: BTreeMap<&str, Vec<&Route>> = BTreeMap::new();
    for route in TABLES.iter().copied().flatten() {
        by_shape.entry(route.shape).or_default().push(route);
    }
    let mut router = Router::new();
    for (shape, routes) in by_shape {
        router.insert(shape, routes).expect("shapes do not contradict each other; a test sees to it");
    }
    router
});

/// All routes, as method and shape: `("GET", "/channels/{channel_id}")`.
pub fn routes() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLES.into_iter().flatten().map(|route| (route.method, route.shape))
}

pub(super) fn route(call: &Call) -> Result<Reply> {
    // Some clients escape the `@` of `@me`.
    let path = match call.path() {
        escaped if escaped.contains("%40") => Cow::Owned(escaped.replace("%40", "@")),
        plain => Cow::Borrowed(plain),
    };
    let Ok(found) = ROUTER.at(&path) else {
        report_route(call);
        return Err(ApiError::not_found());
    };
    match found.value.iter().find(|route| route.method == call.method()) {
        Some(route) => (route.answer)(call, &Path { parts: found.params }),
        None => {
            report_route(call);
            Err(ApiError::method_not_allowed())
        }
    }
}

/// The parts of a path for the `{…}` in its shape.
pub(super) struct Path<'k, 'p> {
    parts: Params<'k, 'p>,
}

impl Path<'_, '_> {
    pub(in crate::rest) fn has(&self, name: &str) -> bool {
        self.parts.get(name).is_some()
    }
}

/// A part of the path that can be parsed.
pub(super) trait Part: Sized {
    fn read(at: &Path<'_, '_>, name: &str) -> Result<Self>;
}

impl Part for String {
    fn read(at: &Path<'_, '_>, name: &str) -> Result<Self> {
        at.parts.get(name).map(|text| percent_decode(text).into_owned()).ok_or(ApiError::not_found())
    }
}

impl Part for u64 {
    fn read(at: &Path<'_, '_>, name: &str) -> Result<Self> {
        Snowflake::read(at, name).map(|number| number.0)
    }
}

impl Part for Snowflake {
    fn read(at: &Path<'_, '_>, name: &str) -> Result<Self> {
        let text = at.parts.get(name).unwrap_or_default();
        text.parse().map_err(|_| {
            ApiError::form(name, "NUMBER_TYPE_COERCE", &format!("Value \"{text}\" is not snowflake."))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_route_is_declared_once_and_is_found_under_its_own_shape() {
        let mut seen = HashSet::new();
        for (method, shape) in routes() {
            assert!(seen.insert((method, shape)), "{method} {shape} is declared twice");
            let found = ROUTER.at(shape).unwrap();
            let there = found.value.iter().any(|route| (route.method, route.shape) == (method, shape));
            assert!(there, "{shape} leads to {}", found.value[0].shape);
        }
    }

    #[test]
    fn every_part_that_a_handler_reads_stands_in_its_shape() {
        for route in TABLES.iter().copied().flatten() {
            for part in route.parts {
                assert!(route.shape.contains(&format!("{{{part}}}")), "{} has no {part}", route.shape);
            }
        }
    }
}
