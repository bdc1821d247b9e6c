//! `derive(Choice)`: an enum as the choices of an option.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, Result, Variant, ext::IdentExt, spanned::Spanned};

use crate::{
    args::Args,
    block::only,
    command::{Localized, check_translated},
    errors::Errors,
};

/// Discord's limits: choices of an option, and characters of a choice's name.
const CHOICES_MAX: usize = 25;
const NAME_MAX: usize = 100;

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(Error::new(
            input.ident.span(),
            "`Choice` can only be derived for an `enum`; each variant is a choice",
        ));
    };
    if !input.generics.params.is_empty() {
        return Err(Error::new(input.generics.span(), "an enum of choices cannot have type parameters"));
    }
    let mut errors = Errors::default();
    if data.variants.is_empty() || data.variants.len() > CHOICES_MAX {
        let text = format!(
            "Discord allows 1 to {CHOICES_MAX} choices; for more, use `#[autocomplete = Self::names]`"
        );
        errors.push(Error::new(input.ident.span(), text));
    }
    let mut names: Vec<String> = Vec::new();
    let (mut choices, mut translated) = (Vec::new(), Vec::new());
    for variant in &data.variants {
        let Some((name, localized)) = errors.ok(shown(variant)) else { continue };
        if names.contains(&name.to_lowercase()) {
            errors.push(Error::new(variant.ident.span(), format!("two choices are called `{name}`")));
        }
        names.push(name.to_lowercase());
        let (value, list) = (variant.ident.unraw().to_string(), localized.list());
        choices.push(quote! {
            ::gearshift_cog::manifest::Choice {
                name: #name,
                value: ::gearshift_cog::manifest::ChoiceValue::Text(#value),
                localized: #list,
            }
        });
        translated.push((name, localized));
    }
    let translated: Vec<_> = translated.iter().map(|(name, localized)| (&**name, localized)).collect();
    check_translated(&translated, &mut errors);
    if let Some(error) = errors.into_inner() {
        return Err(error);
    }
    let of = &input.ident;
    let variants: Vec<_> = data.variants.iter().map(|variant| &variant.ident).collect();
    let (last, others) = variants.split_last().expect("an enum without variants is an error above");
    let places = 0..others.len();
    Ok(quote! {
        #[allow(clippy::future_not_send)]
        impl ::gearshift_cog::Argument for #of {
            const OPTION: ::gearshift_cog::manifest::OptionType =
                ::gearshift_cog::manifest::OptionType::new(3).choices(&[#(#choices),*]);

            // A name can have several words.
            const TAKES: ::gearshift_cog::Takes = ::gearshift_cog::Takes::Text;

            async fn read(
                given: ::gearshift_cog::Given<'_>,
            ) -> ::std::result::Result<Self, ::gearshift_cog::ArgumentError> {
                ::std::result::Result::Ok(match given.choice(&Self::OPTION)? {
                    #(#places => Self::#others,)*
                    _ => Self::#last,
                })
            }
        }
    })
}

/// The name of a variant as users see it, with its translations.
fn shown(variant: &Variant) -> Result<(String, Localized)> {
    if !matches!(variant.fields, Fields::Unit) {
        return Err(Error::new(variant.fields.span(), "a choice cannot have fields"));
    }
    let mut name = words(&variant.ident.unraw().to_string());
    let mut localized = Localized::default();
    if let Some(attribute) = only(&variant.attrs, "choice")? {
        let mut args = Args::of(attribute)?;
        if let Some(text) = args.take_text() {
            name = text.value();
        }
        for arg in &args.0 {
            let key = arg.key();
            let Some(locale) = key.strip_prefix("name_") else {
                let text = "write only the name, `#[choice(\"Dark red\")]`, and in other languages `name_de = \"…\"`";
                return Err(Error::new(arg.span(), text));
            };
            localized.set(locale, true, arg, check_length)?;
        }
    }
    check_length(&name, variant.ident.span())?;
    Ok((name, localized))
}

fn check_length(name: &str, span: Span) -> Result<()> {
    let length = name.chars().count();
    if (1..=NAME_MAX).contains(&length) {
        return Ok(());
    }
    let text =
        format!("the name of a choice must have 1 to {NAME_MAX} characters, but this one has {length}");
    Err(Error::new(span, text))
}

/// `Dark red` for `DarkRed`.
pub(crate) fn words(name: &str) -> String {
    let mut words = String::new();
    let mut before = ' ';
    for letter in name.chars() {
        match letter {
            '_' => words.push(' '),
            _ if letter.is_uppercase() && before.is_lowercase() => {
                words.push(' ');
                words.extend(letter.to_lowercase());
            }
            _ => words.push(letter),
        }
        before = letter;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_variant_is_shown_with_spaces() {
        for (name, expected) in [("DarkRed", "Dark red"), ("Red", "Red"), ("HTTP", "HTTP"), ("A_B", "A B")] {
            assert_eq!(words(name), expected);
        }
    }
}
