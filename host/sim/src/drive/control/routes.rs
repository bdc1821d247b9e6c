//! The routes of the control interface, as a table. `openapi.json` beside it says the same to others; a test compares them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::body::Bytes;
use matchit::Router;

use super::{act, bots, faults, people, time, transcript};
use crate::form::{ApiError, Result};
use crate::ids::percent_decode;
use crate::rest::{Call, Reply};

/// What can be asked for; named as in the document, but for the first letter's case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    GetOpenapi,
    ListPeople,
    AddPerson,
    JoinGuild,
    LeaveGuild,
    GiveRole,
    TakeRole,
    Act,
    ListBots,
    AddBot,
    GetGateway,
    DriveGateway,
    ListFaults,
    ArmFault,
    ClearFaults,
    GetClock,
    TurnClock,
    Settle,
    GetWorld,
    ReadTranscript,
    ListUnknown,
}

/// Method, path and operation; a segment in braces is handed over.
const ROUTES: &[(&str, &str, Operation)] = &[
    ("GET", "/control/openapi.json", Operation::GetOpenapi),
    ("GET", "/control/people", Operation::ListPeople),
    ("POST", "/control/people", Operation::AddPerson),
    ("POST", "/control/people/{person}/act", Operation::Act),
    ("PUT", "/control/people/{person}/guilds/{guild}", Operation::JoinGuild),
    ("DELETE", "/control/people/{person}/guilds/{guild}", Operation::LeaveGuild),
    ("PUT", "/control/people/{person}/guilds/{guild}/roles/{role}", Operation::GiveRole),
    ("DELETE", "/control/people/{person}/guilds/{guild}/roles/{role}", Operation::TakeRole),
    ("GET", "/control/bots", Operation::ListBots),
    ("POST", "/control/bots", Operation::AddBot),
    ("GET", "/control/gateway", Operation::GetGateway),
    ("POST", "/control/gateway", Operation::DriveGateway),
    ("GET", "/control/faults", Operation::ListFaults),
    ("POST", "/control/faults", Operation::ArmFault),
    ("DELETE", "/control/faults", Operation::ClearFaults),
    ("GET", "/control/clock", Operation::GetClock),
    ("POST", "/control/clock", Operation::TurnClock),
    ("POST", "/control/settle", Operation::Settle),
    ("GET", "/control/world", Operation::GetWorld),
    ("GET", "/control/transcript", Operation::ReadTranscript),
    ("GET", "/control/unknown", Operation::ListUnknown),
];

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

/// Whether a call needs no token: the document says nothing of this simulator.
pub(super) fn is_open(call: &Call) -> bool {
    call.method() == "GET" && call.path() == "/control/openapi.json"
}

pub(super) async fn route(call: &Call) -> Result<Reply> {
    let found = ROUTER.at(call.path()).map_err(|_| ApiError::not_found())?;
    let operation =
        found.value.iter().find(|(method, _)| *method == call.method()).map(|(_, operation)| operation);
    let operation = operation.ok_or(ApiError::method_not_allowed())?;
    let name = |part: &str| percent_decode(found.params.get(part).unwrap_or_default());
    match operation {
        Operation::GetOpenapi => {
            Ok(Reply::raw("application/json".to_owned(), Bytes::from_static(DOCUMENT.as_bytes())))
        }
        Operation::ListPeople => Ok(people::list(call)),
        Operation::Act => act::act(call, &name("person")).await,
        Operation::AddPerson => people::add(call),
        Operation::JoinGuild => people::join(call, &name("person"), &name("guild")),
        Operation::LeaveGuild => people::leave(call, &name("person"), &name("guild")),
        Operation::GiveRole => people::role(call, &name("person"), &name("guild"), &name("role"), true),
        Operation::TakeRole => people::role(call, &name("person"), &name("guild"), &name("role"), false),
        Operation::GetClock => Ok(time::clock(call)),
        Operation::TurnClock => time::turn(call).await,
        Operation::Settle => time::settle(call).await,
        Operation::GetWorld => Ok(time::world(call)),
        Operation::ListBots => Ok(bots::list(call)),
        Operation::AddBot => bots::add(call),
        Operation::GetGateway => Ok(bots::gateway(call)),
        Operation::DriveGateway => bots::drive(call),
        Operation::ListFaults => Ok(faults::list(call)),
        Operation::ArmFault => faults::arm(call),
        Operation::ClearFaults => Ok(faults::clear(call)),
        Operation::ReadTranscript => transcript::read(call).await,
        Operation::ListUnknown => Ok(transcript::unknown(call)),
    }
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
