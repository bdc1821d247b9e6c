//! The components of messages and forms, checked as Discord does: what may stand in what, how many, how long.

mod controls;
mod layout;

use std::collections::HashSet;
use std::ops::RangeInclusive;

use serde_json::Value;

use crate::form::Fields;

/// Kinds of component, <https://discord.com/developers/docs/components/reference>.
mod kind {
    pub(crate) const ROW: u64 = 1;
    pub(crate) const BUTTON: u64 = 2;
    pub(crate) const STRING_SELECT: u64 = 3;
    pub(crate) const TEXT_INPUT: u64 = 4;
    pub(crate) const USER_SELECT: u64 = 5;
    pub(crate) const ROLE_SELECT: u64 = 6;
    pub(crate) const MENTIONABLE_SELECT: u64 = 7;
    pub(crate) const CHANNEL_SELECT: u64 = 8;
    pub(crate) const SECTION: u64 = 9;
    pub(crate) const TEXT: u64 = 10;
    pub(crate) const THUMBNAIL: u64 = 11;
    pub(crate) const GALLERY: u64 = 12;
    pub(crate) const FILE: u64 = 13;
    pub(crate) const SEPARATOR: u64 = 14;
    pub(crate) const CONTAINER: u64 = 17;
    pub(crate) const LABEL: u64 = 18;
    pub(crate) const FILE_UPLOAD: u64 = 19;
    pub(crate) const RADIO_GROUP: u64 = 21;
    pub(crate) const CHECKBOX_GROUP: u64 = 22;
    pub(crate) const CHECKBOX: u64 = 23;
}

const IN_MESSAGE: &[u64] = &[kind::ROW];
const IN_LAYOUT: &[u64] =
    &[kind::ROW, kind::SECTION, kind::TEXT, kind::GALLERY, kind::FILE, kind::SEPARATOR, kind::CONTAINER];
const IN_FORM: &[u64] = &[kind::ROW, kind::TEXT, kind::LABEL];

/// Rows of a message, and top-level components of a form.
const MAX_ROWS: usize = 5;
/// Components of a message that is laid out by components alone, nested ones counted.
const MAX_COMPONENTS: usize = 40;
/// Characters of all its texts.
const MAX_TEXT_CHARS: usize = 4000;
/// Ids are signed 32-bit numbers; 0 leaves the choice to Discord.
const ID: RangeInclusive<u64> = 0..=i32::MAX as u64;

/// What the components are in.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Surface {
    /// A message with content, whose components are rows of controls.
    Message,
    /// A message with IS_COMPONENTS_V2: components are all it has.
    Layout,
    /// A form that an interaction opens.
    Form,
}

/// Reads `components` of a body; mistakes stay in `body`.
pub(crate) fn components(body: &mut Fields, surface: Surface) -> Vec<Value> {
    let (allowed, count) = match surface {
        Surface::Message => (IN_MESSAGE, 0..=MAX_ROWS),
        Surface::Layout => (IN_LAYOUT, 0..=MAX_COMPONENTS),
        Surface::Form => (IN_FORM, 1..=MAX_ROWS),
    };
    let mut checker = Checker { surface, ..Checker::default() };
    let all = checker.children(body, "components", count, allowed);
    if surface == Surface::Layout && checker.count > MAX_COMPONENTS {
        let message = format!("Total number of components exceeds the maximum of {MAX_COMPONENTS}.");
        body.fail("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", &message);
    }
    if checker.text_chars > MAX_TEXT_CHARS {
        let message = format!("Total length of displayable text exceeds the maximum of {MAX_TEXT_CHARS}.");
        body.fail("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", &message);
    }
    all
}

/// What was met on the way through a tree of components.
struct Checker {
    surface: Surface,
    custom_ids: HashSet<String>,
    ids: HashSet<u64>,
    count: usize,
    text_chars: usize,
}

impl Default for Checker {
    fn default() -> Self {
        let (custom_ids, ids) = (HashSet::new(), HashSet::new());
        Self { surface: Surface::Message, custom_ids, ids, count: 0, text_chars: 0 }
    }
}

impl Checker {
    /// Reads a list of components inside `of`.
    fn children(
        &mut self,
        of: &mut Fields,
        key: &str,
        count: RangeInclusive<usize>,
        allowed: &[u64],
    ) -> Vec<Value> {
        if *count.start() > 0 {
            of.require(key);
        }
        let list = of.objects(key, count).unwrap_or_default();
        let read = list.into_iter().map(|inner| {
            let inner = self.component(inner, allowed);
            of.absorb(inner)
        });
        read.collect()
    }

    /// Reads the one component at `key`, which must be there.
    fn child(&mut self, of: &mut Fields, key: &str, allowed: &[u64]) {
        if of.require(key)
            && let Some(inner) = of.object(key)
        {
            let inner = self.component(inner, allowed);
            let inner = of.absorb(inner);
            of.keep(key, inner);
        }
    }

    fn component(&mut self, mut one: Fields, allowed: &[u64]) -> Fields {
        self.count += 1;
        let kind = one.number("type");
        let Some(kind) = kind.filter(|kind| allowed.contains(kind)) else {
            let listed = allowed.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
            let message = format!("Value of field \"type\" must be one of ({listed},).");
            one.fail("type", "UNION_TYPE_CHOICES", &message);
            one.ignore_all();
            return one;
        };
        one.keep("type", kind);
        if let Some(id) = one.number_within("id", ID).filter(|id| *id != 0) {
            if !self.ids.insert(id) {
                one.fail("id", "COMPONENT_ID_DUPLICATED", "Component id cannot be duplicated");
            }
            one.keep("id", id);
        }
        match kind {
            kind::ROW => self.row(&mut one),
            kind::BUTTON => self.button(&mut one),
            kind::STRING_SELECT
            | kind::USER_SELECT
            | kind::ROLE_SELECT
            | kind::MENTIONABLE_SELECT
            | kind::CHANNEL_SELECT => self.select(&mut one, kind),
            kind::TEXT_INPUT => self.text_input(&mut one, allowed.len() > 1),
            kind::SECTION => self.section(&mut one),
            kind::TEXT => self.text(&mut one),
            kind::THUMBNAIL => layout::media(&mut one, "media"),
            kind::GALLERY => layout::gallery(&mut one),
            kind::FILE => layout::file(&mut one),
            kind::SEPARATOR => layout::separator(&mut one),
            kind::CONTAINER => self.container(&mut one),
            kind::LABEL => self.label(&mut one),
            kind::FILE_UPLOAD => self.file_upload(&mut one),
            kind::RADIO_GROUP | kind::CHECKBOX_GROUP => self.group(&mut one, kind),
            kind::CHECKBOX => self.checkbox(&mut one),
            _ => {}
        }
        one
    }

    /// Reads a custom id, which no other component of the message may have.
    fn custom_id(&mut self, of: &mut Fields) {
        of.keep_required_text("custom_id", 1..=100);
        if let Some(id) = of.kept_text("custom_id").map(str::to_owned)
            && !self.custom_ids.insert(id)
        {
            let message = "Component custom id cannot be duplicated";
            of.fail("custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", message);
        }
    }
}

/// Reads a flag and keeps it if it is there.
fn keep_flag(of: &mut Fields, key: &str) {
    if let Some(flag) = of.flag(key) {
        of.keep(key, flag);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    pub(crate) fn read(surface: Surface, list: Value) -> Result<Vec<Value>, Value> {
        let body = json!({ "components": list }).as_object().unwrap().clone();
        let mut body = Fields::of(body, "");
        let read = components(&mut body, surface);
        body.checked().map(|()| read).map_err(|error| error.errors.unwrap()["components"].clone())
    }

    #[track_caller]
    pub(crate) fn refused(surface: Surface, list: Value, path: &str, code: &str) {
        let shown = list.to_string();
        let errors = read(surface, list).expect_err(&shown);
        let at = errors.pointer(path).and_then(|at| at["_errors"].as_array());
        let found = at.is_some_and(|list| list.iter().any(|error| error["code"] == code));
        assert!(found, "{shown}: {errors}");
    }

    fn button(id: &str) -> Value {
        json!({ "type": 2, "style": 1, "label": "x", "custom_id": id })
    }

    #[test]
    fn what_stands_where_depends_on_the_surface() {
        let text = json!([{ "type": 10, "content": "x" }]);
        assert_eq!(read(Surface::Layout, text.clone()).unwrap(), *text.as_array().unwrap());
        refused(Surface::Message, text, "/0/type", "UNION_TYPE_CHOICES");
        refused(Surface::Message, json!([button("a")]), "/0/type", "UNION_TYPE_CHOICES");
        refused(Surface::Layout, json!([{ "type": 18, "label": "x" }]), "/0/type", "UNION_TYPE_CHOICES");
        refused(Surface::Form, json!([{ "type": 17, "components": [] }]), "/0/type", "UNION_TYPE_CHOICES");
        refused(Surface::Message, json!([{}]), "/0/type", "UNION_TYPE_CHOICES");
        refused(Surface::Message, json!(["x"]), "/0", "DICT_TYPE_CONVERT");
    }

    #[test]
    fn ids_and_custom_ids_are_there_once() {
        let row = |inner: Value| json!([{ "type": 1, "components": inner }]);
        let twice = row(json!([button("a"), button("a")]));
        refused(Surface::Message, twice, "/0/components/1/custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED");
        let mut same = row(json!([button("a"), button("b")]));
        same[0]["id"] = json!(7);
        same[0]["components"][1]["id"] = json!(7);
        refused(Surface::Message, same, "/0/components/1/id", "COMPONENT_ID_DUPLICATED");
    }

    #[test]
    fn totals_are_bounded() {
        let row = json!({ "type": 1, "components": [button("a")] });
        refused(Surface::Message, json!(vec![row; 6]), "", "BASE_TYPE_BAD_LENGTH");
        let line = json!({ "type": 14 });
        assert!(read(Surface::Layout, json!(vec![line.clone(); 40])).is_ok());
        let nested = json!([{ "type": 17, "components": vec![line; 40] }]);
        refused(Surface::Layout, nested, "", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED");
        let text = |count: usize| json!({ "type": 10, "content": "x".repeat(count) });
        assert!(read(Surface::Layout, json!([text(2000), text(2000)])).is_ok());
        let code = "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED";
        refused(Surface::Layout, json!([text(2000), text(2001)]), "", code);
        refused(Surface::Form, json!([]), "", "BASE_TYPE_BAD_LENGTH");
    }
}
