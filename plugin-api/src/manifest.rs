//! What a cog declares. The declaration is turned into JSON at compile time and put into a section of its own in the
//! library file, where the host reads it before the library is opened. Nothing here is executed at run time.

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
    /// characters in the description; what is in a constant and breaks that does not compile.
    ///
    /// ```compile_fail
    /// # use gearshift_cog::manifest::Command;
    /// const COMMANDS: &[Command] = &[Command::new("Say hello", "Says hello")];
    /// ```
    ///
    /// # Panics
    /// When name or description break Discord's rules.
    #[must_use]
    pub const fn new(name: &'static str, description: &'static str) -> Self {
        check(name, description);
        Self { name, description, options: &[], ephemeral: false }
    }

    /// The same command with options, in the order in which a user fills them in; required ones first, at most 25.
    ///
    /// ```compile_fail
    /// # use gearshift_cog::manifest::{Command, Opt};
    /// const OPTIONS: &[Opt] = &[Opt::string("a", "First"), Opt::string("b", "Second").required()];
    /// const COMMANDS: &[Command] = &[Command::new("say", "Says something").options(OPTIONS)];
    /// ```
    ///
    /// # Panics
    /// When a required option stands behind one that is not, or there are too many.
    #[must_use]
    pub const fn options(mut self, options: &'static [Opt]) -> Self {
        assert!(options.len() <= 25, "Discord allows 25 options of a command");
        let mut at = 1;
        while at < options.len() {
            let in_order = options[at - 1].required || !options[at].required;
            assert!(in_order, "a required option stands behind one that is not");
            at += 1;
        }
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

/// Discord's rules as far as they can be told while compiling: of letters other than ASCII the host says at load whether
/// Discord takes them.
/// <https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-naming>
const fn check(name: &str, description: &str) {
    let length = characters(name);
    assert!(1 <= length && length <= 32, "a name of a command or option has 1 to 32 characters");
    let (bytes, mut at) = (name.as_bytes(), 0);
    while at < bytes.len() {
        let fits = matches!(bytes[at], b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'\'' | 0x80..);
        assert!(fits, "a name of a command or option has lower-case letters, digits, `-` and `_`");
        at += 1;
    }
    let length = characters(description);
    assert!(1 <= length && length <= 100, "a description has 1 to 100 characters");
}

const fn characters(text: &str) -> usize {
    let (bytes, mut at, mut count) = (text.as_bytes(), 0, 0);
    while at < bytes.len() {
        // Further bytes of a character begin with the bits 10.
        if bytes[at] & 0xc0 != 0x80 {
            count += 1;
        }
        at += 1;
    }
    count
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
            check(name, description);
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
