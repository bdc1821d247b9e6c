//! Which numbers command options can hold: those that a double, and so a client in JavaScript, can hold exactly.
//! <https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-type>

use serde_json::Number;

/// The largest integer of an INTEGER option, which is not 64-bit; of either sign.
pub(crate) const MAX_INTEGER: i64 = (1 << 53) - 1;
/// The largest number of a NUMBER option, of either sign.
const MAX_NUMBER: f64 = 9_007_199_254_740_992.0;

/// Whether an INTEGER option can have this value; `5.0` is an integer, too.
pub(crate) fn is_integer(number: &Number) -> bool {
    match number.as_i64() {
        Some(whole) => (-MAX_INTEGER..=MAX_INTEGER).contains(&whole),
        None => number.as_f64().is_some_and(|one| one.fract() == 0.0 && one.abs() <= MAX_INTEGER as f64),
    }
}

/// Whether a NUMBER option can have this value.
pub(crate) fn is_number(number: f64) -> bool {
    number.abs() <= MAX_NUMBER
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whole_numbers_end_below_two_to_the_53rd_and_others_at_it() {
        let is_integer = |value: serde_json::Value| is_integer(value.as_number().unwrap());
        for (value, fits) in [
            (json!(9_007_199_254_740_991_i64), true),
            (json!(-9_007_199_254_740_991_i64), true),
            (json!(9_007_199_254_740_992_i64), false),
            (json!(u64::MAX), false),
            (json!(i64::MIN), false),
            (json!(5.0), true),
            (json!(5.5), false),
            (json!(9_007_199_254_740_992.0), false),
        ] {
            assert_eq!(is_integer(value.clone()), fits, "{value}");
        }
        assert!(is_number(-9_007_199_254_740_992.0) && !is_number(9_007_199_254_740_994.0));
        assert!(!is_number(f64::INFINITY) && !is_number(f64::NAN));
    }
}
