//! Parameters of a command's method: options for Discord, arguments for the method.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Attribute, Error, Expr, FnArg, Ident, Lit, PatType, Result, Type, UnOp, ext::IdentExt, spanned::Spanned,
};

use super::settings::{Localized, check_description, check_name, localized, numbers};
use crate::{
    args::{Arg, Args, Value},
    block::{Method, at, documentation, inside, last_name, parameter_name},
    nearest::nearest,
};

/// What can stand on a parameter.
const KNOWN: &[&str] = &[
    "autocomplete",
    "channel_types",
    "choices",
    "describe",
    "describe_de",
    "max",
    "max_length",
    "min",
    "min_length",
    "rename",
    "rename_de",
];
/// What rustc knows there.
const RUSTC: &[&str] = &["allow", "cfg", "warn", "deny", "forbid", "expect"];

/// Discord's channel types. <https://discord.com/developers/docs/resources/channel#channel-object-channel-types>
const CHANNEL_TYPES: &[(&str, u8)] = &[
    ("text", 0),
    ("dm", 1),
    ("voice", 2),
    ("group_dm", 3),
    ("category", 4),
    ("announcement", 5),
    ("announcement_thread", 10),
    ("public_thread", 11),
    ("private_thread", 12),
    ("stage", 13),
    ("directory", 14),
    ("forum", 15),
    ("media", 16),
];

pub(super) struct Parameter {
    name: String,
    of: Type,
    pattern: Span,
    description: String,
    /// Calls on the SDK's `Opt`.
    calls: TokenStream,
    completed: Option<Expr>,
    localized: Localized,
    bounds: [Option<f64>; 2],
    lengths: [Option<u16>; 2],
}

/// What an option of a type is, as far as its name tells.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Text,
    Number,
    Other,
    Unknown,
}

impl Parameter {
    /// Of all arguments of a command; `attributes` are theirs.
    pub(super) fn all(method: &Method, attributes: Vec<Vec<Attribute>>) -> Result<Vec<Self>> {
        let like = format!("async fn {}(&self, ctx: &Context) -> Result", method.name());
        // Two of them are `&self` and the context.
        let attributes = attributes.into_iter().skip(2);
        let all = method.handler(&like)?.into_iter().zip(attributes);
        let all: Vec<Self> =
            all.map(|(input, attributes)| Self::new(input, &attributes)).collect::<Result<_>>()?;
        in_order(&all)?;
        Ok(all)
    }

    /// Takes the attributes of all parameters away, whatever else is wrong with them: rustc knows none of them.
    pub(super) fn take_attributes(method: &mut Method) -> Vec<Vec<Attribute>> {
        let take = |input: &mut FnArg| {
            let attributes = match input {
                FnArg::Typed(input) => &mut input.attrs,
                FnArg::Receiver(receiver) => &mut receiver.attrs,
            };
            let (own, others) = std::mem::take(attributes).into_iter().partition(|it| !is_of_rustc(it));
            *attributes = others;
            own
        };
        method.signature.inputs.iter_mut().map(take).collect()
    }

    /// What a menu was opened on.
    pub(super) fn target(name: &str, input: PatType) -> Self {
        Self::plain(name.to_owned(), *input.ty, input.pat.span())
    }

    fn plain(name: String, of: Type, pattern: Span) -> Self {
        Self {
            description: name.replace('_', " "),
            name,
            of,
            pattern,
            calls: TokenStream::new(),
            completed: None,
            localized: Localized::default(),
            bounds: [None; 2],
            lengths: [None; 2],
        }
    }

    fn new(input: &PatType, attributes: &[Attribute]) -> Result<Self> {
        let ident = parameter_name(input)?;
        if let Type::Reference(of) = &*input.ty {
            let owned = if last_name(&of.elem).is_some_and(|name| name == "str") { "String" } else { "User" };
            return Err(Error::new(
                of.span(),
                format!("an argument is passed by value; write a type such as `{owned}`"),
            ));
        }
        let name = ident.unraw().to_string();
        let mut parameter =
            Self::plain(name.trim_start_matches('_').to_owned(), (*input.ty).clone(), ident.span());
        if let Some((text, span)) = documentation(attributes) {
            check_description(&text, span)?;
            parameter.description = text;
        }
        let mut name = ident.span();
        for attribute in attributes {
            if attribute.path().is_ident("doc") {
                continue;
            }
            let Some(key) = attribute.path().get_ident() else {
                return Err(Error::new(
                    attribute.span(),
                    unknown(&attribute.path().to_token_stream().to_string()),
                ));
            };
            let arg = Arg { name: Some(key.clone()), value: value(attribute)? };
            if key == "rename" {
                name = key.span();
            }
            parameter.set(&key.to_string(), &arg)?;
        }
        check_name(&parameter.name, name)?;
        Ok(parameter)
    }

    fn set(&mut self, key: &str, arg: &Arg) -> Result<()> {
        if let Some((locale, is_name)) = localized(key, "rename_", "describe_") {
            return self.localized.set(locale, is_name, arg);
        }
        // What the SDK finds wrong while compiling is said where it stands.
        let span = at(arg.span());
        let call = match key {
            "describe" => {
                let text = arg.text("who to greet")?;
                check_description(&text.value(), text.span())?;
                self.description = text.value();
                return Ok(());
            }
            "rename" => {
                let text = arg.text("name")?;
                check_name(&text.value(), text.span())?;
                self.name = text.value();
                return Ok(());
            }
            "min" | "max" => {
                self.is(
                    arg,
                    &[Shape::Number],
                    "numbers have a smallest and a largest value; a text has `min_length`",
                )?;
                let (text, value) = number(arg)?;
                self.bounds[usize::from(key == "max")] = Some(value);
                if let [Some(min), Some(max)] = self.bounds
                    && min > max
                {
                    return Err(Error::new(arg.span(), "the smallest value is above the largest"));
                }
                let name = &arg.name;
                quote_spanned!(span=> .#name(#text))
            }
            "min_length" | "max_length" => {
                self.is(arg, &[Shape::Text], "a text has a length; numbers have `min` and `max`")?;
                let length = length(arg)?;
                self.lengths[usize::from(key == "max_length")] = Some(length);
                if let [Some(min), Some(max)] = self.lengths
                    && min > max
                {
                    return Err(Error::new(arg.span(), "the smallest length is above the largest"));
                }
                let name = &arg.name;
                quote_spanned!(span=> .#name(#length))
            }
            "channel_types" => {
                self.is(arg, &[Shape::Other], "it is no channel")?;
                let types = numbers(arg, CHANNEL_TYPES)?;
                quote_spanned!(span=> .channel_types(&[#(#types),*]))
            }
            "choices" => {
                self.is(arg, &[Shape::Text, Shape::Number], "only texts and numbers have choices")?;
                let choices = choices(arg)?;
                quote_spanned!(span=> .choices(&[#(#choices),*]))
            }
            "autocomplete" => {
                self.is(arg, &[Shape::Text, Shape::Number], "only texts and numbers can be completed")?;
                self.completed = Some(arg.expr("Self::names")?.clone());
                quote_spanned!(span=> .autocomplete())
            }
            _ => return Err(Error::new(arg.span(), unknown(key))),
        };
        self.calls.extend(call);
        Ok(())
    }

    /// That the type is one of these shapes, or not known.
    fn is(&self, arg: &Arg, shapes: &[Shape], otherwise: &str) -> Result<()> {
        let shape = shape(&self.of);
        if shape == Shape::Unknown || shapes.contains(&shape) {
            return Ok(());
        }
        Err(Error::new(arg.span(), format!("`#[{}]` does not fit `{}`: {otherwise}", arg.key(), self.name)))
    }

    pub(super) fn span(&self) -> Span {
        self.pattern
    }

    /// The SDK's `Opt` for it.
    pub(super) fn declare(&self) -> TokenStream {
        let Self { name, of, description, calls, localized, .. } = self;
        let localized = localized.call();
        let new = quote_spanned!(at(of.span())=> ::gearshift_cog::manifest::Opt::of::<#of>);
        quote!(#new(#name, #description) #calls #localized)
    }

    /// Reads it into a variable.
    pub(super) fn read(&self, variable: &Ident) -> TokenStream {
        let Self { name, of, .. } = self;
        let next = quote_spanned!(at(of.span())=> next::<#of>);
        quote!(let #variable = arguments.#next(#name).await?;)
    }

    /// The arm that completes it, in the command of this path.
    pub(super) fn completion(&self, path: &str) -> Option<TokenStream> {
        let (name, function) = (&self.name, self.completed.as_ref()?);
        Some(quote! {
            (#path, #name) => (#function)(self, ctx, typed)
                .await?
                .into_iter()
                .map(::gearshift_cog::Suggestion::from)
                .collect(),
        })
    }
}

/// That required ones stand first and a list last.
fn in_order(all: &[Parameter]) -> Result<()> {
    for (at, parameter) in all.iter().enumerate() {
        let is_optional = |of: &Type| inside(of, "Option").or_else(|| inside(of, "Vec")).is_some();
        let before = all[..at].iter().find(|before| is_optional(&before.of));
        if let (Some(before), false) = (before, is_optional(&parameter.of)) {
            let text = format!(
                "`{}` must be given and stands behind `{}`, which may be left out; swap them, or make it an `Option`",
                parameter.name, before.name
            );
            return Err(Error::new(parameter.pattern, text));
        }
        if inside(&parameter.of, "Vec").is_some() && at + 1 < all.len() {
            let text = format!("`{}` takes the rest of the line, so it stands last", parameter.name);
            return Err(Error::new(parameter.pattern, text));
        }
        if all[..at].iter().any(|before| before.name == parameter.name) {
            return Err(Error::new(
                parameter.pattern,
                format!("two options are called `{}`", parameter.name),
            ));
        }
    }
    Ok(())
}

fn shape(of: &Type) -> Shape {
    if let Some(of) = inside(of, "Option") {
        return shape(of);
    }
    match last_name(of).as_deref() {
        Some("String") => Shape::Text,
        Some("u8" | "u16" | "u32" | "u64" | "i8" | "i16" | "i32" | "i64" | "f32" | "f64") => Shape::Number,
        Some("bool" | "User" | "Member" | "Role" | "Attachment") => Shape::Other,
        _ => Shape::Unknown,
    }
}

fn is_of_rustc(attribute: &Attribute) -> bool {
    RUSTC.iter().any(|known| attribute.path().is_ident(known))
}

fn unknown(name: &str) -> String {
    match nearest(name, KNOWN) {
        Some(known) => format!("a parameter has no attribute `{name}`; did you mean `{known}`?"),
        None => format!("a parameter has no attribute `{name}`; it has {}", KNOWN.join(", ")),
    }
}

fn value(attribute: &Attribute) -> Result<Value> {
    Ok(match &attribute.meta {
        syn::Meta::Path(_) => Value::None,
        syn::Meta::List(list) => Value::List(list.parse_args::<Args>()?.0, list.span()),
        syn::Meta::NameValue(pair) => Value::Expr(pair.value.clone()),
    })
}

/// The number of `min = -5`, as it is written in JSON.
fn number(arg: &Arg) -> Result<(String, f64)> {
    let value = arg.expr("1")?;
    let text = number_text(value)
        .ok_or_else(|| Error::new(value.span(), "write a number, such as `1` or `-0.5`"))?;
    let number =
        text.parse().map_err(|_| Error::new(value.span(), "write a number, such as `1` or `-0.5`"))?;
    Ok((text, number))
}

fn number_text(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(lit) => match &lit.lit {
            Lit::Int(number) => Some(number.base10_digits().to_owned()),
            Lit::Float(number) => Some(number.base10_digits().to_owned()),
            _ => None,
        },
        Expr::Unary(minus) if matches!(minus.op, UnOp::Neg(_)) => {
            Some(format!("-{}", number_text(&minus.expr)?))
        }
        _ => None,
    }
}

/// Discord's limit of a length is 6000.
fn length(arg: &Arg) -> Result<u16> {
    let value = arg.expr("1")?;
    number_text(value)
        .and_then(|text| text.parse().ok())
        .filter(|length| *length <= 6000)
        .ok_or_else(|| Error::new(value.span(), "a length is a number up to 6000"))
}

/// `"red"`, `"Dark red" = "red"`, `1`.
fn choices(arg: &Arg) -> Result<Vec<TokenStream>> {
    let like = "\"red\", \"Dark blue\" = \"blue\"";
    let values = arg.values(like)?;
    if values.len() > 25 {
        return Err(Error::new(
            arg.span(),
            "Discord allows 25 choices of an option; complete it: `#[autocomplete = Self::names]`",
        ));
    }
    let unfit = |value: &Expr| Error::new(value.span(), format!("write `choices({like})`"));
    values
        .iter()
        .map(|value| {
            let (name, value) = match value {
                Expr::Assign(pair) => (text(&pair.left).ok_or_else(|| unfit(&pair.left))?, &*pair.right),
                value => (text(value).or_else(|| number_text(value)).ok_or_else(|| unfit(value))?, value),
            };
            let value = match (text(value), number_text(value)) {
                (Some(text), _) => quote!(Text(#text)),
                (_, Some(number)) => quote!(Number(#number)),
                _ => return Err(unfit(value)),
            };
            Ok(quote! {
                ::gearshift_cog::manifest::Choice {
                    name: #name,
                    value: ::gearshift_cog::manifest::ChoiceValue::#value,
                    localized: &[],
                }
            })
        })
        .collect()
}

fn text(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(lit) => match &lit.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}
