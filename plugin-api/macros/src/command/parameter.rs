//! Parameters of a command's method: options for Discord, arguments for the method.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Attribute, Error, Expr, FnArg, Ident, PatType, Result, Type, spanned::Spanned};

use super::{
    returned,
    settings::{Localized, check_description, check_name, check_translated, localized, numbers},
    value::{CHANNEL_TYPES, Shape, length, number, shape, text},
};
use crate::{
    args::{Arg, Seen, Value},
    block::{Method, at, documentation, inside, last_name, parameter_name, plain_name},
    errors::Errors,
    nearest::nearest,
};

/// The attributes that a parameter can have.
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
/// The attributes of rustc that a parameter can have.
const RUSTC: &[&str] = &["allow", "cfg", "warn", "deny", "forbid", "expect"];

/// The attributes that are for a single value. Lists do not take them, as a list is one text for Discord.
const OF_ONE: &[&str] = &["channel_types", "choices", "max", "max_length", "min", "min_length"];

const EITHER: &str = "an option has choices or autocomplete, not both";

pub(super) struct Parameter {
    name: String,
    of: Type,
    pattern: Span,
    description: String,
    /// Method calls on the SDK's `Opt`.
    calls: TokenStream,
    pub(super) completed: Option<Expr>,
    has_choices: bool,
    localized: Localized,
    bounds: [Option<f64>; 2],
    lengths: [Option<u16>; 2],
}

impl Parameter {
    /// All arguments of a command, with their `attributes`.
    pub(super) fn all(method: &Method, attributes: Vec<Vec<Attribute>>) -> Result<Vec<Self>> {
        let like = format!("async fn {}(&self, ctx: &Context) -> Result", method.name());
        // The first two are those of `&self` and the context.
        let attributes = attributes.into_iter().skip(2);
        let all = method.handler(&like)?.into_iter().zip(attributes);
        let all: Vec<Self> =
            all.map(|(input, attributes)| Self::new(input, &attributes)).collect::<Result<_>>()?;
        in_order(&all)?;
        let mut errors = Errors::default();
        let names: Vec<_> = all.iter().map(|parameter| (&*parameter.name, &parameter.localized)).collect();
        check_translated(&names, &mut errors);
        errors.into_inner().map_or(Ok(all), Err)
    }

    /// Removes the attributes of all parameters, even invalid ones, as rustc does not know them.
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

    /// The target of a menu.
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
            has_choices: false,
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
        if inside(&input.ty, "Vec").and_then(last_name).is_some_and(|of| of == "Attachment") {
            let name = plain_name(ident);
            let text = format!(
                "each file is an argument of its own: `{name}: Attachment, second: Option<Attachment>`"
            );
            return Err(Error::new(input.ty.span(), text));
        }
        let mut parameter = Self::plain(plain_name(ident), (*input.ty).clone(), ident.span());
        if let Some((text, span)) = documentation(attributes)? {
            check_description(&text, span)?;
            parameter.description = text;
        }
        let (mut name, mut seen) = (ident.span(), Seen::default());
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
            let arg = Arg { name: Some(key.clone()), value: Value::of(attribute)? };
            seen.once(&arg)?;
            if key == "rename" {
                name = key.span();
            }
            parameter.set(&key.to_string(), &arg)?;
        }
        check_name(&parameter.name, name)?;
        let is_bounded =
            parameter.bounds.iter().any(Option::is_some) || parameter.lengths.iter().any(Option::is_some);
        if parameter.has_choices && is_bounded {
            let text = format!("the choices already limit `{}`; leave its bounds out", parameter.name);
            return Err(Error::new(ident.span(), text));
        }
        Ok(parameter)
    }

    fn set(&mut self, key: &str, arg: &Arg) -> Result<()> {
        if let Some((locale, is_name)) = localized(key, "rename_", "describe_") {
            return self.localized.set(
                locale,
                is_name,
                arg,
                if is_name { check_name } else { check_description },
            );
        }
        let of = inside(&self.of, "Option").unwrap_or(&self.of);
        if OF_ONE.contains(&key) && inside(of, "Vec").is_some() {
            let text = format!(
                "`{}` is a list, which Discord takes as one text: check its items in the body, and return \
                 `Err(Error::input(\"…\"))`",
                self.name
            );
            return Err(Error::new(arg.span(), text));
        }
        // Errors that the SDK finds at compile time are reported at the attribute.
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
                    Shape::is_number,
                    "only numbers have a minimum and a maximum; for text, use `min_length` and `max_length`",
                )?;
                let (text, value) = number(arg.expr("1")?)?;
                self.check_value(&text, arg.span())?;
                self.bounds[usize::from(key == "max")] = Some(value);
                if let [Some(min), Some(max)] = self.bounds
                    && min > max
                {
                    return Err(Error::new(arg.span(), "the minimum is above the maximum"));
                }
                let name = &arg.name;
                quote_spanned!(span=> .#name(#text))
            }
            "min_length" | "max_length" => {
                self.is(
                    arg,
                    |shape| shape == Shape::Text,
                    "only text has a length; numbers have `min` and `max`",
                )?;
                let length = length(arg, if key == "max_length" { 1 } else { 0 })?;
                self.lengths[usize::from(key == "max_length")] = Some(length);
                if let [Some(min), Some(max)] = self.lengths
                    && min > max
                {
                    return Err(Error::new(arg.span(), "the minimum length is above the maximum"));
                }
                let name = &arg.name;
                quote_spanned!(span=> .#name(#length))
            }
            "channel_types" => {
                self.is(arg, |_| false, "it is not a channel")?;
                let types = numbers(arg, CHANNEL_TYPES)?;
                quote_spanned!(span=> .channel_types(&[#(#types),*]))
            }
            "choices" => {
                let has_choices = |shape: Shape| shape == Shape::Text || shape.is_number();
                self.is(arg, has_choices, "only text and numbers can have choices")?;
                if self.completed.is_some() {
                    return Err(Error::new(arg.span(), EITHER));
                }
                let choices = self.choices(arg)?;
                quote_spanned!(span=> .choices(&[#(#choices),*]))
            }
            "autocomplete" => {
                let can_be = |shape: Shape| shape == Shape::Text || shape.is_number();
                self.is(arg, can_be, "only text and numbers can have autocomplete")?;
                if self.has_choices {
                    return Err(Error::new(arg.span(), EITHER));
                }
                self.completed = Some(arg.function("Self::names")?.clone());
                quote_spanned!(span=> .autocomplete())
            }
            _ => return Err(Error::new(arg.span(), unknown(key))),
        };
        self.calls.extend(call);
        Ok(())
    }

    /// Checks that the type has a shape that `fits`, or an unknown one.
    fn is(&self, arg: &Arg, fits: impl Fn(Shape) -> bool, otherwise: &str) -> Result<()> {
        let shape = shape(&self.of);
        if shape == Shape::Unknown || fits(shape) {
            return Ok(());
        }
        Err(Error::new(arg.span(), format!("`#[{}]` does not fit `{}`: {otherwise}", arg.key(), self.name)))
    }

    /// Checks that the type can hold the number, and that Discord can send it.
    fn check_value(&self, number: &str, span: Span) -> Result<()> {
        let Shape::Whole(min, max) = shape(&self.of) else { return Ok(()) };
        match number.parse::<i128>() {
            Ok(value) if (min..=max).contains(&value) => Ok(()),
            Ok(_) => {
                Err(Error::new(span, format!("`{}` must be from {min} to {max}, not {number}", self.name)))
            }
            Err(_) => Err(Error::new(span, format!("`{}` must be a whole number, not {number}", self.name))),
        }
    }

    /// Parses the choices `"red"`, `"Dark red" = "red"`, `1`.
    fn choices(&mut self, arg: &Arg) -> Result<Vec<TokenStream>> {
        let like = "\"red\", \"Dark blue\" = \"blue\"";
        let values = arg.values(like)?;
        if values.len() > 25 {
            return Err(Error::new(
                arg.span(),
                "Discord allows 25 choices per option; for more, use `#[autocomplete = Self::names]`",
            ));
        }
        let unfit = |value: &Expr| Error::new(value.span(), format!("write `choices({like})`"));
        let shape = shape(&self.of);
        let (mut names, mut choices) = (Vec::new(), Vec::new());
        for item in &values {
            let (name, value) = match item {
                Expr::Assign(pair) => (text(&pair.left).ok_or_else(|| unfit(&pair.left))?, &*pair.right),
                value => {
                    let number = || number(value).ok().map(|(text, _)| text);
                    (text(value).or_else(number).ok_or_else(|| unfit(value))?, value)
                }
            };
            let kind = match text(value) {
                Some(_) if shape.is_number() => {
                    let text = format!("the choices of `{}` must be numbers: `\"One\" = 1`", self.name);
                    return Err(Error::new(value.span(), text));
                }
                Some(text) => quote!(Text(#text)),
                None if shape == Shape::Text => {
                    let text = format!("the choices of `{}` must be text: `\"One\" = \"1\"`", self.name);
                    return Err(Error::new(value.span(), text));
                }
                None => {
                    let (number, _) = number(value).map_err(|_| unfit(value))?;
                    self.check_value(&number, value.span())?;
                    quote!(Number(#number))
                }
            };
            if names.contains(&name.to_lowercase()) {
                return Err(Error::new(item.span(), format!("two choices are called `{name}`")));
            }
            names.push(name.to_lowercase());
            choices.push(quote! {
                ::gearshift_cog::manifest::Choice {
                    name: #name,
                    value: ::gearshift_cog::manifest::ChoiceValue::#kind,
                    localized: &[],
                }
            });
        }
        self.has_choices = true;
        Ok(choices)
    }

    pub(super) fn span(&self) -> Span {
        self.pattern
    }

    /// The SDK's `Opt` for the parameter.
    pub(super) fn declare(&self) -> TokenStream {
        let Self { name, of, description, calls, localized, .. } = self;
        let localized = localized.call();
        let new = quote_spanned!(at(of.span())=> ::gearshift_cog::manifest::Opt::of::<#of>);
        quote!(#new(#name, #description) #calls #localized)
    }

    /// Reads the argument into a variable.
    pub(super) fn read(&self, variable: &Ident) -> TokenStream {
        let Self { name, of, .. } = self;
        // All of it has the same span: the compiler points to a type that is not an argument, rather than to the whole
        // cog.
        let read = quote_spanned! {at(of.span())=> {
            #[allow(unused_imports)]
            use ::gearshift_cog::__glue::NotReadable as _;
            ::gearshift_cog::__glue::Read::<#of>(::std::marker::PhantomData).next(&mut arguments, #name).await?
        }};
        quote!(let #variable = #read;)
    }

    /// Checks that the type is an argument, as [`declare`](Self::declare) does too.
    pub(super) fn is_argument(&self) -> TokenStream {
        let of = &self.of;
        quote_spanned!(at(of.span())=> ::gearshift_cog::__glue::is_argument::<#of>();)
    }

    /// The match arm for its autocompletion, in the command of this path.
    pub(super) fn completion(&self, path: &str) -> Option<TokenStream> {
        let (name, function) = (&self.name, self.completed.as_ref()?);
        // Errors about the type that the function returns point to its name.
        let span = at(function.span());
        let all = returned(span, quote_spanned!(span=> (#function)(self, ctx, typed)));
        let suggested = quote_spanned!(span=> ::gearshift_cog::__glue::suggestions(#all));
        Some(quote!((#path, #name) => #suggested,))
    }
}

/// Checks that required parameters come first and a list comes last.
fn in_order(all: &[Parameter]) -> Result<()> {
    for (at, parameter) in all.iter().enumerate() {
        let is_optional = |of: &Type| inside(of, "Option").or_else(|| inside(of, "Vec")).is_some();
        let before = all[..at].iter().find(|before| is_optional(&before.of));
        if let (Some(before), false) = (before, is_optional(&parameter.of)) {
            let text = format!(
                "`{}` is required but follows `{}`, which is optional; swap them, or write `Option<…>` without an alias",
                parameter.name, before.name
            );
            return Err(Error::new(parameter.pattern, text));
        }
        if inside(&parameter.of, "Vec").is_some() && at + 1 < all.len() {
            let text = format!("`{}` takes the rest of the line, so it must be last", parameter.name);
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

fn is_of_rustc(attribute: &Attribute) -> bool {
    RUSTC.iter().any(|known| attribute.path().is_ident(known))
}

fn unknown(name: &str) -> String {
    match nearest(name, KNOWN) {
        Some(known) => format!("a parameter has no attribute `{name}`; did you mean `{known}`?"),
        None => format!("a parameter has no attribute `{name}`; it has {}", KNOWN.join(", ")),
    }
}
