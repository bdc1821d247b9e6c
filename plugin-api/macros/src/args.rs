//! The arguments of an attribute: `("tag add", guild_only, cooldown = "3s", guilds(1, 2))`.

use proc_macro2::Span;
use quote::ToTokens;
use syn::{
    Attribute, Error, Expr, ExprLit, Ident, Lit, LitStr, Meta, Result, Token,
    ext::IdentExt,
    parenthesized,
    parse::{Parse, ParseStream},
    parse_quote,
    punctuated::Punctuated,
    spanned::Spanned,
};

use crate::nearest::nearest;

/// An example of a snowflake.
const ID: &str = "41771983423143937";

/// One argument.
pub(crate) struct Arg {
    /// `None` for a bare value, such as a command's name.
    pub name: Option<Ident>,
    pub value: Value,
}

pub(crate) enum Value {
    /// `guild_only`
    None,
    /// `"tag add"`, `cooldown = "3s"`
    Expr(Expr),
    /// `guilds(1, 2)`
    List(Vec<Arg>, Span),
}

/// A list of arguments.
pub(crate) struct Args(pub Vec<Arg>);

impl Parse for Args {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        Ok(Self(Punctuated::<Arg, Token![,]>::parse_terminated(input)?.into_iter().collect()))
    }
}

/// The names that were already used in one place.
#[derive(Default)]
pub(crate) struct Seen(Vec<String>);

impl Seen {
    /// Checks that the name is used for the first time.
    pub(crate) fn once(&mut self, arg: &Arg) -> Result<()> {
        let key = arg.key();
        if arg.name.is_some() && self.0.contains(&key) {
            return Err(Error::new(arg.span(), format!("`{key}` is given twice")));
        }
        self.0.push(key);
        Ok(())
    }
}

impl Value {
    /// The value of `#[name]`, `#[name(…)]` or `#[name = value]`.
    pub(crate) fn of(attribute: &Attribute) -> Result<Self> {
        Ok(match &attribute.meta {
            Meta::Path(_) => Self::None,
            Meta::List(list) => Self::List(Args::of(attribute)?.0, list.span()),
            Meta::NameValue(pair) => Self::Expr(pair.value.clone()),
        })
    }
}

impl Parse for Arg {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if !input.peek(Ident::peek_any) || input.peek2(Token![::]) {
            return Ok(Self { name: None, value: Value::Expr(input.parse()?) });
        }
        let name: Ident = input.call(Ident::parse_any)?;
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Value::Expr(input.parse()?)
        } else if input.peek(syn::token::Paren) {
            let content;
            let brackets = parenthesized!(content in input);
            Value::List(content.parse::<Args>()?.each_once()?.0, brackets.span.join())
        } else {
            Value::None
        };
        Ok(Self { name: Some(name), value })
    }
}

impl Args {
    /// The arguments of `#[name]`, `#[name(…)]` or `#[name = value]`.
    pub(crate) fn of(attribute: &Attribute) -> Result<Self> {
        match &attribute.meta {
            Meta::Path(_) => Ok(Self(Vec::new())),
            Meta::List(list) => list.parse_args::<Self>()?.each_once(),
            Meta::NameValue(pair) => {
                Ok(Self(vec![Arg { name: None, value: Value::Expr(pair.value.clone()) }]))
            }
        }
    }

    /// Checks that no name is used twice.
    fn each_once(self) -> Result<Self> {
        let mut seen = Seen::default();
        self.0.iter().try_for_each(|arg| seen.once(arg))?;
        Ok(self)
    }

    /// Removes and returns the first argument if it is a bare text.
    pub(crate) fn take_text(&mut self) -> Option<LitStr> {
        let text = self.0.first().filter(|arg| arg.name.is_none())?.as_text()?;
        self.0.remove(0);
        Some(text)
    }
}

impl Arg {
    pub(crate) fn span(&self) -> Span {
        match (&self.name, &self.value) {
            (Some(name), _) => name.span(),
            (None, Value::Expr(value)) => value.span(),
            (None, Value::List(_, span)) => *span,
            (None, Value::None) => Span::call_site(),
        }
    }

    /// The name as text; empty for a bare value.
    pub(crate) fn key(&self) -> String {
        self.name.as_ref().map(|name| name.unraw().to_string()).unwrap_or_default()
    }

    /// Checks that it is only `name`.
    pub(crate) fn flag(&self) -> Result<()> {
        match &self.value {
            Value::None => Ok(()),
            _ => Err(Error::new(self.span(), format!("`{}` takes no value", self.key()))),
        }
    }

    /// The text of `name = "…"`; `like` is an example of one.
    pub(crate) fn text(&self, like: &str) -> Result<LitStr> {
        self.as_text().ok_or_else(|| self.unfit(&format!(" = \"{like}\"")))
    }

    /// The value of `name = value`.
    pub(crate) fn expr(&self, like: &str) -> Result<&Expr> {
        match &self.value {
            Value::Expr(value) => Ok(value),
            _ => Err(self.unfit(&format!(" = {like}"))),
        }
    }

    /// The function of `name = Self::function`.
    pub(crate) fn function(&self, like: &str) -> Result<&Expr> {
        let Some(text) = self.as_text() else { return self.expr(like) };
        let name = text.value();
        let like =
            if syn::parse_str::<Ident>(&name).is_ok() { format!("Self::{name}") } else { like.to_owned() };
        let what = format!("write the function without quotation marks: `{} = {like}`", self.key());
        Err(Error::new(text.span(), what))
    }

    /// The arguments of `name(…)`.
    pub(crate) fn list(&self, like: &str) -> Result<&[Arg]> {
        match &self.value {
            Value::List(list, _) if !list.is_empty() => Ok(list),
            _ => Err(self.unfit(&format!("({like})"))),
        }
    }

    /// The bare values of `name(…)`.
    pub(crate) fn values(&self, like: &str) -> Result<Vec<Expr>> {
        let value = |arg: &Arg| match arg {
            Arg { name: None, value: Value::Expr(value) } => Ok(value.clone()),
            // A constant.
            Arg { name: Some(name), value: Value::None } => Ok(parse_quote!(#name)),
            _ => Err(Error::new(arg.span(), format!("write `{}({like})`", self.key()))),
        };
        let values: Vec<Expr> = self.list(like)?.iter().map(value).collect::<Result<_>>()?;
        let text = |value: &Expr| value.to_token_stream().to_string();
        for (at, value) in values.iter().enumerate() {
            if values[..at].iter().any(|before| text(before) == text(value)) {
                return Err(Error::new(value.span(), format!("`{}` is given twice", text(value))));
            }
        }
        Ok(values)
    }

    /// The snowflakes of `name(1, 2)`.
    pub(crate) fn ids(&self) -> Result<Vec<Expr>> {
        let ids = self.values(ID)?;
        for id in &ids {
            let is_id = match id {
                Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => {
                    number.base10_parse::<u64>().is_ok_and(|number| number > 0)
                }
                // A constant.
                Expr::Path(_) => true,
                _ => false,
            };
            if !is_id {
                let text = format!("an id is a number other than 0: `{}({ID})`", self.key());
                return Err(Error::new(id.span(), text));
            }
        }
        Ok(ids)
    }

    /// The texts of `name("…", "…")`.
    pub(crate) fn texts(&self, like: &str) -> Result<Vec<LitStr>> {
        let text = |arg: &Arg| arg.as_text().filter(|_| arg.name.is_none());
        self.list(like)?
            .iter()
            .map(|arg| {
                text(arg).ok_or_else(|| Error::new(arg.span(), format!("write `{}({like})`", self.key())))
            })
            .collect()
    }

    fn as_text(&self) -> Option<LitStr> {
        match &self.value {
            Value::Expr(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => Some(text.clone()),
            _ => None,
        }
    }

    fn unfit(&self, like: &str) -> Error {
        Error::new(self.span(), format!("write `{}{like}`", self.key()))
    }

    /// The error that the argument does not exist, with the name that was probably meant.
    pub(crate) fn unknown(&self, of: &str, known: &[&str]) -> Error {
        let key = self.key();
        let text = match nearest(&key, known) {
            _ if key.is_empty() => format!("{of} takes {}", known.join(", ")),
            Some(known) => format!("{of} does not take `{key}`; did you mean `{known}`?"),
            None => format!("{of} does not take `{key}`; it takes {}", known.join(", ")),
        };
        Error::new(self.span(), text)
    }
}
