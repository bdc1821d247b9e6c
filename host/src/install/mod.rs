//! Packages in the service of a bot: chosen, kept, put into the cogs folder, and written down in `gearshift.lock`, so that
//! whatever is killed whenever, the lock is what the folder holds.
//!
//! ```text
//! gearshift.lock                 which version of which cog is installed, byte for byte, and from where
//! .gearshift/busy                held by the command that changes something
//! .gearshift/packages/DIGEST/    what is installed, and what can be gone back to: packages, as they were found
//! .gearshift/journal-…           the one change that is under way
//! cogs/.gearshift-….so           the library that is to be in the place of another
//! ```
//!
//! A change of one cog, in this order; up to 4 nothing that serves or is installed has been touched:
//!
//! 1. choose: the newest version that is asked for, that the config trusts and this host can serve;
//! 2. keep: the package is copied to `.gearshift/packages`, its digests and signatures checked;
//! 3. stage: its library is written beside the others, and inspected;
//! 4. write down in the journal what will be;
//! 5. place: a running host replaces the cog, and only when the new one serves the library is renamed into its place; when
//!    none runs, it is tried in a process of its own before;
//! 6. settle: if the file is now what the journal says, the lock follows; else nothing has happened. The next command does
//!    that as well, and the host when it starts.

mod ask;
mod change;
mod choose;
mod error;
mod files;
mod follow;
mod installation;
mod installed;
mod journal;
mod kept;
mod lock;
mod plan;
mod verify;

pub use self::ask::Ask;
pub use self::change::{Change, Placing, Refusal};
pub use self::choose::{Rules, choose_newest};
pub use self::error::InstallError;
pub use self::follow::{Served, Serving, follow, settle};
pub use self::installation::{Installation, read};
pub use self::installed::{Content, Installed};
pub use self::journal::{Journal, Pending};
pub use self::lock::Lock;
pub use self::plan::{Plan, Planned};
pub use self::verify::{Finding, by_hand, verify};
