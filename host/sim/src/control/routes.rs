//! The routes of the control interface, as a table. `openapi.json` beside it says the same to others; a test compares them.
//! It handles nothing itself.

use std::borrow::Cow;

use super::{act, bots, faults, people, transcript};
use crate::rest::error::ApiError;
use crate::rest::{Bytes, Call, Reply};

/// What can be asked for; named as in the document, but for the first letter's case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    GetOpenapi,
    ListPeople,
    Act,
    ListBots,
    AddBot,
    GetGateway,
    DriveGateway,
    ListFaults,
    ArmFault,
    ClearFaults,
    ReadTranscript,
    ListUnknown,
}

/// Method, path and operation; a segment in braces is handed over.
const ROUTES: &[(&str, &str, Operation)] = &[
    ("GET", "/control/openapi.json", Operation::GetOpenapi),
    ("GET", "/control/people", Operation::ListPeople),
    ("POST", "/control/people/{person}/act", Operation::Act),
    ("GET", "/control/bots", Operation::ListBots),
    ("POST", "/control/bots", Operation::AddBot),
    ("GET", "/control/gateway", Operation::GetGateway),
    ("POST", "/control/gateway", Operation::DriveGateway),
    ("GET", "/control/faults", Operation::ListFaults),
    ("POST", "/control/faults", Operation::ArmFault),
    ("DELETE", "/control/faults", Operation::ClearFaults),
    ("GET", "/control/transcript", Operation::ReadTranscript),
    ("GET", "/control/unknown", Operation::ListUnknown),
];

const DOCUMENT: &str = include_str!("openapi.json");

pub(super) async fn route(call: &Call) -> Result<Reply, ApiError> {
    let segments = call.segments();
    let segments: Vec<&str> = segments.iter().map(Cow::as_ref).collect();
    let (operation, names) = find(call.method(), &segments)?;
    let name = |at: usize| names.get(at).copied().unwrap_or_default();
    match operation {
        Operation::GetOpenapi => {
            Ok(Reply::raw("application/json".to_owned(), Bytes::from_static(DOCUMENT.as_bytes())))
        }
        Operation::ListPeople => Ok(people::list(call)),
        Operation::Act => act::act(call, name(0)).await,
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

/// The operation of a call, and the segments that it hands over.
fn find<'a>(method: &str, segments: &[&'a str]) -> Result<(Operation, Vec<&'a str>), ApiError> {
    let mut error = ApiError::not_found();
    for (wanted, path, operation) in ROUTES {
        match fits(path, segments) {
            Some(names) if *wanted == method => return Ok((*operation, names)),
            Some(_) => error = ApiError::new(405, 0, "405: Method Not Allowed"),
            None => {}
        }
    }
    Err(error)
}

/// The segments that stand where the path has braces; none if it is another path.
fn fits<'a>(path: &str, segments: &[&'a str]) -> Option<Vec<&'a str>> {
    let wanted: Vec<&str> = path.split('/').skip(1).collect();
    if wanted.len() != segments.len() {
        return None;
    }
    let mut names = Vec::new();
    for (wanted, segment) in wanted.into_iter().zip(segments) {
        match wanted.starts_with('{') {
            true => names.push(*segment),
            false if wanted == *segment => {}
            false => return None,
        }
    }
    Some(names)
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
}
