//! The `impl` block below `#[cog]`, and its methods. Their bodies are not parsed, so an error in one is reported by
//! rustc alone.

mod documentation;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt, quote};
use syn::{
    Attribute, Error, Expr, FnArg, GenericArgument, Ident, ImplItem, Lifetime, Pat, PatType, Path,
    PathArguments, Result, ReturnType, Safety, Signature, Token, Type, Visibility, braced,
    ext::IdentExt,
    parse::{Parse, ParseStream, discouraged::Speculative},
    spanned::Spanned,
    token::Brace,
};

pub(crate) use self::documentation::{conditioned, documentation};

pub(crate) struct Block {
    pub attributes: Vec<Attribute>,
    pub cog: Type,
    /// The attributes inside of the braces: `#![allow(…)]`.
    inner: Vec<Attribute>,
    pub items: Vec<Item>,
    brace: Brace,
}

pub(crate) enum Item {
    Method(Box<Method>),
    Other(Box<ImplItem>),
}

pub(crate) struct Method {
    pub attributes: Vec<Attribute>,
    pub visibility: Visibility,
    pub signature: Signature,
    body: TokenTree,
}

impl Parse for Block {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let Ok(keyword) = input.parse::<Token![impl]>() else {
            let text = "`#[cog]` must be on the block with the cog's functions: `impl Ping { … }`";
            return Err(Error::new(input.span(), text));
        };
        if input.peek(Token![<]) {
            let text = "a cog cannot be generic: the host creates it as one type";
            return Err(Error::new(input.span(), text));
        }
        let cog: Type = input.parse()?;
        if input.peek(Token![for]) {
            let text = "`#[cog]` must be on `impl Ping { … }`, without a trait; it writes `impl Cog for Ping` itself";
            return Err(Error::new(cog.span(), text));
        }
        if let Some(lifetime) = borrowed(&cog) {
            let text = "a cog cannot borrow: the host keeps it until it unloads it; own the value, or write `'static`";
            return Err(Error::new(lifetime.span(), text));
        }
        if input.peek(Token![where]) {
            return Err(Error::new(keyword.span, "a cog cannot be generic, so it has no `where`"));
        }
        let content;
        let brace = braced!(content in input);
        let inner = content.call(Attribute::parse_inner)?;
        let mut items = Vec::new();
        while !content.is_empty() {
            items.push(content.parse()?);
        }
        Ok(Self { attributes, cog, inner, items, brace })
    }
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let ahead = input.fork();
        let method = (|| {
            let attributes = ahead.call(Attribute::parse_outer)?;
            let visibility: Visibility = ahead.parse()?;
            let signature: Signature = ahead.parse()?;
            Ok(Method { attributes, visibility, signature, body: ahead.parse()? })
        })();
        match method {
            Ok(method) => {
                input.advance_to(&ahead);
                Ok(Self::Method(Box::new(method)))
            }
            Err(error) if is_method(input) => Err(error),
            Err(_) => Ok(Self::Other(Box::new(input.parse()?))),
        }
    }
}

/// Whether the next item is a function, judging by its first words.
fn is_method(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    let _ = ahead.call(Attribute::parse_outer);
    let _ = ahead.parse::<Visibility>();
    while ahead.peek(Token![const]) || ahead.peek(Token![async]) || ahead.peek(Token![unsafe]) {
        let _ = ahead.call(Ident::parse_any);
    }
    ahead.peek(Token![fn])
}

impl ToTokens for Block {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { attributes, cog, inner, items, brace } = self;
        tokens.append_all(attributes);
        tokens.extend(quote!(impl #cog));
        brace.surround(tokens, |tokens| {
            tokens.append_all(inner);
            tokens.append_all(items);
        });
    }
}

impl ToTokens for Item {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Method(method) => method.to_tokens(tokens),
            Self::Other(item) => item.to_tokens(tokens),
        }
    }
}

impl ToTokens for Method {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.append_all(&self.attributes);
        self.visibility.to_tokens(tokens);
        self.signature.to_tokens(tokens);
        self.body.to_tokens(tokens);
    }
}

impl Method {
    pub(crate) fn name(&self) -> &Ident {
        &self.signature.ident
    }

    /// Its conditions, which the code generated for it gets as well.
    pub(crate) fn conditions(&self) -> Vec<Attribute> {
        conditions(&self.attributes)
    }

    /// Allows what its signature causes if an attribute asks for it.
    pub(crate) fn allow_signature(&mut self) {
        self.attributes.push(syn::parse_quote! {
            #[allow(
                clippy::future_not_send,
                clippy::too_many_arguments,
                clippy::unused_async,
                clippy::unused_self,
                clippy::needless_pass_by_value,
                clippy::trivially_copy_pass_by_ref,
                clippy::unnecessary_wraps,
                reason = "a handler has the signature that its attribute asks for"
            )]
        });
    }

    /// Checks that none of its parameters has a condition, as a call cannot omit an argument conditionally.
    pub(crate) fn check_parameters(&self) -> Result<()> {
        let attributes = |input: &'_ FnArg| match input {
            FnArg::Typed(input) => input.attrs.clone(),
            FnArg::Receiver(receiver) => receiver.attrs.clone(),
        };
        let mut conditions = self.signature.inputs.iter().flat_map(|input| conditions(&attributes(input)));
        match conditions.next() {
            Some(condition) => {
                let text =
                    "a parameter cannot be conditional; write the method twice, each with its own condition";
                Err(Error::new(condition.path().span(), text))
            }
            None => Ok(()),
        }
    }

    /// The first paragraph of its doc comment, with the span.
    pub(crate) fn documentation(&self) -> Result<Option<(String, Span)>> {
        documentation(&self.attributes)
    }

    /// The parameters of a handler after `&self, ctx: &Context`, if it begins with these; `like` is the expected
    /// signature.
    pub(crate) fn handler(&self, like: &str) -> Result<Vec<&PatType>> {
        let mut inputs = self.signature.inputs.iter();
        let unfit = |span: Span, what: &str| Err(Error::new(span, format!("{what}: `{like}`")));
        let name = self.name().span();
        self.is_plain(like)?;
        match inputs.next() {
            Some(FnArg::Receiver(receiver)) if is_shared(receiver) => {}
            Some(FnArg::Receiver(receiver)) => {
                let what = "handlers run concurrently, so they take `&self` \
                            (keep what changes in a `Cell` or `RefCell`)";
                return unfit(receiver.span(), what);
            }
            _ => return unfit(name, "a handler begins with `&self`"),
        }
        match inputs.next() {
            Some(FnArg::Typed(ctx)) if is_reference_to(&ctx.ty, "Context") => {}
            Some(input) if is_of_context(input) => {
                return unfit(input.span(), "the context is passed by shared reference");
            }
            Some(input) => return unfit(input.span(), "a handler takes `ctx: &Context` first"),
            None => return unfit(name, "a handler takes `ctx: &Context` first"),
        }
        Ok(inputs.filter_map(typed).collect())
    }

    /// Checks that it is async, has no type parameters and returns something; `like` is the expected signature.
    pub(crate) fn is_plain(&self, like: &str) -> Result<()> {
        let Signature { asyncness, safety, abi, fn_token, generics, output, ident, .. } = &self.signature;
        let further = match safety {
            Safety::Unsafe(token) => Some(token.span()),
            _ => abi.as_ref().map(Spanned::span),
        };
        if let Some(further) = further {
            return Err(Error::new(further, format!("it must not be `unsafe` or `extern`: `{like}`")));
        }
        if asyncness.is_none() {
            return Err(Error::new(fn_token.span, format!("it must be `async`: `{like}`")));
        }
        if !generics.params.is_empty() {
            return Err(Error::new(generics.span(), format!("it cannot be generic: `{like}`")));
        }
        let of_any = self.signature.inputs.iter().filter_map(typed);
        if let Some(any) = of_any.map(|input| &*input.ty).find(|of| matches!(of, Type::ImplTrait(_))) {
            let text = format!("it cannot be generic; write a type such as `String`: `{like}`");
            return Err(Error::new(any.span(), text));
        }
        if matches!(output, ReturnType::Default) {
            return Err(Error::new(ident.span(), format!("it must return a `Result`: `{like}`")));
        }
        Ok(())
    }

    /// The span of its return type.
    pub(crate) fn output(&self) -> Span {
        match &self.signature.output {
            ReturnType::Type(_, of) => of.span(),
            ReturnType::Default => self.name().span(),
        }
    }
}

/// The name of an attribute of this crate: `command`, also for `gearshift_cog::command`.
pub(crate) fn own_name(attribute: &Attribute) -> Option<&Ident> {
    own(attribute.path())
}

/// The same for the path of an attribute.
pub(crate) fn own(path: &Path) -> Option<&Ident> {
    let segments = &path.segments;
    let is_own = segments.len() == 1 || segments.first().is_some_and(|first| first.ident == "gearshift_cog");
    segments.last().filter(|_| is_own).map(|last| &last.ident)
}

/// The attribute of this name, which may occur only once.
pub(crate) fn only<'a>(attributes: &'a [Attribute], name: &str) -> Result<Option<&'a Attribute>> {
    let mut found = attributes.iter().filter(|attribute| attribute.path().is_ident(name));
    let first = found.next();
    match found.next() {
        Some(second) => Err(Error::new(second.path().span(), format!("`#[{name}]` is given twice"))),
        None => Ok(first),
    }
}

/// The conditions among the attributes: `#[cfg(…)]`.
pub(crate) fn conditions(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect()
}

/// A predicate that holds if the conditions of one of them hold: `any(all(unix, test), all(windows))`.
pub(crate) fn any_of<'a>(all: impl IntoIterator<Item = &'a Vec<Attribute>>) -> TokenStream {
    let all = all.into_iter().map(|conditions| {
        let predicates = conditions.iter().filter_map(|condition| {
            let predicate = &condition.meta.require_list().ok()?.tokens;
            Some(quote!(all(#predicate)))
        });
        quote!(all(#(#predicates),*))
    });
    quote!(any(#(#all),*))
}

pub(crate) fn typed(input: &FnArg) -> Option<&PatType> {
    match input {
        FnArg::Typed(typed) => Some(typed),
        FnArg::Receiver(_) => None,
    }
}

/// The name of a parameter as users see it: `type` for `r#type`, `who` for an unused `_who`.
pub(crate) fn plain_name(ident: &Ident) -> String {
    ident.unraw().to_string().trim_start_matches('_').to_owned()
}

/// The name of a parameter, without `mut`.
pub(crate) fn parameter_name(parameter: &PatType) -> Result<&Ident> {
    match &*parameter.pat {
        Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => Ok(&pattern.ident),
        pattern => {
            let text = "a handler's parameter must be a name such as `who: User`; destructure it in the body";
            Err(Error::new(pattern.span(), text))
        }
    }
}

/// The lifetime of `Ping<'a>`, unless it is `'static`.
fn borrowed(cog: &Type) -> Option<&Lifetime> {
    let Type::Path(path) = cog else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Lifetime(lifetime) if lifetime.ident != "static" => Some(lifetime),
        _ => None,
    })
}

fn is_shared(receiver: &syn::Receiver) -> bool {
    receiver.to_token_stream().to_string().replace(' ', "") == "&self"
}

/// Whether it takes the context in any form, such as by value or mutably.
fn is_of_context(input: &FnArg) -> bool {
    let of = typed(input).map(|typed| match &*typed.ty {
        Type::Reference(reference) => &*reference.elem,
        of => of,
    });
    of.and_then(last_name).is_some_and(|last| last == "Context")
}

/// The method of `Self::may`.
pub(crate) fn method_in(function: &Expr) -> Option<Ident> {
    match function {
        Expr::Path(function) if function.path.segments.len() == 2 => {
            function.path.segments.last().map(|last| last.ident.clone())
        }
        _ => None,
    }
}

/// Whether it is a shared reference to a type of this name.
fn is_reference_to(of: &Type, name: &str) -> bool {
    match of {
        Type::Reference(reference) if reference.mutability.is_none() => {
            last_name(&reference.elem).is_some_and(|last| last == name)
        }
        _ => false,
    }
}

/// `User` for `serenity::User`.
pub(crate) fn last_name(of: &Type) -> Option<String> {
    match of {
        Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
        _ => None,
    }
}

/// `User` for `Option<User>` and the name `Option`.
pub(crate) fn inside<'a>(of: &'a Type, name: &str) -> Option<&'a Type> {
    let Type::Path(path) = of else { return None };
    let segment = path.path.segments.last().filter(|segment| segment.ident == name)?;
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => match arguments.args.first()? {
            GenericArgument::Type(inner) => Some(inner),
            _ => None,
        },
        _ => None,
    }
}

/// The location of an author's token, for generated tokens: errors point to the author's code, while lints treat the
/// tokens as generated.
pub(crate) fn at(span: Span) -> Span {
    Span::call_site().located_at(span)
}
