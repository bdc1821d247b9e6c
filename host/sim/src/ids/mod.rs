//! What Discord names things and moments with: snowflakes, timestamps, and how texts stand in addresses.

mod percent;
mod snowflake;
mod timestamp;

pub(crate) use percent::{percent_decode, percent_encode, query_pairs, query_value};
pub use snowflake::Snowflake;
pub(crate) use snowflake::{DISCORD_EPOCH_MS, SnowflakeSource};
pub use timestamp::{NoTimestamp, Timestamp};
