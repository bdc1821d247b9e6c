//! Patterns such as `vote:{number}`, whose placeholders are the parameters of a method.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Error, LitStr, Pat, PatType, Result, Type, ext::IdentExt, spanned::Spanned};

use crate::block::{last_name, parameter_name, plain_name};

/// Types that cannot be parsed from a text, and the type whose values a text holds instead.
const ID_OF: [(&str, &str); 7] = [
    ("User", "UserId"),
    ("Member", "UserId"),
    ("Role", "RoleId"),
    ("Channel", "ChannelId"),
    ("GuildChannel", "ChannelId"),
    ("Message", "MessageId"),
    ("Guild", "GuildId"),
];

/// Discord's limit of a `custom_id`, in characters.
const LENGTH_MAX: usize = 100;

pub(crate) struct Pattern {
    pub text: String,
    pub span: Span,
    names: Vec<String>,
}

impl Pattern {
    pub(crate) fn new(text: &LitStr) -> Result<Self> {
        let value = text.value();
        let unfit = |what: String| Err(Error::new(text.span(), what));
        if value.is_empty() || value.chars().count() > LENGTH_MAX {
            return unfit(format!(
                "a pattern must have 1 to {LENGTH_MAX} characters, like Discord's `custom_id`"
            ));
        }
        if value.starts_with('@') {
            return unfit("an id that begins with `@` is reserved for the SDK".to_owned());
        }
        let mut names = Vec::new();
        for part in value.split(':').filter(|part| part.contains(['{', '}'])) {
            let name = part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            match name.filter(|name| is_name(name)) {
                Some(name) if names.iter().any(|other| other == name) => {
                    return unfit(format!("`{{{name}}}` appears twice in the pattern"));
                }
                Some(name) => names.push(name.to_owned()),
                None => {
                    return unfit(format!(
                        "`{part}` is not a placeholder, which is a name in braces between colons, `vote:{{number}}`"
                    ));
                }
            }
        }
        Ok(Self { text: value, span: text.span(), names })
    }

    /// The arguments for these parameters, in order: placeholders by name, and one other parameter by `other`. A
    /// placeholder `{type}` is the parameter `r#type`; an unused one is the parameter `_type`.
    pub(crate) fn arguments(
        &self,
        parameters: &[&PatType],
        other: impl Fn(&str, &Type) -> Result<Option<TokenStream>>,
    ) -> Result<TokenStream> {
        let mut arguments = TokenStream::new();
        let mut found = Vec::new();
        for parameter in parameters {
            let of = &parameter.ty;
            if let Pat::Wild(_) = *parameter.pat
                && let Ok(Some(argument)) = other("", of)
            {
                arguments.extend(quote!(, #argument));
                continue;
            }
            let ident = parameter_name(parameter)?;
            let name = plain_name(ident);
            let names = [ident.unraw().to_string(), name.clone()];
            if let Some(name) = self.names.iter().find(|name| names.contains(name)) {
                if let Type::Reference(of) = &**of {
                    return Err(Error::new(of.span(), "a placeholder is passed by value; write `String`"));
                }
                if let Some((_, id)) =
                    ID_OF.iter().find(|(model, _)| last_name(of).is_some_and(|of| of == *model))
                {
                    let text = format!("a placeholder is read from its text; write `{id}`");
                    return Err(Error::new(of.span(), text));
                }
                arguments.extend(quote!(, parts.get::<#of>(#name)?));
                found.push(name.clone());
                continue;
            }
            match other(&name, of)? {
                Some(argument) => arguments.extend(quote!(, #argument)),
                None => {
                    let pattern = &self.text;
                    let text = format!("`{name}` is not in the pattern; add it: `{pattern}:{{{name}}}`");
                    return Err(Error::new(parameter.span(), text));
                }
            }
        }
        match self.names.iter().find(|name| !found.contains(name)) {
            Some(name) => {
                let raw = if syn::parse_str::<syn::Ident>(name).is_ok() { "" } else { "r#" };
                let text = format!(
                    "no parameter takes `{{{name}}}`; add one such as `{raw}{name}: u64` or `{raw}{name}: String`"
                );
                Err(Error::new(self.span, text))
            }
            None => Ok(arguments),
        }
    }

    /// The variable that holds the match; unused if there are no placeholders.
    pub(crate) fn variable(&self) -> TokenStream {
        if self.names.is_empty() { quote!(_) } else { quote!(parts) }
    }

    /// Whether both match the same texts, regardless of the names of placeholders.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        matches!(self.overlap(other), Overlap::Same)
    }

    /// The number of placeholders. If two patterns match a text, the one with fewer is tried first: `vote:all` matches
    /// only that text, and `vote:{number}` the others.
    pub(crate) fn placeholders(&self) -> usize {
        self.names.len()
    }

    /// Checks that no pattern in `before` overlaps with this one without one of them being narrower.
    pub(crate) fn check_order<'a>(&self, before: impl IntoIterator<Item = &'a Self>) -> Result<()> {
        for other in before {
            if let Overlap::Crossing(text) = self.overlap(other) {
                let text = format!(
                    "`{}` and `{}` both match `{text}`, and neither is the narrower one; change one of them",
                    other.text, self.text
                );
                return Err(Error::new(self.span, text));
            }
        }
        Ok(())
    }

    fn overlap(&self, other: &Self) -> Overlap {
        let (own, others): (Vec<_>, Vec<_>) =
            (self.text.split(':').collect(), other.text.split(':').collect());
        if own.len() != others.len() {
            return Overlap::None;
        }
        let (mut is_narrower, mut is_wider, mut text) = (false, false, Vec::new());
        for (own, other) in own.into_iter().zip(others) {
            match (own.starts_with('{'), other.starts_with('{')) {
                (false, false) if own != other => return Overlap::None,
                (false, true) => is_narrower = true,
                (true, false) => is_wider = true,
                (true, true) | (false, false) => {}
            }
            text.push(if own.starts_with('{') { other } else { own });
        }
        match (is_narrower, is_wider) {
            (false, false) => Overlap::Same,
            (true, true) => Overlap::Crossing(text.join(":")),
            _ => Overlap::Nested,
        }
    }
}

/// The texts that two patterns have in common.
enum Overlap {
    None,
    Same,
    /// One pattern matches all texts of the other.
    Nested,
    /// Each matches texts that the other does not; this text matches both.
    Crossing(String),
}

/// Whether a parameter can have this name, possibly as `r#name`. <https://doc.rust-lang.org/reference/identifiers.html>
fn is_name(text: &str) -> bool {
    let is_ident = |text: &str| syn::parse_str::<syn::Ident>(text).is_ok();
    // A text that already is `r#name` is not the plain name of a parameter.
    !text.contains('#') && (is_ident(text) || is_ident(&format!("r#{text}")))
}
