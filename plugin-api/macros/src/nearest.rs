//! Which of the known names somebody meant.

/// Edits between a word and the one that was meant, at most: a slip or two, and no other word.
const EDITS_MAX: usize = 2;

/// The known name that `word` looks like.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let distance = |name: &str| strsim::damerau_levenshtein(&lower, &name.to_lowercase());
    let edits_max = EDITS_MAX.min(word.len() / 3 + 1);
    known.iter().copied().filter(|name| distance(name) <= edits_max).min_by_key(|name| distance(name))
}
