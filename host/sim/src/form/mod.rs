//! Request bodies, read field by field, and Discord's errors for mistakes in them. It knows no routes.

mod error;
mod fields;
mod lists;
mod number;
mod unread;

pub(crate) use error::{ApiError, FormErrors, Result};
pub(crate) use fields::{Fields, set};
pub(crate) use lists::{Mistake, fitting};
pub(crate) use unread::{Tally, UnreadFields};
