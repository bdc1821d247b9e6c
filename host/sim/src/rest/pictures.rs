//! `GET /avatars/…`, `/icons/…` and `/embed/avatars/…`: the paths of Discord's CDN, served here.

use super::{Call, Reply};
use crate::form::{ApiError, Result};
use crate::ids::Snowflake;
use crate::pictures;

/// `GET /avatars/{user}/{hash}.png`
pub(super) fn avatar(call: &Call, user: Snowflake, file: String) -> Result<Reply> {
    let current = call.shared.state().world.user(user).and_then(|user| user.avatar.clone());
    drawn(call, current, &file)
}

/// `GET /icons/{guild}/{hash}.png`
pub(super) fn icon(call: &Call, guild: Snowflake, file: String) -> Result<Reply> {
    let current = call
        .shared
        .state()
        .world
        .guild(guild)
        .and_then(|guild| guild.settings.icon.as_deref().map(str::to_owned));
    drawn(call, current, &file)
}

/// `GET /embed/avatars/{n}.png`: for users without an avatar; Discord has six.
pub(super) fn default_avatar(call: &Call, file: String) -> Result<Reply> {
    let number = bare(&file).parse().ok().filter(|number| (0..6).contains(number));
    let number: u64 = number.ok_or(ApiError::not_found())?;
    let hash = pictures::hash_of(Snowflake(number));
    drawn(call, Some(hash.clone()), &hash)
}

fn drawn(call: &Call, current: Option<String>, file: &str) -> Result<Reply> {
    let hash = current.filter(|hash| hash == bare(file)).ok_or(ApiError::not_found())?;
    let size = match call.query("size") {
        Some(size) => Some(size.parse().map_err(|_| ApiError::not_found())?),
        None => None,
    };
    let bytes = pictures::draw(&hash, size).ok_or(ApiError::not_found())?;
    // Whatever the file extension: clients ask for webp or gif, and all of them go by the content type.
    Ok(Reply::raw("image/png".to_owned(), bytes.into()))
}

fn bare(file: &str) -> &str {
    file.rsplit_once('.').map_or(file, |(hash, _)| hash)
}
