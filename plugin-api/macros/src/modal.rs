//! `derive(Modal)`: a struct as a form.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{
    Attribute, Data, DataStruct, DeriveInput, Error, Fields, Ident, Result, Type, ext::IdentExt,
    spanned::Spanned,
};

use crate::{
    args::Args,
    block::{at, documentation, inside, only},
    choice::words,
    errors::Errors,
};

/// Discord's limits: fields of a form, characters of its title and of a label.
const FIELDS_MAX: usize = 5;
const TITLE_MAX: usize = 45;

/// The options of `#[field(…)]`.
const KEYS: [&str; 7] = ["label", "description", "lines", "at_least", "at_most", "placeholder", "default"];

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Struct(DataStruct { fields: Fields::Named(fields), .. }) = &input.data else {
        let text =
            "`Modal` can only be derived for a `struct` with named fields; each is a field of the form";
        return Err(Error::new(input.ident.span(), text));
    };
    if !input.generics.params.is_empty() {
        return Err(Error::new(input.generics.span(), "a form cannot have type parameters"));
    }
    let mut errors = Errors::default();
    if fields.named.is_empty() || fields.named.len() > FIELDS_MAX {
        let text = format!(
            "Discord allows 1 to {FIELDS_MAX} fields in a form, but this one has {}",
            fields.named.len()
        );
        errors.push(Error::new(input.ident.span(), text));
    }
    let title = errors.ok(title(input));
    let (mut declared, mut read) = (Vec::new(), Vec::new());
    for field in &fields.named {
        let Some(ident) = &field.ident else { continue };
        let Some((declaration, reading)) = errors.ok(one(ident, &field.ty, &field.attrs)) else { continue };
        declared.push(declaration);
        read.push(quote!(#ident: #reading));
    }
    if let Some(error) = errors.into_inner() {
        return Err(error);
    }
    let of = &input.ident;
    Ok(quote! {
        #[allow(clippy::future_not_send)]
        impl ::gearshift_cog::Modal for #of {
            const TITLE: &'static str = #title;
            const FIELDS: &'static [::gearshift_cog::Field] = &[#(#declared),*];

            async fn read(form: &::gearshift_cog::Form) -> ::gearshift_cog::Result<Self> {
                ::std::result::Result::Ok(Self { #(#read),* })
            }
        }

        // An associated constant is only evaluated where it is used; this evaluates it here.
        const _: &[::gearshift_cog::Field] = <#of as ::gearshift_cog::Modal>::FIELDS;
    })
}

/// `#[title("Report")]`, or the name of the struct in words.
fn title(input: &DeriveInput) -> Result<String> {
    let mut title = words(&input.ident.unraw().to_string());
    if let Some(attribute) = only(&input.attrs, "title")? {
        let mut args = Args::of(attribute)?;
        let Some(text) = args.take_text() else {
            return Err(Error::new_spanned(attribute, "a form needs a title: `#[title(\"Report\")]`"));
        };
        title = text.value();
        if let Some(arg) = args.0.first() {
            return Err(Error::new(arg.span(), "`#[title]` takes only the title of the form"));
        }
    }
    let length = title.chars().count();
    match (1..=TITLE_MAX).contains(&length) {
        true => Ok(title),
        false => {
            let text = format!(
                "the title of a form must have 1 to {TITLE_MAX} characters, but this one has {length}"
            );
            Err(Error::new(input.ident.span(), text))
        }
    }
}

/// The declaration of a field, and the code that reads it.
fn one(ident: &Ident, of: &Type, attributes: &[Attribute]) -> Result<(TokenStream, TokenStream)> {
    let name = ident.unraw().to_string();
    let (mut label, mut further) = (None, Vec::new());
    if let Some(attribute) = only(attributes, "field")? {
        for arg in &Args::of(attribute)?.0 {
            // Errors that the SDK finds at compile time are reported at the option.
            let span = at(arg.span());
            match arg.key().as_str() {
                "label" => label = Some((arg.text("What happened?")?.value(), arg.span())),
                "lines" => {
                    arg.flag()?;
                    further.push(quote_spanned!(span=> .lines()));
                }
                key @ ("at_least" | "at_most") => {
                    let (key, count) = (Ident::new(key, arg.span()), arg.expr("3")?);
                    further.push(quote_spanned!(span=> .#key(#count)));
                }
                key @ ("description" | "placeholder" | "default") => {
                    let (key, text) = (Ident::new(key, arg.span()), arg.text("…")?);
                    further.push(quote_spanned!(span=> .#key(#text)));
                }
                _ => return Err(arg.unknown("`#[field]`", &KEYS)),
            }
        }
    }
    let (label, label_span) = match label {
        Some(label) => label,
        None => documentation(attributes)?.unwrap_or_else(|| (words(&capital(&name)), ident.span())),
    };
    let length = label.chars().count();
    if !(1..=TITLE_MAX).contains(&length) {
        let text = format!(
            "a label must have 1 to {TITLE_MAX} characters, but this one has {length}: `#[field(label = \"…\")]`"
        );
        return Err(Error::new(label_span, text));
    }
    if inside(of, "Option").and_then(|of| inside(of, "Vec")).is_some() {
        let text = "a list is empty if nothing is given: write it without `Option`";
        return Err(Error::new(of.span(), text));
    }
    let span = at(of.span());
    let read = |of: &Type, method: Ident| {
        quote_spanned! {span=> {
            #[allow(unused_imports)]
            use ::gearshift_cog::__glue::NotReadable as _;
            ::gearshift_cog::__glue::Read::<#of>(::std::marker::PhantomData).#method(form, #name).await?
        }}
    };
    Ok(match inside(of, "Vec") {
        Some(of) => (
            quote_spanned!(span=> ::gearshift_cog::Field::of::<#of>(#name, #label).several() #(#further)*),
            read(of, Ident::new("all", span)),
        ),
        None => (
            quote_spanned!(span=> ::gearshift_cog::Field::of::<#of>(#name, #label) #(#further)*),
            read(of, Ident::new("one", span)),
        ),
    })
}

/// Capitalizes the first letter.
fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}
