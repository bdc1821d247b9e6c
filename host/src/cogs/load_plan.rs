//! Which libraries of a folder a start would load, determined without a host. As at a start, if two claim the same
//! thing, the first by file name gets it.

use std::path::Path;

use gearshift_cog::manifest::Manifest;

use super::{
    CogError,
    claim::Claims,
    ownership::{Other, may_claim},
};

/// The cogs that a start would load so far.
#[derive(Debug, Default)]
pub(crate) struct LoadPlan {
    taken: Vec<Other>,
}

impl LoadPlan {
    /// Adds the next library, in the order of their file names.
    ///
    /// # Errors
    /// Why a start refuses it together with the previous ones.
    pub(crate) fn take(&mut self, file: &Path, manifest: &Manifest) -> Result<(), CogError> {
        if let Some(other) = self.taken.iter().find(|other| other.name == manifest.name) {
            let (name, other) = (manifest.name.clone(), other.file.clone());
            return Err(CogError::NameTaken { name, file: file.to_owned(), other });
        }
        may_claim(file, manifest, &self.taken)?;
        let (name, claims) = (manifest.name.clone(), Claims::of(manifest));
        self.taken.push(Other { name, file: file.to_owned(), claims });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use gearshift_cog::manifest::CommandManifest;
    use serde_json::json;

    use super::*;
    use crate::library::SLASH;

    fn cog(name: &str, commands: impl IntoIterator<Item = String>) -> Manifest {
        let command = |name| CommandManifest {
            kind: SLASH,
            name,
            discord: Some(json!({})),
            ..CommandManifest::default()
        };
        let commands = commands.into_iter().map(command).collect();
        Manifest { name: name.to_owned(), commands, ..Manifest::default() }
    }

    #[test]
    fn what_is_refused_takes_nothing_from_those_after_it() {
        let mut plan = LoadPlan::default();
        let mut take = |file: &str, name: &str, commands: &[&str]| {
            let commands = commands.iter().map(|&command| command.to_owned());
            let taken = plan.take(Path::new(file), &cog(name, commands));
            taken.map_err(|error| error.to_string())
        };
        take("1.so", "a", &["x"]).expect("it is alone");
        let name = take("2.so", "a", &["y"]).expect_err("its name is taken");
        assert_eq!(name, "cannot load `a` from `2.so`: `1.so` has that name already");
        let command = take("3.so", "b", &["x", "y"]).expect_err("its command is taken");
        assert_eq!(command, "cannot load `b` from `3.so`: its command `/x` belongs to `a` from `1.so`");
        take("4.so", "b", &["y"]).expect("those that were refused have neither name nor command");
    }

    #[test]
    fn more_commands_than_a_bot_may_have_are_refused() {
        let mut plan = LoadPlan::default();
        let many = |name: &str, count: usize| cog(name, (0..count).map(|at| format!("{name}{at}")));
        plan.take(Path::new("a.so"), &many("a", 60)).expect("there is room");
        let error = plan.take(Path::new("b.so"), &many("b", 41)).expect_err("101 of 100");
        assert!(matches!(error, CogError::TooManyCommands { own: 41, others: 60, .. }), "{error}");
        plan.take(Path::new("c.so"), &many("c", 40)).expect("100 of 100");
    }
}
