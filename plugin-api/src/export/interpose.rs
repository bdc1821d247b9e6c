//! Sits between the cog's own standard library and the C library for three functions, and keeps the ledger. Without it,
//! every generation that names its thread would permanently cost the process one of its 1,024 pthread keys, and a
//! thread that the cog started could outlive the code it runs. The host opens libraries with `RTLD_DEEPBIND`, so that
//! these definitions win inside the cog.
#![allow(unsafe_code, reason = "calls the C library")]

pub use std::ffi::c_void as CVoid;
use std::{
    ffi::{CStr, c_int},
    mem,
    sync::atomic::{AtomicPtr, Ordering},
};

pub use libc::{pthread_attr_t as PthreadAttributes, pthread_t as Pthread};

use crate::abi::Ledger;

/// Destructor of a pthread key.
pub type KeyDestructor = Option<unsafe extern "C" fn(*mut CVoid)>;
/// Entry of a thread.
pub type ThreadStart = extern "C" fn(*mut CVoid) -> *mut CVoid;

type KeyCreate = unsafe extern "C" fn(*mut u32, KeyDestructor) -> c_int;
type KeyDelete = unsafe extern "C" fn(u32) -> c_int;
type ThreadCreate =
    unsafe extern "C" fn(*mut Pthread, *const PthreadAttributes, ThreadStart, *mut CVoid) -> c_int;

/// The keys and threads that this library holds. The host reads them through the function table.
pub(super) static LEDGER: Ledger = Ledger::new();

/// A function of the C library, looked up once.
struct Next {
    name: &'static CStr,
    address: AtomicPtr<CVoid>,
}

impl Next {
    const fn new(name: &'static CStr) -> Self {
        Self { name, address: AtomicPtr::new(std::ptr::null_mut()) }
    }

    /// # Safety
    /// `F` is the function pointer type of the C function of that name.
    unsafe fn function<F: Copy>(&self) -> F {
        const { assert!(size_of::<F>() == size_of::<*mut CVoid>()) };
        let mut address = self.address.load(Ordering::Acquire);
        if address.is_null() {
            // SAFETY: the name is a C string.
            address = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
            assert!(!address.is_null(), "the C library lacks {:?}", self.name);
            self.address.store(address, Ordering::Release);
        }
        // SAFETY: same size, and the caller names the right type.
        unsafe { mem::transmute_copy(&address) }
    }
}

static KEY_CREATE: Next = Next::new(c"pthread_key_create");
static KEY_DELETE: Next = Next::new(c"pthread_key_delete");
static THREAD_CREATE: Next = Next::new(c"pthread_create");

/// # Safety
/// The same as for `pthread_key_create(3)`.
pub unsafe fn key_create(key: *mut u32, drop: KeyDestructor) -> i32 {
    // SAFETY: the type is that of pthread_key_create, and the caller keeps its contract.
    let status = unsafe { KEY_CREATE.function::<KeyCreate>()(key, drop) };
    if status == 0 {
        // SAFETY: the call succeeded, so `key` was written.
        LEDGER.key_created(unsafe { *key });
    }
    status
}

/// # Safety
/// The same as for `pthread_key_delete(3)`.
pub unsafe fn key_delete(key: u32) -> i32 {
    LEDGER.key_deleted(key);
    // SAFETY: the type is that of pthread_key_delete, and the caller keeps its contract.
    unsafe { KEY_DELETE.function::<KeyDelete>()(key) }
}

/// The start of a new thread of the cog.
struct Beginning {
    slot: usize,
    start: ThreadStart,
    argument: *mut CVoid,
}

/// # Safety
/// The same as for `pthread_create(3)`.
pub unsafe fn thread_create(
    thread: *mut Pthread,
    attributes: *const PthreadAttributes,
    start: ThreadStart,
    argument: *mut CVoid,
) -> i32 {
    // SAFETY: the type is that of pthread_create.
    let create = unsafe { THREAD_CREATE.function::<ThreadCreate>() };
    let Some(slot) = LEDGER.thread_starting(alive) else {
        // The ledger records the overflow, so this library will be held.
        // SAFETY: the caller keeps the contract of pthread_create.
        return unsafe { create(thread, attributes, start, argument) };
    };
    let beginning = Box::into_raw(Box::new(Beginning { slot, start, argument }));
    // SAFETY: the caller keeps the contract of pthread_create; `begin` takes the box.
    let status = unsafe { create(thread, attributes, begin, beginning.cast()) };
    if status != 0 {
        LEDGER.thread_is(slot, 0);
        // SAFETY: no thread was created, so the box is still ours.
        drop(unsafe { Box::from_raw(beginning) });
    }
    status
}

extern "C" fn begin(beginning: *mut CVoid) -> *mut CVoid {
    // SAFETY: `thread_create` made the box for this thread alone.
    let Beginning { slot, start, argument } = *unsafe { Box::from_raw(beginning.cast::<Beginning>()) };
    // SAFETY: gettid(2) has no preconditions.
    LEDGER.thread_is(slot, unsafe { libc::gettid() });
    start(argument)
}

/// Whether a thread of this process still exists. A thread does not clear its slot itself, as it would still be running
/// code of this library while doing so.
fn alive(tid: i32) -> bool {
    // SAFETY: signal 0 only asks.
    unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), tid, 0) == 0 }
}
