//! Custom emojis of guilds and applications over REST: validates bodies. It does not store the images.

use super::guilds::settings::is_picture;
use super::routes::{Part, Path};
use super::{Call, Reply};
use crate::form::{ApiError, Fields, Result};
use crate::ids::Snowflake;
use crate::rules::emojis::{self, EmojiOwner, NewEmoji};

/// How a GIF begins in base64.
const GIF: &str = ";base64,R0lG";
/// The largest image, in bytes.
const MAX_IMAGE_BYTES: usize = 256 * 1024;

impl Part for EmojiOwner {
    fn read(at: &Path<'_, '_>, name: &str) -> Result<Self> {
        let id = Snowflake::read(at, name)?;
        Ok(if name == "guild_id" { Self::Guild(id) } else { Self::Application(id) })
    }
}

/// `POST /guilds/{guild}/emojis`, `POST /applications/{application}/emojis`
pub(super) fn create(call: &Call, owner: EmojiOwner) -> Result<Reply> {
    let (by, fields) = call.form()?;
    let emoji = emojis::create(&mut call.shared.state(), &by, owner, read_new(fields)?)?;
    Ok(Reply::json_with(201, &emoji.json()))
}

/// `PATCH /guilds/{guild}/emojis/{emoji}`, `PATCH /applications/{application}/emojis/{emoji}`
pub(super) fn edit(call: &Call, owner: EmojiOwner, id: Snowflake) -> Result<Reply> {
    let (by, mut fields) = call.form()?;
    let name = name(&mut fields);
    let roles = fields.nullable("roles", |of, key| of.snowflakes(key, 0..=250));
    fields.checked()?;
    let roles = roles.map(Option::unwrap_or_default);
    Ok(Reply::json(&emojis::edit(&mut call.shared.state(), &by, owner, id, name, roles)?.json()))
}

fn read_new(mut fields: Fields) -> Result<NewEmoji> {
    let name = fields.required("name", |of, _| name(of));
    let image = fields.required_text("image", 0..=usize::MAX);
    let roles = fields.snowflakes("roles", 0..=250).unwrap_or_default();
    if fields.errors.is_empty() && !is_picture(&image) {
        fields.fail("image", "IMAGE_INVALID", "Invalid image data");
    }
    fields.checked()?;
    // Base64 writes three bytes as four characters.
    if image.len() / 4 * 3 > MAX_IMAGE_BYTES {
        return Err(ApiError::new(400, 50138, "Failed to resize asset below the maximum size: 262144"));
    }
    Ok(NewEmoji { name, animated: image.contains(GIF), roles })
}

fn name(fields: &mut Fields) -> Option<String> {
    let name = fields.text_within("name", 2..=32)?;
    if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Some(name);
    }
    fields.fail("name", "STRING_TYPE_REGEX", "String value did not match validation regex.");
    None
}
