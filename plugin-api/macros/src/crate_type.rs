//! Checks that the package that exports a cog is built as a library that a host can load. Without `[lib]`, cargo
//! silently builds a crate for other crates instead.

use std::{env, fs, path::Path};

use proc_macro2::{Span, TokenStream};
use syn::Error;

/// Generates nothing, or an error that says what to add to `Cargo.toml`.
pub(crate) fn expand() -> TokenStream {
    match missing() {
        Some(text) => Error::new(Span::call_site(), text).into_compile_error(),
        None => TokenStream::new(),
    }
}

fn missing() -> Option<&'static str> {
    let (package, built) = (env::var("CARGO_PKG_NAME").ok()?, env::var("CARGO_CRATE_NAME").ok()?);
    // Programs, and doc tests of rustdoc: <https://doc.rust-lang.org/cargo/reference/environment-variables.html>
    let is_program =
        env::var_os("CARGO_BIN_NAME").is_some() || env::var_os("UNSTABLE_RUSTDOC_TEST_PATH").is_some();
    let manifest =
        fs::read_to_string(Path::new(&env::var_os("CARGO_MANIFEST_DIR")?).join("Cargo.toml")).ok()?;
    if is_program { None } else { wrong(&package, &built, &manifest) }
}

/// A library with a name other than its package's must have a `[lib]`, and tests and examples are not libraries.
fn wrong(package: &str, built: &str, manifest: &str) -> Option<&'static str> {
    let is_plain_library = built == package.replace('-', "_");
    (is_plain_library && !manifest.contains("dylib")).then_some(
        "a host loads a `cdylib`, but this crate does not build one: add to `Cargo.toml`\n\n\
         [lib]\ncrate-type = [\"cdylib\"]\n",
    )
}

#[cfg(test)]
mod tests {
    use super::wrong;

    #[test]
    fn a_package_without_a_library_to_load_is_refused() {
        let (plain, cdylib) =
            ("[package]\nname = \"my-cog\"\n", "[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n");
        assert!(
            wrong("my-cog", "my_cog", plain).is_some_and(|text| text.contains("crate-type = [\"cdylib\"]"))
        );
        assert_eq!(wrong("my-cog", "my_cog", cdylib), None);
        assert_eq!(wrong("my-cog", "my_cog", "[lib]\ncrate-type = [\"dylib\"]\n"), None);
        assert_eq!(wrong("my-cog", "a_test_of_it", plain), None);
    }
}
