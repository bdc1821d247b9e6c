//! The `gearshift` program. Everything it does is in the library, so that tests reach it.

fn main() -> std::process::ExitCode {
    gearshift_host::cli::main()
}
