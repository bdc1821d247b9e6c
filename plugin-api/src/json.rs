//! Values that are sent to Discord as JSON.

use serde_json::Value;

/// JSON for Discord: a value made with `json!`, a text, a number or a `bool`, or, with the feature `serenity`, any of
/// serenity's builders.
pub trait ToJson {
    /// Writes it as JSON.
    fn to_json(&self) -> String;
}

impl ToJson for Value {
    fn to_json(&self) -> String {
        self.to_string()
    }
}

impl ToJson for str {
    fn to_json(&self) -> String {
        Value::from(self).to_string()
    }
}

impl ToJson for String {
    fn to_json(&self) -> String {
        self.as_str().to_json()
    }
}

macro_rules! plain {
    ($($type:ty)+) => {
        $(impl ToJson for $type {
            fn to_json(&self) -> String {
                self.to_string()
            }
        })+
    };
}

plain! { bool i64 u64 }

impl<T: ToJson + ?Sized> ToJson for &T {
    fn to_json(&self) -> String {
        (**self).to_json()
    }
}

impl<T: ToJson> ToJson for [T] {
    fn to_json(&self) -> String {
        let items: Vec<String> = self.iter().map(ToJson::to_json).collect();
        format!("[{}]", items.join(","))
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn to_json(&self) -> String {
        self[..].to_json()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_is_written_item_by_item() {
        assert_eq!(vec![json!({"a": 1}), json!(2)].to_json(), r#"[{"a":1},2]"#);
        assert_eq!(Vec::<Value>::new().to_json(), "[]");
    }

    #[test]
    fn plain_values_are_json() {
        assert_eq!(["a\"b", ""].to_json(), r#"["a\"b",""]"#);
        assert_eq!((true.to_json(), 7_u64.to_json()), ("true".to_owned(), "7".to_owned()));
    }
}
