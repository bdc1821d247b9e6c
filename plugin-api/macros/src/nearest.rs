//! Finds the known name that a misspelled word was meant to be.

/// Maximum number of edits between a word and the name that was meant: a slip or two, but not another word.
const EDITS_MAX: usize = 2;

/// The known name that is most similar to `word`.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let distance = |name: &str| strsim::damerau_levenshtein(&lower, &name.to_lowercase());
    let edits_max = EDITS_MAX.min(word.len() / 3 + 1);
    known.iter().copied().filter(|name| distance(name) <= edits_max).min_by_key(|name| distance(name))
}
