//! Links an object file of a test into the cog.

fn main() {
    println!("cargo::rerun-if-env-changed=GEARSHIFT_TEST_OBJECT");
    if let Ok(object) = std::env::var("GEARSHIFT_TEST_OBJECT") {
        println!("cargo::rustc-cdylib-link-arg={object}");
    }
}
