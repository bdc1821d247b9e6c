//! The routes of the control interface, as a table. A test compares it with `openapi.json`, which documents them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::body::Bytes;
use matchit::Router;

use super::{act, bots, faults, people, time, transcript};
use crate::form::{ApiError, Result};
use crate::ids::percent_decode;
use crate::rest::{Call, Reply};

/// Declares the routes: method, path, the operation's name in the document (but for the case of its first letter), and
/// the handler. A segment in braces is passed under its name.
macro_rules! routes {
    (|$call:ident, $name:ident| $($method:ident $path:literal $operation:ident => $answer:expr;)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Operation {
            $($operation),*
        }

        const ROUTES: &[(&str, &str, Operation)] =
            &[$((stringify!($method), $path, Operation::$operation)),*];

        async fn answer(
            operation: Operation,
            $call: &Call,
            $name: impl Fn(&'static str) -> String,
        ) -> Result<Reply> {
            match operation {
                $(Operation::$operation => $answer),*
            }
        }
    };
}

routes! { |call, name|
    GET    "/control/openapi.json" GetOpenapi => {
        Ok(Reply::raw("application/json".to_owned(), Bytes::from_static(DOCUMENT.as_bytes())))
    };
    GET    "/control/people" ListPeople => Ok(people::list(call));
    POST   "/control/people" AddPerson => people::add(call);
    POST   "/control/people/{person}/act" Act => act::act(call, &name("person")).await;
    PUT    "/control/people/{person}/guilds/{guild}" JoinGuild => {
        people::join(call, &name("person"), &name("guild"))
    };
    DELETE "/control/people/{person}/guilds/{guild}" LeaveGuild => {
        people::leave(call, &name("person"), &name("guild"))
    };
    PUT    "/control/people/{person}/guilds/{guild}/roles/{role}" GiveRole => {
        people::role(call, &name("person"), &name("guild"), &name("role"), true)
    };
    DELETE "/control/people/{person}/guilds/{guild}/roles/{role}" TakeRole => {
        people::role(call, &name("person"), &name("guild"), &name("role"), false)
    };
    GET    "/control/bots" ListBots => Ok(bots::list(call));
    POST   "/control/bots" AddBot => bots::add(call);
    GET    "/control/gateway" GetGateway => Ok(bots::gateway(call));
    POST   "/control/gateway" DriveGateway => bots::drive(call);
    GET    "/control/faults" ListFaults => Ok(faults::list(call));
    POST   "/control/faults" ArmFault => faults::arm(call);
    DELETE "/control/faults" ClearFaults => Ok(faults::clear(call));
    GET    "/control/clock" GetClock => Ok(time::clock(call));
    POST   "/control/clock" TurnClock => time::turn(call).await;
    POST   "/control/settle" Settle => time::settle(call).await;
    GET    "/control/world" GetWorld => Ok(time::world(call));
    GET    "/control/transcript" ReadTranscript => transcript::read(call).await;
    GET    "/control/unknown" ListUnknown => Ok(transcript::unknown(call));
}

const DOCUMENT: &str = include_str!("openapi.json");

static ROUTER: LazyLock<Router<Vec<(&'static str, Operation)>>> = LazyLock::new(|| {
    let mut by_path: BTreeMap<&str, Vec<(&str, Operation)>> = BTreeMap::new();
    for (method, path, operation) in ROUTES {
        by_path.entry(path).or_default().push((method, *operation));
    }
    let mut router = Router::new();
    for (path, operations) in by_path {
        router.insert(path, operations).expect("paths do not contradict each other; a test sees to it");
    }
    router
});

/// Whether a call needs no token: the document reveals nothing about this simulator.
pub(super) fn is_open(call: &Call) -> bool {
    call.method() == "GET" && call.path() == "/control/openapi.json"
}

pub(super) async fn route(call: &Call) -> Result<Reply> {
    let found = ROUTER.at(call.path()).map_err(|_| ApiError::not_found())?;
    let operation =
        found.value.iter().find(|(method, _)| *method == call.method()).map(|(_, operation)| operation);
    let operation = operation.ok_or(ApiError::method_not_allowed())?;
    let name = |part: &'static str| percent_decode(found.params.get(part).unwrap_or_default()).into_owned();
    answer(*operation, call, name).await
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    #[test]
    fn the_document_describes_every_route_and_no_other() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        let mut described = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in
                item.as_object().unwrap().iter().filter(|(key, _)| *key != "parameters")
            {
                let id = operation["operationId"].as_str().unwrap_or_default();
                described.insert((method.to_uppercase(), path.clone(), id.to_lowercase()));
            }
        }
        let id = |operation: Operation| format!("{operation:?}").to_lowercase();
        let routed =
            ROUTES.iter().map(|(method, path, what)| ((*method).to_owned(), (*path).to_owned(), id(*what)));
        assert_eq!(routed.collect::<BTreeSet<_>>(), described);
    }

    #[test]
    fn the_document_declares_what_its_paths_name_and_its_references_lead_somewhere() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        for (path, item) in document["paths"].as_object().unwrap() {
            let declared: BTreeSet<&str> = item["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|parameter| parameter["name"].as_str().unwrap())
                .collect();
            let named = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
            assert_eq!(named.collect::<BTreeSet<_>>(), declared, "{path}");
        }
        let mut open = vec![&document];
        while let Some(value) = open.pop() {
            if let Some(place) = value["$ref"].as_str() {
                assert!(document.pointer(place.trim_start_matches('#')).is_some(), "{place}");
            }
            open.extend(value.as_object().into_iter().flat_map(|map| map.values()));
            open.extend(value.as_array().into_iter().flatten());
        }
    }

    #[test]
    fn every_path_is_found_under_its_own_shape() {
        for (method, path, operation) in ROUTES {
            assert!(ROUTER.at(path).unwrap().value.contains(&(*method, *operation)), "{path}");
        }
    }
}
