//! The log of the cog, written to the transcript.

use abi_stable::std_types::{ROption, RSome};

use crate::{
    abi::{Lease, Level, LogRecord},
    testing::world::World,
};

pub(super) extern "C" fn level(_: Lease) -> ROption<Level> {
    RSome(Level::Debug)
}

pub(super) extern "C" fn write(lease: Lease, record: &LogRecord<'_>) {
    let mut line = format!("log {:?}: {}", record.level, record.message);
    for field in record.fields.as_slice() {
        line.push_str(&format!(" {}={}", field.name, field.value));
    }
    World::of(lease).note(line);
}
