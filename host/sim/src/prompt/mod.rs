//! The prompt: lines that a person types become acts, entries of the transcript become lines to print.
//! It does not own the terminal: whoever feeds it does.
