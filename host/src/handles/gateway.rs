//! The gateway's part of the discord handle: JSON in, JSON out, answered immediately. The gateway defines the
//! possible requests.

use abi_stable::std_types::{RResult, RStr, RString};
use gearshift_cog::abi::{self, HandleError, HandleErrorKind};

use super::{
    Lease, error,
    lease::Local,
    missing,
    request::{self, Gateway, SyncRequest},
};
use crate::sessions::discord::GatewayRequestError;

pub(super) extern "C" fn ask(lease: abi::Lease, request: RStr<'_>) -> RResult<RString, HandleError> {
    request::answer_sync(Lease::of(lease), Gateway { request: request.into() }).into()
}

impl SyncRequest for Gateway {
    type Answer = RString;

    fn answer(self, local: &Local) -> Result<RString, HandleError> {
        let discord = local.sessions.discord.as_ref().ok_or_else(|| missing("discord"))?;
        discord.gateway_request(&self.request).map(RString::from).map_err(|cause| {
            let kind = match &cause {
                GatewayRequestError::Invalid(_) => HandleErrorKind::Invalid,
                GatewayRequestError::Unavailable(_) => HandleErrorKind::Connect,
            };
            error(kind, cause.to_string())
        })
    }
}
