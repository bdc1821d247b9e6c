//! The log handle: a cog's `tracing` events in the host's log, with the cog's name and generation.

use std::{
    fmt::Write,
    panic::{self, AssertUnwindSafe},
};

use abi_stable::std_types::ROption;
use gearshift_cog::abi::{self, Level, LogRecord};
use serde::{Deserialize, Serialize};
use tracing::level_filters::LevelFilter;

use super::{
    Lease,
    request::{self, Notification},
};
use crate::identity::GenerationId;

pub(super) extern "C" fn level(_: abi::Lease) -> ROption<Level> {
    wanted().into()
}

/// The most detailed level that this process logs.
pub fn wanted() -> Option<Level> {
    LevelFilter::current().into_level().map(level_of)
}

/// The same level as the ABI's type.
pub fn level_of(level: tracing::Level) -> Level {
    match level {
        tracing::Level::ERROR => Level::Error,
        tracing::Level::WARN => Level::Warn,
        tracing::Level::INFO => Level::Info,
        tracing::Level::DEBUG => Level::Debug,
        tracing::Level::TRACE => Level::Trace,
    }
}

pub(super) extern "C" fn write(lease: abi::Lease, record: &LogRecord<'_>) {
    // A thread that ends drops its thread-local values in no particular order: the host's subscriber may have
    // lost its own when one of the cog's logs while it is dropped. A panic here would end the process; this
    // way only the line is lost.
    let _ = panic::catch_unwind(AssertUnwindSafe(|| {
        let mut text = record.message.as_str().to_owned();
        for field in record.fields.as_slice() {
            let _ = write!(text, " {}={}", field.name, field.value);
        }
        let record = Record { level: record.level, module: record.target.as_str().to_owned(), text };
        request::notify(Lease::of(lease), Notification::Log(record));
    }));
}

/// A line on its way to the log.
#[derive(Serialize, Deserialize)]
pub struct Record {
    /// Its level.
    pub level: Level,
    /// The module path inside the cog.
    pub module: String,
    /// The message and its fields.
    pub text: String,
}

impl Record {
    /// Logs it.
    pub(super) fn write(self, id: &GenerationId) {
        let Record { level, module, text } = self;
        // An event's level is part of its static metadata, hence five events.
        macro_rules! emit {
            ($level:ident) => {
                tracing::event!(target: "cog", tracing::Level::$level, cog = %id, module, "{text}")
            };
        }
        match level {
            Level::Error => emit!(ERROR),
            Level::Warn => emit!(WARN),
            Level::Info => emit!(INFO),
            Level::Debug => emit!(DEBUG),
            Level::Trace => emit!(TRACE),
        }
    }
}
