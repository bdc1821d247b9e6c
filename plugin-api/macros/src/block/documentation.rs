//! Descriptions in doc comments.

use proc_macro2::Span;
use syn::{
    Attribute, Error, Expr, ExprLit, Lit, Meta, Result, Token, punctuated::Punctuated, spanned::Spanned,
};

/// The first paragraph of a doc comment, with its span; an error if only the compiler could read it.
pub(crate) fn documentation(attributes: &[Attribute]) -> Result<Option<(String, Span)>> {
    let mut found: Option<(String, Span)> = None;
    for attribute in attributes {
        let Some(text) = text(&attribute.meta) else { continue };
        // Not `lines`: a bare `///` is an empty text, and ends the paragraph.
        for line in text.value().split('\n').map(str::trim) {
            match &mut found {
                Some(_) if line.is_empty() => return Ok(found),
                Some((all, _)) => *all = format!("{all} {line}"),
                None if line.is_empty() => {}
                None => found = Some((line.to_owned(), text.span())),
            }
        }
    }
    match attributes.iter().find_map(unread) {
        Some(error) if found.is_none() => Err(error),
        _ => Ok(found),
    }
}

fn text(meta: &Meta) -> Option<&syn::LitStr> {
    match meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// Explains a description that is a macro or depends on a condition: attributes are read before either is evaluated.
fn unread(attribute: &Attribute) -> Option<Error> {
    let is_value = |meta: &Meta| matches!(meta, Meta::NameValue(pair) if pair.path.is_ident("doc"));
    let (span, what) = match &attribute.meta {
        Meta::NameValue(pair) if is_value(&attribute.meta) && text(&attribute.meta).is_none() => {
            (pair.value.span(), "be the result of a macro")
        }
        _ => (conditioned(attribute).iter().find(|meta| is_value(meta))?.span(), "depend on a condition"),
    };
    let text = format!("a description cannot {what}; write a text: a doc comment, or `#[doc = \"…\"]`");
    Some(Error::new(span, text))
}

/// The attributes in `#[cfg_attr(…)]`, after the condition.
pub(crate) fn conditioned(attribute: &Attribute) -> Vec<Meta> {
    if !attribute.path().is_ident("cfg_attr") {
        return Vec::new();
    }
    let metas = attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
    metas.into_iter().flatten().skip(1).collect()
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    fn first(attributes: &[Attribute]) -> Option<String> {
        documentation(attributes).expect("it is text").map(|(text, _)| text)
    }

    #[test]
    fn a_description_is_the_first_paragraph() {
        let method: syn::ItemFn = parse_quote! {
            ///
            /// Adds
            /// a note
            ///
            /// What stands here is for readers of the code.
            fn add() {}
        };
        assert_eq!(first(&method.attrs).as_deref(), Some("Adds a note"));
        let block: syn::ItemFn = parse_quote! {
            /** Adds a note

            for readers */
            fn add() {}
        };
        assert_eq!(first(&block.attrs).as_deref(), Some("Adds a note"));
    }
}
