//! Forms: the fields they ask for, as Discord's JSON, and the values that were filled in, as Rust types.
//! <https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object-modal>

mod field;

use std::future::Future;

use serde_json::{Value, json};

pub use self::field::Field;
use crate::{Argument, ArgumentError, Context, Error, Given, Result};

/// A form, declared as a struct. `#[derive(Modal)]` generates this:
///
/// ```
/// use gearshift_cog::{Field, Form, Modal, Result};
///
/// struct Report {
///     what: String,
///     proof: Option<String>,
/// }
///
/// impl Modal for Report {
///     const TITLE: &'static str = "Report";
///     const FIELDS: &'static [Field] =
///         &[Field::paragraph("what", "What happened?"), Field::short("proof", "A link").optional()];
///
///     async fn read(form: &Form) -> Result<Self> {
///         Ok(Self { what: form.one("what").await?, proof: form.one("proof").await? })
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a form",
    note = "derive it for a struct with named fields: `#[derive(Modal)] struct Report {{ … }}`"
)]
pub trait Modal: Sized {
    /// The title, 1 to 45 characters.
    const TITLE: &'static str;
    /// The fields of the form, 1 to 5 of them.
    const FIELDS: &'static [Field];

    /// Reads what was filled in.
    ///
    /// # Errors
    /// [Input](Error::input) that names the field and says what was expected.
    fn read(form: &Form) -> impl Future<Output = Result<Self>>;
}

/// A form that was filled in.
pub struct Form {
    pub(crate) ctx: Context,
    pub(crate) fields: &'static [Field],
}

impl Form {
    /// The value of a field. A field that was left empty is absent, so an `Option` is `None`.
    ///
    /// # Errors
    /// [Input](Error::input) that names the field and says what was expected; or the error of looking it up.
    pub async fn one<T: Argument>(&self, name: &str) -> Result<T> {
        match self.values(name).next() {
            Some(text) => self.read(name, text).await,
            None => T::absent().ok_or_else(|| Error::input(format!("`{}` is empty", self.label(name)))),
        }
    }

    /// All values of a field that takes several: a menu, or files.
    ///
    /// # Errors
    /// The same as [`one`](Self::one).
    pub async fn all<T: Argument>(&self, name: &str) -> Result<Vec<T>> {
        let mut all = Vec::new();
        for text in self.values(name) {
            all.push(self.read(name, text).await?);
        }
        Ok(all)
    }

    /// The context of the submitted form: it can answer, and knows who filled it in.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.ctx
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let options = self.ctx.interaction().into_iter().flat_map(|it| &it.options);
        let of_name = options.filter(move |option| option.name.as_str() == name);
        // A text that was left empty arrives as an empty text.
        of_name.map(|option| option.value.as_str()).filter(|value| !value.is_empty())
    }

    async fn read<T: Argument>(&self, name: &str, text: &str) -> Result<T> {
        match T::read(Given { context: &self.ctx, text, channel_types: &[] }).await {
            Ok(value) => Ok(value),
            Err(ArgumentError::Failed(error)) => Err(error),
            Err(ArgumentError::Expected(expected)) => {
                Err(Error::input(format!("`{}` must be {expected}", self.label(name))))
            }
        }
    }

    fn label<'a>(&self, name: &'a str) -> &'a str {
        self.fields.iter().find(|field| field.name == name).map_or(name, |field| field.label)
    }
}

/// Discord's JSON of a form. `filled` are the initial texts of its fields, by name.
pub(crate) fn json<M: Modal>(custom_id: &str, filled: &[(&str, &str)]) -> Value {
    let filled_in = |name: &str| filled.iter().find(|(other, _)| *other == name).map(|(_, text)| *text);
    let fields: Vec<Value> = M::FIELDS.iter().map(|field| field.json(filled_in(field.name))).collect();
    json!({ "custom_id": custom_id, "title": M::TITLE, "components": fields })
}
