//! `export!`: makes a library out of a cog. It only places symbols; what they do is in the modules below.

pub mod glue;
pub(crate) mod guard;
mod interpose;
mod required;
mod trace;

/// For the test kit, where one process has many cogs, and a cog's thread is the thread of its test.
#[cfg(any(test, feature = "testing"))]
pub(crate) mod in_test {
    pub(crate) use super::{
        guard::{run_in_test as run, share_hook},
        trace::forward,
    };
}

/// Exports a [`Cog`](crate::Cog) from this library: its manifest, its function table, and the interposed functions that
/// let the library be unmapped. Once per crate; the crate is a `cdylib`.
///
/// The cog gets the name of its package; `export!(MyCog, name = "other")` gives it another one.
#[macro_export]
macro_rules! export {
    ($cog:ty) => {
        $crate::export!($cog, name = env!("CARGO_PKG_NAME"));
    };
    ($cog:ty, name = $name:expr) => {
        $crate::export!($cog, name = $name, abi = $crate::abi::ABI);
    };
    // Not for authors: a cog that tests the host can claim an ABI that it does not have.
    ($cog:ty, name = $name:expr, abi = $abi:expr) => {
        $crate::__crate_type!();

        /// At the top of the crate, whatever module this is used in: a second one is an error that explains itself.
        #[doc(hidden)]
        #[macro_export]
        macro_rules! a_package_has_one_cog {
            () => {};
        }

        const _: () = {
            use $crate::{__glue as glue, Cog, manifest};

            const DECLARATION: manifest::Declaration = manifest::Declaration {
                name: $name,
                version: env!("CARGO_PKG_VERSION"),
                abi: $abi,
                panic: if cfg!(panic = "unwind") { "unwind" } else { "abort" },
                profile: if cfg!(debug_assertions) { "debug" } else { "release" },
                events: <$cog as Cog>::EVENTS,
                filters: <$cog as Cog>::FILTERS,
                commands: <$cog as Cog>::COMMANDS,
                components: <$cog as Cog>::COMPONENTS,
                settings: <$cog as Cog>::SETTINGS.is_some(),
                handles: <$cog as Cog>::HANDLES,
            };

            #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,gearshift"))]
            #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".gearshift"))]
            #[unsafe(no_mangle)]
            #[used]
            static GEARSHIFT_MANIFEST: [u8; manifest::encoded_len(&DECLARATION)] =
                manifest::encode(&DECLARATION);

            static TABLE: glue::WithMetadata<glue::CogModule> =
                glue::WithMetadata::new(glue::module::<$cog>());

            fn root() -> glue::CogModuleRef {
                glue::CogModuleRef(TABLE.static_as_prefix())
            }

            extern "C" fn load() -> glue::RootModuleResult {
                glue::call_root_module_loader(root)
            }

            // The name is `abi_stable::library::ROOT_MODULE_LOADER_NAME`; an attribute takes only a literal.
            #[unsafe(export_name = "_1as_0lib_1header_0root_bmodule_bloader")]
            static HEADER: glue::LibHeader =
                // SAFETY: `load` returns the `CogModuleRef` that the header is typed with.
                unsafe {
                    glue::LibHeader::from_constructor::<glue::CogModuleRef>(load, glue::CheckTypeLayout::Yes)
                };

            /// Replaces the C library's function inside this library.
            ///
            /// # Safety
            /// The same as for `pthread_key_create(3)`.
            #[cfg(all(target_os = "linux", not(test)))]
            #[unsafe(no_mangle)]
            unsafe extern "C" fn pthread_key_create(key: *mut u32, drop: glue::KeyDestructor) -> i32 {
                // SAFETY: the caller keeps the contract of pthread_key_create(3).
                unsafe { glue::key_create(key, drop) }
            }

            /// Replaces the C library's function inside this library.
            ///
            /// # Safety
            /// The same as for `pthread_key_delete(3)`.
            #[cfg(all(target_os = "linux", not(test)))]
            #[unsafe(no_mangle)]
            unsafe extern "C" fn pthread_key_delete(key: u32) -> i32 {
                // SAFETY: the caller keeps the contract of pthread_key_delete(3).
                unsafe { glue::key_delete(key) }
            }

            /// Replaces the C library's function inside this library.
            ///
            /// # Safety
            /// The same as for `pthread_create(3)`.
            #[cfg(all(target_os = "linux", not(test)))]
            #[unsafe(no_mangle)]
            unsafe extern "C" fn pthread_create(
                thread: *mut glue::Pthread,
                attributes: *const glue::PthreadAttributes,
                start: glue::ThreadStart,
                argument: *mut glue::CVoid,
            ) -> i32 {
                // SAFETY: the caller keeps the contract of pthread_create(3).
                unsafe { glue::thread_create(thread, attributes, start, argument) }
            }
        };
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_exported_header_has_the_name_that_abi_stable_looks_for() {
        assert_eq!(abi_stable::library::ROOT_MODULE_LOADER_NAME, "_1as_0lib_1header_0root_bmodule_bloader");
    }
}
