//! What a cog can request from the store, as data.
#![allow(unsafe_code, reason = "what abi_stable derives")]

use abi_stable::{
    StableAbi,
    std_types::{ROption, RString, RVec},
};
use serde::{Deserialize, Serialize};

/// A key and its value in the store.
#[repr(C)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Debug)]
pub struct Entry {
    /// Key.
    pub key: RString,
    /// Value.
    #[serde(with = "super::bytes")]
    pub value: RVec<u8>,
}

/// A request for a page of the store's entries.
#[repr(C)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Debug)]
pub struct StoreList {
    /// The prefix of their keys.
    pub prefix: RString,
    /// The key after which the page starts: the last one of the previous page.
    pub after: ROption<RString>,
    /// Maximum number of entries. A page may be shorter; an empty one is the end.
    pub limit: u32,
}

/// A change of one key in the store.
#[repr(C)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Debug)]
pub struct StoreWrite {
    /// Key.
    pub key: RString,
    /// The new value; none deletes the key.
    #[serde(with = "super::bytes")]
    pub value: ROption<RVec<u8>>,
    /// What must be there for the change to be made.
    pub expect: StoreExpect,
    /// How many milliseconds the new value lasts; 0 = until it is changed.
    pub expires_ms: u64,
}

/// What must be in the store for a change to be made.
#[repr(u8)]
#[derive(StableAbi, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum StoreExpect {
    /// Anything, or nothing.
    Any,
    /// Nothing.
    Absent,
    /// This value.
    Value(#[serde(with = "super::bytes")] RVec<u8>),
}
