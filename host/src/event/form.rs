//! What a user filled in in a modal: fields in rows and labels, each with its values. It knows no other interaction.

use abi_stable::std_types::RVec;
use gearshift_cog::abi::CommandOption;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::decode::Text;
use super::plain;

/// Discord's option types that the fields of a modal can have.
const STRING: u8 = 3;
const BOOLEAN: u8 = 5;
const USER: u8 = 6;
const CHANNEL: u8 = 7;
const ROLE: u8 = 8;
const MENTIONABLE: u8 = 9;
const ATTACHMENT: u8 = 11;

/// A row of a modal, a label, or a field in one of them: <https://discord.com/developers/docs/components/reference>
#[derive(Deserialize)]
pub(super) struct RawField<'a> {
    #[serde(rename = "type", default)]
    kind: u8,
    #[serde(borrow, default)]
    custom_id: Option<Text<'a>>,
    #[serde(borrow, default)]
    value: Option<&'a RawValue>,
    #[serde(borrow, default)]
    values: Vec<Text<'a>>,
    #[serde(borrow, default)]
    components: Vec<RawField<'a>>,
    #[serde(borrow, default)]
    component: Option<Box<RawField<'a>>>,
}

impl RawField<'_> {
    /// Each field of a modal by its `custom_id`, once for each of its values: a select menu may have several, or none.
    pub(super) fn read(&self, into: &mut RVec<CommandOption>) {
        if let Some(name) = &self.custom_id {
            let kind = field_kind(self.kind);
            // A radio group in which nothing was chosen has `null` as its value, which is read as no value.
            let values =
                self.value.map(plain).into_iter().chain(self.values.iter().map(|value| (&*value.0).into()));
            into.extend(values.map(|value| CommandOption {
                name: (&*name.0).into(),
                kind,
                value,
                focused: false,
            }));
        }
        self.components.iter().chain(self.component.as_deref()).for_each(|inner| inner.read(into));
    }
}

/// The option type of a component's values: text, or ids of something.
fn field_kind(component: u8) -> u8 {
    match component {
        5 => USER,
        6 => ROLE,
        7 => MENTIONABLE,
        8 => CHANNEL,
        19 => ATTACHMENT,
        23 => BOOLEAN,
        _ => STRING,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_field_of_a_form_is_an_option_by_its_custom_id_with_each_of_its_values() {
        let menu = |kind: u8, id: &str, values: &str| {
            format!(
                r#"{{"type":18,"id":1,"component":{{"type":{kind},"id":2,"custom_id":"{id}","values":{values}}}}}"#
            )
        };
        let parts = [
            r#"{"type":1,"components":[{"type":4,"custom_id":"why","value":"say \"so\""}]}"#.to_owned(),
            r#"{"type":18,"component":{"type":4,"custom_id":"more","value":""}}"#.to_owned(),
            r#"{"type":10,"id":9}"#.to_owned(),
            menu(3, "fruit", r#"["apple","pe\"ar"]"#),
            menu(3, "nothing", "[]"),
            menu(5, "who", r#"["7"]"#),
            menu(6, "role", r#"["8"]"#),
            menu(7, "either", r#"["7","8"]"#),
            menu(8, "where", r#"["9"]"#),
            menu(19, "file", r#"["10"]"#),
            menu(22, "some", r#"["a","b"]"#),
            r#"{"type":18,"component":{"type":21,"custom_id":"one","value":"x"}}"#.to_owned(),
            r#"{"type":18,"component":{"type":21,"custom_id":"none","value":null}}"#.to_owned(),
            r#"{"type":18,"component":{"type":23,"custom_id":"sure","value":true}}"#.to_owned(),
        ];
        let json = format!(
            r#"{{"id":"1","application_id":"2","type":5,"token":"t","user":{{"id":"4","username":"bo"}},
            "data":{{"custom_id":"form","components":[{}]}}}}"#,
            parts.join(",")
        );
        let interaction = super::super::interaction(&json).expect("an interaction");
        let options: Vec<(&str, u8, &str)> = interaction
            .options
            .iter()
            .map(|option| (option.name.as_str(), option.kind, option.value.as_str()))
            .collect();
        let wanted = [
            ("why", 3, "say \"so\""),
            ("more", 3, ""),
            ("fruit", 3, "apple"),
            ("fruit", 3, "pe\"ar"),
            ("who", 6, "7"),
            ("role", 8, "8"),
            ("either", 9, "7"),
            ("either", 9, "8"),
            ("where", 7, "9"),
            ("file", 11, "10"),
            ("some", 3, "a"),
            ("some", 3, "b"),
            ("one", 3, "x"),
            ("sure", 5, "true"),
        ];
        assert_eq!((interaction.custom_id.as_str(), options), ("form", wanted.to_vec()));
    }
}
