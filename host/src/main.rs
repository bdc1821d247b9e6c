//! The `gearshift` program. Everything it does is in the library, so that tests can reach it.

/// In a cog's process this allocator also serves the crash tracer.
#[global_allocator]
static ALLOCATOR: gearshift_host::lane::Allocator = gearshift_host::lane::Allocator;

fn main() -> std::process::ExitCode {
    gearshift_host::cli::main()
}
