//! Serializes bytes as one value in an encoding, not as a list of numbers: `#[serde(with = "…::bytes")]`.

use std::{fmt, marker::PhantomData};

use abi_stable::std_types::{RArc, RNone, ROption, RSome, RVec};
use serde::{
    Deserializer, Serializer,
    de::{Error, Visitor},
};

/// A type that contains bytes.
pub trait Bytes: Sized {
    /// The bytes; `None` for an option without any.
    fn bytes(&self) -> Option<&[u8]>;
    /// The type again, from its bytes.
    fn of(bytes: Option<Vec<u8>>) -> Option<Self>;
}

impl Bytes for Vec<u8> {
    fn bytes(&self) -> Option<&[u8]> {
        Some(self)
    }

    fn of(bytes: Option<Vec<u8>>) -> Option<Self> {
        bytes
    }
}

impl Bytes for RVec<u8> {
    fn bytes(&self) -> Option<&[u8]> {
        Some(self)
    }

    fn of(bytes: Option<Vec<u8>>) -> Option<Self> {
        bytes.map(Self::from)
    }
}

impl Bytes for RArc<RVec<u8>> {
    fn bytes(&self) -> Option<&[u8]> {
        Some(self)
    }

    fn of(bytes: Option<Vec<u8>>) -> Option<Self> {
        bytes.map(|bytes| Self::new(bytes.into()))
    }
}

impl Bytes for ROption<RVec<u8>> {
    fn bytes(&self) -> Option<&[u8]> {
        self.as_ref().map(RVec::as_slice).into_option()
    }

    fn of(bytes: Option<Vec<u8>>) -> Option<Self> {
        Some(bytes.map_or(RNone, |bytes| RSome(bytes.into())))
    }
}

/// Serializes the bytes.
///
/// # Errors
/// The serializer's error.
pub fn serialize<T: Bytes, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    struct Slice<'a>(&'a [u8]);
    impl serde::Serialize for Slice<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(self.0)
        }
    }
    match value.bytes() {
        Some(bytes) => serializer.serialize_some(&Slice(bytes)),
        None => serializer.serialize_none(),
    }
}

/// Deserializes the bytes.
///
/// # Errors
/// The deserializer's error; also if there are no bytes where there must be some.
pub fn deserialize<'de, T: Bytes, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Read<T>(PhantomData<T>);
    impl<'de, T: Bytes> Visitor<'de> for Read<T> {
        type Value = T;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("bytes")
        }

        fn visit_none<E: Error>(self) -> Result<T, E> {
            T::of(None).ok_or_else(|| E::custom("there are no bytes"))
        }

        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
            deserializer.deserialize_byte_buf(self)
        }

        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<T, E> {
            self.visit_byte_buf(bytes.to_vec())
        }

        fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<T, E> {
            T::of(Some(bytes)).ok_or_else(|| E::custom("there are bytes"))
        }
    }
    deserializer.deserialize_option(Read(PhantomData))
}
