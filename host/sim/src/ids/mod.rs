//! How Discord writes ids, moments, and text in URLs: snowflakes, timestamps, percent-encoding.

mod percent;
mod snowflake;
mod timestamp;

pub(crate) use percent::{percent_decode, percent_encode, query_pairs, query_value};
pub use snowflake::Snowflake;
pub(crate) use snowflake::{DISCORD_EPOCH_MS, SnowflakeSource};
pub use timestamp::{ParseTimestampError, Timestamp};
