//! Components of a message or form, as their author described them.

use serde_json::Value;

/// The buttons and menus inside a component, as kind and label.
pub(crate) fn controls(component: &Value) -> Vec<(&'static str, String)> {
    flatten(component)
        .into_iter()
        .filter_map(|control| {
            let named = |keys: [&str; 3]| {
                keys.into_iter().find_map(|key| text(control, key)).unwrap_or_default().to_owned()
            };
            match control.get("type").and_then(Value::as_u64)? {
                2 => Some(("button", named(["label", "custom_id", "url"]))),
                3 | 5..=8 => Some(("select", named(["placeholder", "custom_id", "type"]))),
                _ => None,
            }
        })
        .collect()
}

/// A component and everything inside it.
pub(crate) fn flatten(component: &Value) -> Vec<&Value> {
    let mut all = vec![component];
    let inner = component.get("components").and_then(Value::as_array).into_iter().flatten();
    let single = [component.get("accessory"), component.get("component")].into_iter().flatten();
    for inner in inner.chain(single) {
        all.extend(flatten(inner));
    }
    all
}

pub(crate) fn text<'a>(component: &'a Value, key: &str) -> Option<&'a str> {
    component.get(key).and_then(Value::as_str)
}
