//! Integers and booleans, as clients write them.

use serde_json::Value;

/// The integer that a value stands for: an integer, a text, or a float without a fraction. discord.py sends the last,
/// for example as the hours of a poll.
pub(super) fn whole(value: &Value) -> Option<i128> {
    let written = match value {
        Value::String(text) => return text.parse().ok(),
        Value::Number(number) => number,
        _ => return None,
    };
    let float = || written.as_f64().filter(|number| number.fract() == 0.0).map(|number| number as i128);
    written.to_string().parse().ok().or_else(float)
}

/// A boolean, also as text or number: discord.py and its forks send `"true"` with a prune.
pub(super) fn parse_bool(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => match text.as_str() {
            "true" | "True" | "1" => Some(true),
            "false" | "False" | "0" => Some(false),
            _ => None,
        },
        Value::Number(number) => match number.as_u64()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_is_whole_however_it_is_written() {
        for (value, number) in [(json!(5), 5), (json!(-5), -5), (json!("5"), 5), (json!(5.0), 5)] {
            assert_eq!(whole(&value), Some(number), "{value}");
        }
        assert_eq!(whole(&json!(u64::MAX)), Some(i128::from(u64::MAX)));
        for value in [json!(5.5), json!("5.0"), json!("five"), json!(true), json!([5]), json!("")] {
            assert_eq!(whole(&value), None, "{value}");
        }
    }

    #[test]
    fn true_is_true_however_it_is_written() {
        for value in [json!(true), json!("true"), json!("True"), json!("1"), json!(1)] {
            assert_eq!(parse_bool(&value), Some(true), "{value}");
        }
        for value in [json!(false), json!("false"), json!("False"), json!("0"), json!(0)] {
            assert_eq!(parse_bool(&value), Some(false), "{value}");
        }
        for value in [json!("yes"), json!(""), json!(2), json!(-1), json!(1.5), json!([]), json!(null)] {
            assert_eq!(parse_bool(&value), None, "{value}");
        }
    }
}
