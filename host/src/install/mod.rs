//! Installing packages for a bot: they are chosen, kept, put into the cogs folder, and recorded in `gearshift.lock`,
//! so that the folder matches the lock whatever is killed at whatever time.
//!
//! ```text
//! gearshift.lock                 which version of which cog is installed, byte for byte, and from where
//! .gearshift/busy                held by the command that changes something
//! .gearshift/packages/DIGEST/    what is installed, and what can be gone back to: packages, as they were found
//! .gearshift/journal-…           the one change that is under way
//! cogs/.gearshift-….so           the library that is to be in the place of another
//! ```
//!
//! A change of one cog goes through these steps; up to step 4 nothing that serves or is installed is touched:
//!
//! 1. choose: the newest version that matches the request, that the config trusts and that this host can serve;
//! 2. keep: the package is copied to `.gearshift/packages`, and its digests and signatures are verified;
//! 3. stage: its library is written beside the others, and inspected;
//! 4. write the intended change to the journal;
//! 5. place: a running host replaces the cog, and the library is renamed into place only once the new cog serves; if
//!    no host runs, the library is first tried in a process of its own;
//! 6. settle: if the file is now what the journal says, the lock is updated; otherwise nothing has happened. The next
//!    command does this as well, and so does a host when it starts.

mod change;
mod choose;
mod confirmation;
mod error;
mod files;
mod follow;
mod installation;
mod installed;
mod journal;
mod kept_packages;
mod lock;
mod plan;
mod verify;

pub use self::change::{Change, Placing, Refusal};
pub use self::choose::{SourceRules, choose_newest};
pub use self::confirmation::Confirmation;
pub use self::error::InstallError;
pub use self::follow::{Served, Serving, follow, settle};
pub use self::installation::{Installation, read};
pub use self::installed::{Content, Installed};
pub use self::journal::{Journal, LockedJournal};
pub use self::lock::Lock;
pub use self::plan::{Plan, Planned};
pub use self::verify::{Finding, by_hand, verify};
