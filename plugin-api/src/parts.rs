//! The values of the placeholders in a pattern: in a `custom_id`, or in the name of a planned task.

use std::str::FromStr;

use crate::{Error, Result, manifest::fits};

/// A text that matches a pattern.
///
/// ```
/// use gearshift_cog::Parts;
///
/// let parts = Parts::of("vote:{poll}:{number}", "vote:lunch:3").expect("it has the form");
/// assert_eq!(parts.get::<u8>("number")?, 3);
/// assert!(Parts::of("vote:{poll}:{number}", "vote:lunch").is_none());
/// # Ok::<(), gearshift_cog::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    pattern: &'a str,
    text: &'a str,
}

impl<'a> Parts<'a> {
    /// The parts of `text`, if it matches `pattern`; see [`Cog::COMPONENTS`](crate::Cog::COMPONENTS).
    #[must_use]
    pub fn of(pattern: &'a str, text: &'a str) -> Option<Self> {
        fits(pattern, text).then_some(Self { pattern, text })
    }

    /// The value of the placeholder `{name}`.
    ///
    /// # Errors
    /// If the value cannot be parsed as a `T`, or the pattern has no such placeholder.
    pub fn get<T: FromStr>(&self, name: &str) -> Result<T> {
        let part =
            self.part(name).ok_or_else(|| Error::new(format!("`{}` has no `{{{name}}}`", self.pattern)))?;
        part.parse().map_err(|_| Error::new(format!("`{name}` in `{}` cannot be read: `{part}`", self.text)))
    }

    fn part(&self, name: &str) -> Option<&'a str> {
        let is_it = |part: &str| part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) == Some(name);
        self.pattern.split(':').zip(self.text.split(':')).find(|(part, _)| is_it(part)).map(|(_, part)| part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_by_name() {
        let parts = Parts::of("tag:{guild}:{name}", "tag:41:hello").expect("it has the form");
        assert_eq!(parts.get::<u64>("guild").expect("a number"), 41);
        assert_eq!(parts.get::<String>("name").expect("a text"), "hello");
        let error = parts.get::<u64>("name").expect_err("no number").to_string();
        assert_eq!(error, "`name` in `tag:41:hello` cannot be read: `hello`");
        assert!(parts.get::<String>("tag").is_err());
    }
}
