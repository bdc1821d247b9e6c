//! The gateway's side of the discord handle: JSON in, JSON out, at once.
//! The gateway defines what can be asked.

use abi_stable::std_types::{RResult, RStr, RString};
use gearshift_cog::abi::{self, HandleError, HandleErrorKind};

use super::{Lease, error, missing};
use crate::sessions::discord::AskError;

pub(super) extern "C" fn ask(lease: abi::Lease, request: RStr<'_>) -> RResult<RString, HandleError> {
    answer(Lease::of(lease), request.as_str()).map(RString::from).into()
}

fn answer(lease: &Lease, request: &str) -> Result<String, HandleError> {
    lease.check()?;
    let discord = lease.sessions().discord.as_ref().ok_or_else(|| missing("discord"))?;
    discord.ask_gateway(request).map_err(|cause| {
        let kind = match &cause {
            AskError::Invalid(_) => HandleErrorKind::Invalid,
            AskError::Unavailable(_) => HandleErrorKind::Connect,
        };
        error(kind, cause.to_string())
    })
}
