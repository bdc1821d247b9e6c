//! Asks the kernel whether code may be mapped from a file. It ignores the file's content.
#![allow(unsafe_code, reason = "maps memory")]

use std::{fs::File, io, os::fd::AsRawFd, ptr};

/// Maps one page of `file` as code, and unmaps it. `file` must not be empty.
///
/// # Errors
/// `PermissionDenied` on a file system that is mounted with `noexec`, or where a security module forbids it.
pub(super) fn map_as_code(file: &File) -> io::Result<()> {
    const PAGE: usize = 4096;
    // SAFETY: a new private mapping at an address that the kernel chooses affects no existing memory.
    let page = unsafe {
        libc::mmap(
            ptr::null_mut(),
            PAGE,
            libc::PROT_READ | libc::PROT_EXEC,
            libc::MAP_PRIVATE,
            file.as_raw_fd(),
            0,
        )
    };
    if page == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the mapping is the one just made, and nothing else refers to it.
    unsafe { libc::munmap(page, PAGE) };
    Ok(())
}
