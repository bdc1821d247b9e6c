//! `#[cog(state = 2)]` and `#[migrate(1)]`: what is saved, and how older versions of it are read.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Attribute, Error, FnArg, Ident, Result, ReturnType, Type, spanned::Spanned};

use crate::{
    args::{Arg, Args, Value},
    block::{Method, at, last_name},
    errors::Errors,
};

/// The state of a cog.
pub(crate) struct Saved {
    pub version: u32,
    pub span: proc_macro2::Span,
    /// The field that is saved; `None` if the whole cog is saved.
    pub field: Option<Ident>,
}

/// A migration from a version to the next.
pub(crate) struct Step {
    from: u32,
    span: proc_macro2::Span,
    of: Type,
    /// The span of its return type.
    output: proc_macro2::Span,
    can_fail: bool,
    method: Ident,
    conditions: Vec<Attribute>,
}

/// Parses the number of `state = 1`.
pub(crate) fn version(arg: &Arg) -> Result<u32> {
    let number = match &arg.value {
        Value::Expr(syn::Expr::Lit(lit)) => match &lit.lit {
            syn::Lit::Int(number) => number.base10_parse().ok(),
            _ => None,
        },
        _ => None,
    };
    number.ok_or_else(|| Error::new(arg.span(), "write the version of the state as a number: `state = 1`"))
}

impl Step {
    pub(crate) fn new(attribute: &Attribute, method: &Method) -> Result<Self> {
        let like = "#[migrate(1)] fn second(old: V1) -> V2";
        let unfit = |span| {
            Error::new(span, format!("a step takes a version of the state and returns the next: `{like}`"))
        };
        let mut args = Args::of(attribute)?;
        let from = match (args.0.pop(), args.0.is_empty()) {
            (Some(arg), true) => version(&arg).ok(),
            _ => None,
        };
        let text = "name the version that the step starts from: `#[migrate(1)]`";
        let from = from.ok_or_else(|| Error::new_spanned(attribute, text))?;
        let signature = &method.signature;
        if let Some(asyncness) = &signature.asyncness {
            return Err(unfit(asyncness.span));
        }
        let (Some(FnArg::Typed(old)), 1) = (signature.inputs.first(), signature.inputs.len()) else {
            return Err(unfit(method.name().span()));
        };
        if let Type::Reference(of) = &*old.ty {
            return Err(Error::new(of.span(), format!("the old state is passed by value: `{like}`")));
        }
        if !signature.generics.params.is_empty() {
            return Err(unfit(signature.generics.span()));
        }
        let ReturnType::Type(_, to) = &signature.output else { return Err(unfit(method.name().span())) };
        Ok(Self {
            from,
            span: attribute.path().span(),
            of: (*old.ty).clone(),
            output: method.output(),
            can_fail: last_name(to).is_some_and(|name| name == "Result"),
            method: method.name().clone(),
            conditions: method.conditions(),
        })
    }
}

pub(crate) fn expand(saved: Option<&Saved>, mut steps: Vec<Step>, errors: &mut Errors) -> TokenStream {
    let Some(Saved { version, span, field }) = saved else {
        if let Some(step) = steps.first() {
            errors.push(Error::new(
                step.span,
                "the cog keeps no state; declare its version: `#[cog(state = 2)]`",
            ));
        }
        return TokenStream::new();
    };
    steps.sort_by_key(|step| step.from);
    check(*version, *span, &steps, errors);
    let place = match field {
        Some(field) => quote!(self.#field),
        None => quote!(*self),
    };
    let arms = steps.iter().enumerate().map(|(number, step)| {
        let Step { from, of, conditions, .. } = step;
        // With conditions, there can be several steps from the same version.
        let behind = steps[number + 1..].iter().filter(|other| other.from > *from);
        let all: Vec<&Step> = [step].into_iter().chain(behind).collect();
        let steps = all.iter().map(|Step { method, of, can_fail, conditions, .. }| {
            let failing = can_fail.then(|| quote!(?));
            // A step that does not fit the one before it is reported at the type of its parameter.
            let next = quote_spanned!(at(of.span())=> Self::#method(state));
            quote!(#(#conditions)* let state = #next #failing;)
        });
        let last = all.last().map_or(step.output, |last| last.output);
        let kept = quote_spanned!(at(last)=> #place = state;);
        // Missing serde traits are reported at the type of the step's parameter.
        let read = quote_spanned!(at(of.span())=> ::gearshift_cog::__glue::read_state::<#of>(&state)?);
        quote! {
            #(#conditions)*
            #from => {
                let state = #read;
                #(#steps)*
                #kept
            }
        }
    });
    let first = steps.first().map_or(*version, |step| step.from);
    let readable = match *version - first.min(*version) {
        0 => format!("version {version}"),
        1 => format!("versions {first} and {version}"),
        _ => format!("versions {first} to {version}"),
    };
    // Missing serde traits are reported at the option for the state.
    let span = at(*span);
    let read = quote_spanned!(span=> ::gearshift_cog::__glue::read_state);
    let write = quote_spanned!(span=> ::gearshift_cog::__glue::write_state);
    let unreadable = format!("this cog reads state of {readable}, but got version {{}}");
    quote! {
        fn restore(&mut self, state: ::gearshift_cog::State) -> ::gearshift_cog::Result<()> {
            match state.version {
                #(#arms)*
                #version => #place = #read(&state)?,
                other => {
                    return ::std::result::Result::Err(::gearshift_cog::Error::new(
                        ::std::format_args!(#unreadable, other),
                    ));
                }
            }
            ::std::result::Result::Ok(())
        }

        fn save(&self) -> ::gearshift_cog::Result<::std::option::Option<::gearshift_cog::State>> {
            #write(#version, &#place).map(::std::option::Option::Some)
        }
    }
}

/// Checks that the steps lead to the version without a gap.
fn check(version: u32, span: proc_macro2::Span, steps: &[Step], errors: &mut Errors) {
    let Some(last) = steps.last() else { return };
    for step in steps.iter().filter(|step| step.from >= version) {
        let text = match step.from.checked_add(1) {
            Some(next) => format!("this step leads to version {next}; write `state = {next}`"),
            None => "there is no version after this one".to_owned(),
        };
        errors.push(Error::new(step.span, text));
    }
    for pair in steps.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        if before.from == after.from && before.conditions.is_empty() && after.conditions.is_empty() {
            errors.push(Error::new(after.span, format!("two steps start from version {}", after.from)));
        } else if let Some(missing) = between(before.from, after.from) {
            let text = format!(
                "no step leads from version {missing} to {}; write `#[migrate({missing})]`",
                after.from
            );
            errors.push(Error::new(after.span, text));
        }
    }
    if let Some(missing) = between(last.from, version) {
        let text =
            format!("no step leads from version {missing} to {version}; write `#[migrate({missing})]`");
        errors.push(Error::new(span, text));
    }
}

/// The version after `from`, if it is before `to`.
fn between(from: u32, to: u32) -> Option<u32> {
    from.checked_add(1).filter(|next| *next < to)
}
