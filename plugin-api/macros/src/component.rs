//! `#[button]`, `#[select]` and `#[modal]`: which ids belong to the cog, and which method answers them.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Attribute, Error, Ident, Result, spanned::Spanned};

use crate::{
    args::Args,
    block::{Method, at, inside},
    command::call,
    errors::Errors,
    pattern::Pattern,
};

pub(crate) struct Component {
    is_form: bool,
    pattern: Pattern,
    arguments: TokenStream,
    method: Ident,
    output: Span,
    conditions: Vec<Attribute>,
}

impl Component {
    pub(crate) fn new(kind: &str, attribute: &Attribute, method: &Method) -> Result<Self> {
        let name = method.name();
        let further = match kind {
            "button" => "",
            "select" => ", values: Vec<String>",
            _ => ", form: Form",
        };
        let like = format!("async fn {name}(&self, ctx: &Context{further}) -> Result");
        let mut args = Args::of(attribute)?;
        let Some(text) = args.take_text() else {
            let text = format!("say which ids it answers: `#[{kind}(\"{name}:{{id}}\")]`");
            return Err(Error::new_spanned(attribute, text));
        };
        if let Some(arg) = args.0.first() {
            return Err(Error::new(
                arg.span(),
                format!("`#[{kind}]` takes only the pattern of the `custom_id`"),
            ));
        }
        let pattern = Pattern::new(&text)?;
        if pattern.text.starts_with('{') {
            let better = format!("{name}:{}", pattern.text);
            let text = format!(
                "this also matches the ids of other cogs; start it with a word of its own: `{better}`"
            );
            return Err(Error::new(pattern.span, text));
        }
        let parameters = method.handler(&like)?;
        let last = parameters.last().map(|last| &last.ty);
        let arguments = pattern.arguments(&parameters, |name, of| {
            Ok(match kind {
                "select" if name == "values" => {
                    let Some(of) = inside(of, "Vec") else {
                        let text = "the selected values are a list: `values: Vec<String>`";
                        return Err(Error::new_spanned(of, text));
                    };
                    // All of it has the same span: the compiler points to a type that cannot be read.
                    Some(quote_spanned! {at(of.span())=> {
                        #[allow(unused_imports)]
                        use ::gearshift_cog::__chosen::ChosenArgument as _;
                        ::gearshift_cog::__chosen::Chosen::<#of>(::std::marker::PhantomData).values(ctx).await?
                    }})
                }
                "select" if inside(of, "Vec").is_some() => {
                    let text = format!("the selected values are called `values`; `{name}` is not in the pattern");
                    return Err(Error::new_spanned(of, text));
                }
                "modal" if last.is_some_and(|last| std::ptr::eq(&**last, of)) => {
                    Some(quote_spanned! {at(of.span())=> {
                        #[allow(unused_imports)]
                        use ::gearshift_cog::__glue::NotReadable as _;
                        ::gearshift_cog::__glue::is_form::<#of>();
                        ::gearshift_cog::__glue::Read::<#of>(::std::marker::PhantomData).form(ctx).await?
                    }})
                }
                "modal" => {
                    let text = format!("`{name}` is not in the pattern; the form's values come last");
                    return Err(Error::new_spanned(of, text));
                }
                _ => None,
            })
        })?;
        Ok(Self {
            is_form: kind == "modal",
            pattern,
            arguments,
            method: name.clone(),
            output: method.output(),
            conditions: method.conditions(),
        })
    }
}

pub(crate) fn expand(components: &[Component], errors: &mut Errors) -> TokenStream {
    if components.is_empty() {
        return TokenStream::new();
    }
    let mut patterns = Vec::new();
    for (at, component) in components.iter().enumerate() {
        let same = components[..at].iter().filter(|before| before.pattern.is_same(&component.pattern));
        let is_unconditional = |component: &Component| component.conditions.is_empty();
        let unconditional = components[..at]
            .iter()
            .filter(|before| before.is_form == component.is_form && before.conditions.is_empty());
        if component.conditions.is_empty() {
            errors.ok(component.pattern.check_order(unconditional.map(|before| &before.pattern)));
        }
        match same.clone().any(|before| before.is_form == component.is_form && is_unconditional(before)) {
            true if is_unconditional(component) => {
                let text = format!(
                    "two methods answer `{}`; a button and a select need different ids too",
                    component.pattern.text
                );
                errors.push(Error::new(component.pattern.span, text));
            }
            _ if same.clone().any(is_unconditional) => {}
            _ => {
                let (conditions, pattern) = (&component.conditions, &component.pattern.text);
                patterns.push(quote!(#(#conditions)* #pattern));
            }
        }
    }
    let mut in_order: Vec<&Component> = components.iter().collect();
    in_order.sort_by_key(|component| component.pattern.placeholders());
    let answers = in_order.into_iter().map(|component| {
        let Component { is_form, pattern, arguments, method, output, conditions } = component;
        let (call, variable, pattern) =
            (call(method, *output, arguments.clone()), pattern.variable(), &pattern.text);
        quote! {
            #(#conditions)*
            if let (#is_form, ::std::option::Option::Some(#variable)) =
                (is_form, ::gearshift_cog::Parts::of(#pattern, ctx.custom_id()))
            {
                #call
                return ::std::result::Result::Ok(());
            }
        }
    });
    quote! {
        const COMPONENTS: &'static [&'static str] = &[#(#patterns),*];

        async fn component(&self, ctx: &::gearshift_cog::Context) -> ::gearshift_cog::Result<()> {
            let is_form = ctx.interaction().is_some_and(|it| it.kind == ::gearshift_cog::interactions::MODAL);
            #(#answers)*
            ::std::result::Result::Ok(())
        }
    }
}
