//! The `allowed_mentions` of a message: read and validated.

use crate::form::Fields;
use crate::world::mentions::AllowedMentions;

/// The most users and roles that can be listed.
const MAX_LISTED: usize = 100;
const KINDS: [&str; 3] = ["users", "roles", "everyone"];

/// Reads the field of a body; mistakes are collected in `body`.
pub(crate) fn allowed_mentions(body: &mut Fields) -> Option<AllowedMentions> {
    let mut allowed = body.object("allowed_mentions")?;
    let parse = allowed.words("parse", &KINDS);
    let [users, roles] = ["users", "roles"].map(|key| {
        let listed = allowed.snowflakes(key, 0..=MAX_LISTED);
        let parsed = parse.iter().flatten().any(|kind| kind == key);
        if parsed && listed.as_ref().is_some_and(|ids| !ids.is_empty()) {
            let message = format!("parse:[\"{key}\"] and {key}: [ids...] are mutually exclusive.");
            allowed.fail_here("MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", &message);
        }
        listed
    });
    let replied_user = allowed.flag("replied_user");
    body.absorb(allowed);
    Some(AllowedMentions { parse, users, roles, replied_user })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_mistake_has_its_place_and_code() {
        for (allowed, path, code) in [
            (json!({ "parse": ["users", "cats"] }), "/parse/1", "BASE_TYPE_CHOICES"),
            (json!({ "parse": ["users"], "users": ["1"] }), "", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"),
            (json!({ "users": vec!["1"; 101] }), "/users", "BASE_TYPE_BAD_LENGTH"),
            (json!({ "roles": ["admin"] }), "/roles/0", "NUMBER_TYPE_COERCE"),
            (json!({ "replied_user": "yes" }), "/replied_user", "BOOLEAN_TYPE_CONVERT"),
        ] {
            let body = json!({ "allowed_mentions": allowed }).as_object().unwrap().clone();
            let mut body = Fields::of(body, "");
            allowed_mentions(&mut body);
            let errors = body.checked().unwrap_err().errors.unwrap();
            let found = errors["allowed_mentions"].pointer(path).map(|at| &at["_errors"][0]["code"]);
            assert_eq!(found, Some(&json!(code)), "{allowed}: {errors}");
        }
    }

    #[test]
    fn bodies_of_real_clients_pass() {
        for allowed in [
            json!({ "parse": [], "replied_user": false }),
            json!({ "parse": ["everyone"], "users": [1], "roles": ["2"] }),
            json!({ "parse": ["users"], "users": [] }),
        ] {
            let body = json!({ "allowed_mentions": allowed }).as_object().unwrap().clone();
            let mut body = Fields::of(body, "");
            assert!(allowed_mentions(&mut body).is_some());
            body.checked().unwrap();
        }
    }
}
