//! Discord's component types.
//! <https://discord.com/developers/docs/components/reference#component-object-component-types>

pub(crate) const ROW: u8 = 1;
pub(crate) const BUTTON: u8 = 2;
pub(crate) const STRING_SELECT: u8 = 3;
pub(crate) const TEXT: u8 = 4;
pub(crate) const USER_SELECT: u8 = 5;
pub(crate) const ROLE_SELECT: u8 = 6;
pub(crate) const MENTIONABLE_SELECT: u8 = 7;
pub(crate) const CHANNEL_SELECT: u8 = 8;
pub(crate) const LABEL: u8 = 18;
pub(crate) const FILE_UPLOAD: u8 = 19;
#[cfg(any(test, feature = "testing"))]
pub(crate) const RADIO_GROUP: u8 = 21;
pub(crate) const CHECKBOX: u8 = 23;

/// The type of a component, from its JSON; 0 if it has none.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn of(component: &serde_json::Value) -> u8 {
    component["type"].as_u64().and_then(|kind| u8::try_from(kind).ok()).unwrap_or(0)
}
