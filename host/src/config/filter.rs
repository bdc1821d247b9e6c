//! `[log] filter`: levels, and levels by target. A level or target that no event can have is rejected: a typo in the
//! filter would otherwise lead to an empty log without any explanation.

use tracing_subscriber::filter::{LevelFilter, Targets};

use super::keys::hint;

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
/// The target of every event from a cog.
const OF_COGS: &str = "cog";
/// Prefixes of the targets of this program's own events.
const OWN: [&str; 3] = [OF_COGS, "gearshift_host", "gearshift_sim"];
/// From this similarity on, a name is taken for a misspelling of another one.
const SIMILARITY_MIN: f64 = 0.7;

/// What a filter such as `info,cog=debug` admits. A target of this program without a level means all of its events.
///
/// # Errors
/// Something is neither a level nor a target.
pub fn log_targets(filter: &str) -> Result<Targets, String> {
    let mut targets = Targets::new();
    for part in filter.split(',').map(str::trim) {
        targets = match part.split_once('=') {
            Some((target, level)) => targets.with_target(target_of(target.trim())?, level_of(level.trim())?),
            None if OWN.contains(&root_of(part)) => targets.with_target(target_of(part)?, LevelFilter::TRACE),
            None => targets.with_default(level_of(part)?),
        };
    }
    Ok(targets)
}

fn level_of(text: &str) -> Result<LevelFilter, String> {
    match text.parse() {
        // The parser takes an empty text for `error`.
        Ok(level) if !text.is_empty() => Ok(level),
        _ => Err(format!("`{text}` is not a level; {}", hint(text, LEVELS.into_iter()))),
    }
}

/// It is not known which other crates there are.
fn target_of(text: &str) -> Result<&str, String> {
    let is_path = |text: &str| text.chars().all(|it| it.is_alphanumeric() || matches!(it, '_' | '-' | ':'));
    if text.is_empty() || !is_path(text) {
        return Err(format!(
            "`{text}` is not a target; a target is the path of a module, such as `gearshift_host::gateway`"
        ));
    }
    let root = root_of(text);
    if root == OF_COGS && text != OF_COGS {
        return Err(format!("nothing has the target `{text}`; the target of every cog is `{OF_COGS}`"));
    }
    let is_like = |own: &&str| {
        let is_begin = own.strip_prefix(root).is_some_and(|rest| rest.starts_with('_'));
        is_begin || strsim::normalized_damerau_levenshtein(own, root) > SIMILARITY_MIN
    };
    match OWN.into_iter().find(is_like) {
        Some(own) if !OWN.contains(&root) => {
            Err(format!("nothing has the target `{text}`; did you mean `{own}`?"))
        }
        _ => Ok(text),
    }
}

fn root_of(target: &str) -> &str {
    target.split("::").next().unwrap_or(target)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn levels_and_levels_by_target_are_understood_however_they_are_written() {
        for (filter, host, cog, other) in [
            ("info", Some(Level::INFO), Some(Level::INFO), Some(Level::INFO)),
            ("WARN", Some(Level::WARN), Some(Level::WARN), Some(Level::WARN)),
            ("off", None, None, None),
            (" info , cog = debug", Some(Level::INFO), Some(Level::DEBUG), Some(Level::INFO)),
            ("hyper=trace,cog=off,error", Some(Level::ERROR), None, Some(Level::TRACE)),
            ("gearshift_host::gateway=debug", Some(Level::DEBUG), None, None),
            ("cog", None, Some(Level::TRACE), None),
        ] {
            let targets = log_targets(filter).unwrap();
            let most = |target: &str| {
                let levels = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];
                levels.into_iter().rfind(|level| targets.would_enable(target, level))
            };
            let found = ["gearshift_host::gateway", "cog", "hyper::client"].map(most);
            assert_eq!(found, [host, cog, other], "{filter}");
        }
    }

    #[test]
    fn what_would_leave_the_log_empty_is_refused_with_what_was_meant() {
        for (filter, said) in [
            ("loud", "`loud` is not a level; known here: `off`, `error`, `warn`, `info`, `debug`, `trace`"),
            ("warning", "`warning` is not a level; did you mean `warn`?"),
            ("", "`` is not a level; known here: "),
            ("info,", "`` is not a level"),
            ("cog=", "`` is not a level"),
            ("cog=lots", "`lots` is not a level"),
            ("cog=debug=info", "`debug=info` is not a level"),
            ("hyper", "`hyper` is not a level"),
            ("cogs=debug", "nothing has the target `cogs`; did you mean `cog`?"),
            ("gearshift_hots::gateway=debug", "did you mean `gearshift_host`?"),
            ("gearshift=debug", "nothing has the target `gearshift`; did you mean `gearshift_host`?"),
            (
                "info,cog::music=debug",
                "nothing has the target `cog::music`; the target of every cog is `cog`",
            ),
            ("=debug", "`` is not a target"),
            ("my bot=debug", "`my bot` is not a target"),
            ("cog[{user}]=debug", "`cog[{user}]` is not a target"),
        ] {
            let error = log_targets(filter).unwrap_err();
            assert!(error.starts_with(said) || error.ends_with(said), "{filter}: {error}");
        }
    }
}
