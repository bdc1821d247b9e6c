//! Lets the linker write the program's relocations in their compact form, where the C library can read it (glibc 2.36):
//! half a megabyte that every start would read through becomes some kilobytes.

use std::ffi::CStr;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if cfg!(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64")) && glibc() >= (2, 36) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of the C library that this runs on, which is the one the program is built for.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn glibc() -> (u32, u32) {
    // SAFETY: it returns a static string.
    let version = unsafe { CStr::from_ptr(libc::gnu_get_libc_version()) }.to_string_lossy();
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn glibc() -> (u32, u32) {
    (0, 0)
}
