//! The numbers that a lane's thread writes and the host reads: in the host's own memory, or on a page that both
//! processes of a lane have mapped. They remain readable after the lane's process has crashed.
#![allow(unsafe_code, reason = "maps memory that another process has mapped as well")]

use std::{
    io, mem,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    ptr::NonNull,
    sync::atomic::{AtomicBool, AtomicI32, AtomicU8, AtomicU64, AtomicUsize, Ordering, fence},
};

#[cfg(target_os = "linux")]
use rustix::fs::SealFlags;
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// Maximum length in bytes of a handler's name that the host can read.
const NAME_MAX: usize = 256;
const WORDS: usize = NAME_MAX / 8;

/// The numbers. Zeroed, they describe a lane that has not started.
#[repr(C)]
pub(super) struct Numbers {
    pub(super) turns: AtomicU64,
    pub(super) handled: AtomicU64,
    /// The number of the last item that was started or taken back.
    begun: AtomicU64,
    pub(super) handlers: AtomicUsize,
    pub(super) spawned: AtomicUsize,
    pub(super) thread: AtomicI32,
    pub(super) activity: AtomicU8,
    /// Set by the lane's process when it finds its socket to the host closed.
    pub(super) has_no_socket: AtomicBool,
    name: Name,
}

/// A text that one thread writes and others read without blocking it: a sequence lock. `version` is odd during a write.
#[repr(C)]
struct Name {
    version: AtomicU64,
    length: AtomicU64,
    words: [AtomicU64; WORDS],
}

/// Where the numbers are stored.
#[derive(Debug)]
pub(super) struct Page {
    numbers: NonNull<Numbers>,
    /// The file that other processes map; `None` if the numbers are not shared.
    shared: Option<OwnedFd>,
}

// SAFETY: the numbers are atomics, and do not move or get freed before the page is dropped.
unsafe impl Send for Page {}
// SAFETY: as above.
unsafe impl Sync for Page {}

impl Page {
    /// In this process's own memory.
    pub(super) fn own() -> Page {
        // SAFETY: all zeros are valid atomics.
        let numbers = Box::new(unsafe { mem::zeroed::<Numbers>() });
        Page { numbers: NonNull::from(Box::leak(numbers)), shared: None }
    }

    /// In memory that can be shared with another process.
    ///
    /// # Errors
    /// Errors of the system.
    pub(super) fn shared() -> io::Result<Page> {
        let file = super::process::memory("gearshift-lane")?;
        rustix::fs::ftruncate(&file, mem::size_of::<Numbers>() as u64)?;
        // If another process truncated the file, accessing the page would end this process by SIGBUS. The seals
        // prevent that.
        // <https://man7.org/linux/man-pages/man2/F_GET_SEALS.2const.html>
        #[cfg(target_os = "linux")]
        rustix::fs::fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        Page::mapped(file)
    }

    /// Maps the memory of a file that [`shared`](Self::shared) created, in this or in another process.
    ///
    /// # Errors
    /// If it is too short, and errors of the system.
    pub(super) fn mapped(file: OwnedFd) -> io::Result<Page> {
        let length = mem::size_of::<Numbers>();
        if u64::try_from(rustix::fs::fstat(&file)?.st_size).unwrap_or(0) < length as u64 {
            return Err(io::Error::other("it is shorter than the numbers of a lane"));
        }
        let (access, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED);
        // SAFETY: a new mapping at an address of the kernel's choice.
        let place = unsafe { mmap(std::ptr::null_mut(), length, access, flags, &file, 0) }?;
        let numbers = NonNull::new(place.cast()).ok_or_else(|| io::Error::other("it was mapped nowhere"))?;
        Ok(Page { numbers, shared: Some(file) })
    }

    /// The file that another process can map.
    pub(super) fn file(&self) -> Option<BorrowedFd<'_>> {
        self.shared.as_ref().map(AsFd::as_fd)
    }

    pub(super) fn numbers(&self) -> &Numbers {
        // SAFETY: it points to zeroed or mapped memory of that size, until `self` is dropped.
        unsafe { self.numbers.as_ref() }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        match &self.shared {
            // SAFETY: no reference to the numbers is left, and `own` leaked them from a `Box`.
            None => drop(unsafe { Box::from_raw(self.numbers.as_ptr()) }),
            Some(_) => {
                // SAFETY: no reference to the numbers is left, and `mapped` mapped them with this length.
                let _ = unsafe { munmap(self.numbers.as_ptr().cast(), mem::size_of::<Numbers>()) };
            }
        }
    }
}

impl Numbers {
    /// The number of the last item that was started or taken back.
    pub(super) fn begun(&self) -> u64 {
        self.begun.load(Ordering::Acquire)
    }

    /// Whether item `number` may start: neither it nor a later one was started or taken back. It then counts as begun.
    pub(super) fn begin(&self, number: u64) -> bool {
        let next = |last| (last < number).then_some(number);
        self.begun.fetch_update(Ordering::AcqRel, Ordering::Acquire, next).is_ok()
    }

    /// Takes back all items up to `number` that were not started. Returns the last one that was. Like
    /// [`begin`](Self::begin), this is one atomic read-modify-write: an item is either started or taken back.
    pub(super) fn take_back(&self, number: u64) -> u64 {
        self.begun.fetch_max(number, Ordering::AcqRel)
    }

    /// Called only by the lane's thread. The release fence orders the odd version before the words, and the final
    /// release store orders the words before the even version.
    pub(super) fn set_name(&self, name: &str) {
        let name = name.as_bytes();
        let length = name.len().min(NAME_MAX);
        self.name.version.fetch_add(1, Ordering::AcqRel);
        fence(Ordering::Release);
        for (word, bytes) in self.name.words.iter().zip(name[..length].chunks(8)) {
            let mut value = [0; 8];
            value[..bytes.len()].copy_from_slice(bytes);
            word.store(u64::from_ne_bytes(value), Ordering::Relaxed);
        }
        self.name.length.store(length as u64, Ordering::Relaxed);
        self.name.version.fetch_add(1, Ordering::Release);
    }

    /// `None` if there is no name, or if it was being rewritten at each of 100 attempts. The acquire fence orders the
    /// reads of the words before the second read of the version.
    pub(super) fn name(&self) -> Option<String> {
        (0..100).find_map(|_| {
            let version = self.name.version.load(Ordering::Acquire);
            let length = usize::try_from(self.name.length.load(Ordering::Relaxed)).ok()?.min(NAME_MAX);
            let words = self.name.words.each_ref().map(|word| word.load(Ordering::Relaxed));
            fence(Ordering::Acquire);
            let is_one = version.is_multiple_of(2) && self.name.version.load(Ordering::Relaxed) == version;
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).take(length).collect();
            (is_one && length > 0).then(|| String::from_utf8_lossy(&bytes).into_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_mapping_is_given_the_other_shows() {
        let one = Page::shared().expect("memory");
        let file = one.file().expect("a file").try_clone_to_owned().expect("a descriptor");
        let other = Page::mapped(file).expect("the same memory");
        assert_eq!(other.numbers().name(), None);
        for name in ["command !ping", "event MESSAGE_CREATE", &"x".repeat(300)] {
            one.numbers().set_name(name);
            assert_eq!(other.numbers().name().as_deref(), Some(&name[..name.len().min(NAME_MAX)]));
        }
        let short = super::super::process::memory("short").expect("memory");
        assert!(Page::mapped(short).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn neither_side_can_take_the_page_from_the_other() {
        let page = Page::shared().expect("memory");
        let file = page.file().expect("a file");
        for length in [0, 1 << 20] {
            assert!(rustix::fs::ftruncate(file, length).is_err());
        }
        assert!(rustix::fs::fcntl_add_seals(file, SealFlags::WRITE).is_err());
    }

    #[test]
    fn an_item_begins_or_is_taken_back_and_never_both() {
        let page = Page::own();
        let numbers = page.numbers();
        assert!(numbers.begin(1) && numbers.begin(2) && !numbers.begin(2));
        assert_eq!(numbers.take_back(5), 2, "3 to 5 come back");
        assert!(!numbers.begin(3) && !numbers.begin(5) && numbers.begin(6));
        assert_eq!(numbers.take_back(5), 6, "nothing is left to come back");
    }
}
