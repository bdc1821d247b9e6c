//! What is sent to Discord as JSON.

use serde_json::Value;

/// A JSON object for Discord: a value made with `json!`, or, with the feature `serenity`, any of serenity's builders.
pub trait ToJson {
    /// Its JSON.
    fn to_json(&self) -> String;
}

impl ToJson for Value {
    fn to_json(&self) -> String {
        self.to_string()
    }
}

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
}
