//! The gateway's part of the discord handle: JSON in, JSON out, answered immediately. The gateway defines the
//! possible requests.

use abi_stable::std_types::{RResult, RStr, RString};
use gearshift_cog::abi::{self, HandleError, HandleErrorKind};

use super::{
    Lease,
    ask::{self, AskNow, Gateway},
    error,
    lease::Here,
    missing,
};
use crate::sessions::discord::GatewayRequestError;

pub(super) extern "C" fn ask(lease: abi::Lease, request: RStr<'_>) -> RResult<RString, HandleError> {
    ask::now(Lease::of(lease), Gateway { request: request.into() }).into()
}

impl AskNow for Gateway {
    type Answer = RString;

    fn answer(self, here: &Here) -> Result<RString, HandleError> {
        let discord = here.sessions.discord.as_ref().ok_or_else(|| missing("discord"))?;
        discord.gateway_request(&self.request).map(RString::from).map_err(|cause| {
            let kind = match &cause {
                GatewayRequestError::Invalid(_) => HandleErrorKind::Invalid,
                GatewayRequestError::Unavailable(_) => HandleErrorKind::Connect,
            };
            error(kind, cause.to_string())
        })
    }
}
