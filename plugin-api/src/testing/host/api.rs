//! The api handle: answers that the test provides in place of the site API.

use abi_stable::std_types::{RResult, RVec};
use async_ffi::LocalFfiFuture;

use super::{http::with_query, soon};
use crate::{
    abi::{ApiRequest, HandleError, HandleErrorKind, Lease, Reply},
    testing::{
        web::{SentRequest, Server},
        world::World,
    },
};

pub(super) extern "C" fn request(
    lease: Lease,
    request: ApiRequest,
) -> LocalFfiFuture<RResult<Reply, HandleError>> {
    let world = World::of(lease);
    soon(world.authorize("api").and_then(|()| answer(&world, request)))
}

fn answer(world: &World, request: ApiRequest) -> Result<Reply, HandleError> {
    let sent = SentRequest {
        server: Server::Api,
        method: request.method.to_string(),
        address: with_query(&request.path, &request.query),
        headers: Vec::new(),
        body: request.json.into_vec(),
    };
    let shown = format!("{} {}", sent.method, sent.address);
    let given = world.web.borrow_mut().answer(&sent);
    world.web.borrow_mut().note(sent);
    let Some((status, body)) = given else {
        world.note(format!("site API: {shown} → no answer; provide one with `bot.mock_api(…)`"));
        return Err(HandleError::new(
            HandleErrorKind::Missing,
            format!("the test provides no answer to {shown}"),
        ));
    };
    world.note(format!("site API: {shown} → {status}"));
    if status >= 400 {
        let text = format!("{shown}: the site API answered {status}");
        return Err(HandleError {
            status,
            body: body.into(),
            ..HandleError::new(HandleErrorKind::Status, text)
        });
    }
    Ok(Reply { status, headers: RVec::new(), body: body.into() })
}
