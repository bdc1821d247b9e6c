//! The `gearshift` program. Everything it does is in the library, so that tests reach it.

/// In the process of a cog it also serves the tracing of a crash.
#[global_allocator]
static ALLOCATOR: gearshift_host::lane::Allocator = gearshift_host::lane::Allocator;

fn main() -> std::process::ExitCode {
    gearshift_host::cli::main()
}
