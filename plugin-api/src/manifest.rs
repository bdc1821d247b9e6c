//! What a cog declares. The declaration is turned into JSON at compile time and put into a section of its own in the
//! library file, where the host reads it before the library is opened. This room executes nothing at run time.

mod encode;
mod read;

pub use self::encode::{Declaration, encode, encoded_len};
pub use self::read::{CommandManifest, Manifest, ManifestError, OptionManifest};

/// Name of the section that holds the manifest (ELF and Mach-O alike).
#[cfg(target_vendor = "apple")]
pub const SECTION: &str = "__DATA,gearshift";
/// Name of the section that holds the manifest.
#[cfg(not(target_vendor = "apple"))]
pub const SECTION: &str = ".gearshift";

/// The compiler this crate, and so the cog, was built with.
pub const RUSTC: &str = env!("GEARSHIFT_RUSTC");
/// The target triple this crate, and so the cog, was built for.
pub const TARGET: &str = env!("GEARSHIFT_TARGET");

/// A command: `!name` and `/name`.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) options: &'static [Opt],
    pub(crate) ephemeral: bool,
}

impl Command {
    /// A command without options. Discord allows 1-32 lower-case letters, digits, `-` and `_` in the name and 1-100
    /// characters in the description.
    #[must_use]
    pub const fn new(name: &'static str, description: &'static str) -> Self {
        Self { name, description, options: &[], ephemeral: false }
    }

    /// The same command with options, in the order in which a person fills them in; required ones first.
    #[must_use]
    pub const fn options(mut self, options: &'static [Opt]) -> Self {
        self.options = options;
        self
    }

    /// The same command, with answers that only the user who called it can see: every
    /// [`Call::reply`](crate::Call::reply) to `/name` is ephemeral, and so is "thinking …" when the host must acknowledge the
    /// call for a busy cog. Answers to `!name` are seen by everybody: Discord has no other ones there.
    #[must_use]
    pub const fn ephemeral(mut self) -> Self {
        self.ephemeral = true;
        self
    }
}

/// An option of a command. In `!name a b c`, each option takes a word and the last one the rest of the line.
#[derive(Clone, Copy, Debug)]
pub struct Opt {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) kind: u8,
    pub(crate) required: bool,
    pub(crate) autocomplete: bool,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $kind:literal;)+) => {
        $($(#[$doc])*
        #[must_use]
        pub const fn $name(name: &'static str, description: &'static str) -> Self {
            Self { name, description, kind: $kind, required: false, autocomplete: false }
        })+
    };
}

impl Opt {
    kinds! {
        /// Text.
        string = 3;
        /// A whole number.
        integer = 4;
        /// Yes or no.
        boolean = 5;
        /// A user.
        user = 6;
        /// A channel.
        channel = 7;
        /// A role.
        role = 8;
        /// A number.
        number = 10;
        /// A file.
        attachment = 11;
    }

    /// The same option, required.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The same option, completed while the person types: the cog hears `INTERACTION_CREATE` of kind 4.
    #[must_use]
    pub const fn autocomplete(mut self) -> Self {
        self.autocomplete = true;
        self
    }
}
