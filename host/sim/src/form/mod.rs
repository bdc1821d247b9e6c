//! Bodies of requests, read field by field, and Discord's errors for what is wrong with them. It knows no route.

mod error;
mod fields;
mod lists;
mod number;
mod unread;

pub(crate) use error::{ApiError, FormErrors, Result};
pub(crate) use fields::{Fields, set};
pub(crate) use lists::{Mistake, fitting};
pub(crate) use unread::{Tally, Unread};
