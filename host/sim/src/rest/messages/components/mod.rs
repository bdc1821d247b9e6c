//! The components of messages and forms, validated as by Discord: nesting, counts, lengths.

mod controls;
mod layout;

use std::collections::HashSet;
use std::ops::RangeInclusive;

use crate::form::Fields;
use crate::ids::Snowflake;
use crate::world::Component;
use crate::world::ComponentKind::{self as Kind, *};

const IN_MESSAGE: &[Kind] = &[ActionRow];
const IN_LAYOUT: &[Kind] = &[ActionRow, Section, TextDisplay, MediaGallery, File, Separator, Container];
const IN_CONTAINER: &[Kind] = &[ActionRow, Section, TextDisplay, MediaGallery, File, Separator];
const IN_FORM: &[Kind] = &[ActionRow, TextDisplay, Label];
/// In a row of a message.
const IN_ROW: &[Kind] = &[Button, StringSelect, UserSelect, RoleSelect, MentionableSelect, ChannelSelect];
const IN_LABEL: &[Kind] = &[
    StringSelect,
    UserSelect,
    RoleSelect,
    MentionableSelect,
    ChannelSelect,
    TextInput,
    FileUpload,
    RadioGroup,
    CheckboxGroup,
    Checkbox,
];

/// The most rows in a message, and the most top-level components in a form.
const MAX_ROWS: usize = 5;
/// The most components in a message with IS_COMPONENTS_V2, including nested ones.
const MAX_COMPONENTS: usize = 40;
/// The most characters in all its texts together.
const MAX_TEXT_CHARS: usize = 4000;
/// Ids are signed 32-bit integers; for 0, Discord chooses one.
const ID: RangeInclusive<u64> = 0..=i32::MAX as u64;

/// Where the components are.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Surface {
    /// A message with content, whose components are rows of controls.
    Message,
    /// A message with IS_COMPONENTS_V2, which has only components.
    Layout,
    /// A form that an interaction opens.
    Form,
}

/// Reads the `components` of a body; mistakes are collected in `body`. `knows` tells whether the author may use a
/// custom emoji.
pub(crate) fn components(
    body: &mut Fields,
    surface: Surface,
    knows: &dyn Fn(Snowflake) -> bool,
) -> Vec<Component> {
    let (allowed, count) = match surface {
        Surface::Message => (IN_MESSAGE, 0..=MAX_ROWS),
        Surface::Layout => (IN_LAYOUT, 0..=MAX_COMPONENTS),
        Surface::Form => (IN_FORM, 1..=MAX_ROWS),
    };
    let mut checker =
        Checker { surface, knows, custom_ids: HashSet::new(), ids: HashSet::new(), count: 0, text_chars: 0 };
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

/// The state while walking a tree of components.
struct Checker<'a> {
    surface: Surface,
    knows: &'a dyn Fn(Snowflake) -> bool,
    custom_ids: HashSet<String>,
    ids: HashSet<u64>,
    count: usize,
    text_chars: usize,
}

impl Checker<'_> {
    /// Reads the list of components inside `of`.
    fn children(
        &mut self,
        of: &mut Fields,
        key: &str,
        count: RangeInclusive<usize>,
        allowed: &[Kind],
    ) -> Vec<Component> {
        if *count.start() > 0 {
            of.require(key);
        }
        let read = of.read_objects(key, count, |inner| self.component(inner, allowed));
        read.into_iter().flatten().flatten().collect()
    }

    /// Reads the required component at `key`.
    fn child(&mut self, of: &mut Fields, key: &str, allowed: &[Kind]) -> Option<Box<Component>> {
        if !of.require(key) {
            return None;
        }
        of.read_object(key, |inner| self.component(inner, allowed)).flatten().map(Box::new)
    }

    fn component(&mut self, of: &mut Fields, allowed: &[Kind]) -> Option<Component> {
        self.count += 1;
        let kind = of.number("type").and_then(Kind::numbered).filter(|kind| allowed.contains(kind));
        let Some(kind) = kind else {
            let listed = allowed.iter().map(|kind| (*kind as u8).to_string()).collect::<Vec<_>>().join(", ");
            let message = format!("Value of field \"type\" must be one of ({listed},).");
            of.fail("type", "UNION_TYPE_CHOICES", &message);
            of.ignore_all();
            return None;
        };
        let id = of.number_within("id", ID).filter(|id| *id != 0);
        if id.is_some_and(|id| !self.ids.insert(id)) {
            of.fail("id", "COMPONENT_ID_DUPLICATED", "Component id cannot be duplicated");
        }
        let mut one = Component { kind, id, ..Component::default() };
        match kind {
            ActionRow => self.row(of, &mut one),
            Button => self.button(of, &mut one),
            StringSelect | UserSelect | RoleSelect | MentionableSelect | ChannelSelect => {
                self.select(of, &mut one)
            }
            TextInput => self.text_input(of, &mut one, allowed.len() > 1),
            Section => self.section(of, &mut one),
            TextDisplay => self.text(of, &mut one),
            Thumbnail => layout::thumbnail(of, &mut one),
            MediaGallery => layout::gallery(of, &mut one),
            File => layout::file(of, &mut one),
            Separator => layout::separator(of, &mut one),
            Container => self.container(of, &mut one),
            Label => self.label(of, &mut one),
            FileUpload | RadioGroup | CheckboxGroup | Checkbox => {
                self.field(of, &mut one);
            }
        }
        Some(one)
    }

    /// Reads a custom id, which must be unique in the message.
    fn custom_id(&mut self, of: &mut Fields) -> Option<String> {
        let id = of.required_text("custom_id", 1..=100);
        if !id.is_empty() && !self.custom_ids.insert(id.clone()) {
            let message = "Component custom id cannot be duplicated";
            of.fail("custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", message);
        }
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The serialised components, or the mistakes.
    pub(crate) fn read(surface: Surface, list: Value) -> Result<Value, Value> {
        let body = json!({ "components": list }).as_object().unwrap().clone();
        let mut body = Fields::of(body, "");
        let read = components(&mut body, surface, &|id| id == Snowflake(7));
        assert_eq!(
            serde_json::from_value::<Vec<Component>>(json!(read)).unwrap(),
            read,
            "kept and read again"
        );
        body.checked().map(|()| json!(read)).map_err(|error| error.errors.unwrap()["components"].clone())
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
    fn allowed_components_depend_on_the_surface() {
        let text = json!([{ "type": 10, "content": "x" }]);
        assert_eq!(read(Surface::Layout, text.clone()).unwrap(), text);
        refused(Surface::Message, text, "/0/type", "UNION_TYPE_CHOICES");
        refused(Surface::Message, json!([button("a")]), "/0/type", "UNION_TYPE_CHOICES");
        refused(Surface::Layout, json!([{ "type": 18, "label": "x" }]), "/0/type", "UNION_TYPE_CHOICES");
        refused(Surface::Form, json!([{ "type": 17, "components": [] }]), "/0/type", "UNION_TYPE_CHOICES");
        refused(Surface::Message, json!([{}]), "/0/type", "UNION_TYPE_CHOICES");
        refused(Surface::Message, json!(["x"]), "/0", "DICT_TYPE_CONVERT");
    }

    #[test]
    fn ids_and_custom_ids_are_unique() {
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
