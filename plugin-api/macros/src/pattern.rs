//! Patterns such as `vote:{number}`, whose placeholders are the parameters of a method.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Error, LitStr, PatType, Result, Type, ext::IdentExt, spanned::Spanned};

use crate::block::parameter_name;

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
                "a pattern has 1 to {LENGTH_MAX} characters, as Discord's `custom_id` has"
            ));
        }
        if value.starts_with('@') {
            return unfit("an id that begins with `@` is reserved for the SDK".to_owned());
        }
        let mut names = Vec::new();
        for part in value.split(':').filter(|part| part.contains(['{', '}'])) {
            let name = part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            match name.filter(|name| syn::parse_str::<syn::Ident>(name).is_ok()) {
                Some(name) if names.iter().any(|other| other == name) => {
                    return unfit(format!("`{{{name}}}` stands in it twice"));
                }
                Some(name) => names.push(name.to_owned()),
                None => {
                    return unfit(format!(
                        "`{part}` is no placeholder; it is a name in braces between colons, `vote:{{number}}`"
                    ));
                }
            }
        }
        Ok(Self { text: value, span: text.span(), names })
    }

    /// The arguments for these parameters, in their order: those that are placeholders by name, of one other by `other`.
    pub(crate) fn arguments(
        &self,
        parameters: &[&PatType],
        other: impl Fn(&str, &Type) -> Result<Option<TokenStream>>,
    ) -> Result<TokenStream> {
        let mut arguments = TokenStream::new();
        let mut found = Vec::new();
        for parameter in parameters {
            let name = parameter_name(parameter)?.unraw().to_string();
            let of = &parameter.ty;
            if self.names.contains(&name) {
                if let Type::Reference(of) = &**of {
                    return Err(Error::new(of.span(), "a placeholder is passed by value; write `String`"));
                }
                arguments.extend(quote!(, parts.get::<#of>(#name)?));
                found.push(name);
                continue;
            }
            match other(&name, of)? {
                Some(argument) => arguments.extend(quote!(, #argument)),
                None => {
                    let pattern = &self.text;
                    let text = format!(
                        "`{name}` does not stand in the pattern; write it in: `{pattern}:{{{name}}}`"
                    );
                    return Err(Error::new(parameter.span(), text));
                }
            }
        }
        match self.names.iter().find(|name| !found.contains(name)) {
            Some(name) => {
                let text = format!(
                    "no parameter takes `{{{name}}}`; add one such as `{name}: u64` or `{name}: String`"
                );
                Err(Error::new(self.span, text))
            }
            None => Ok(arguments),
        }
    }

    /// The variable that a match of it is kept in: unused without placeholders.
    pub(crate) fn variable(&self) -> TokenStream {
        if self.names.is_empty() { quote!(_) } else { quote!(parts) }
    }

    /// Whether the same texts have this form, whatever the placeholders are called.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let form = |pattern: &Self| -> Vec<String> {
            let part = |part: &str| if part.starts_with('{') { "{}".to_owned() } else { part.to_owned() };
            pattern.text.split(':').map(part).collect()
        };
        form(self) == form(other)
    }
}
