//! `#[setup]`, `#[teardown]`, `#[on_error]` and `#[check]`: functions that a cog has at most once.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Attribute, Error, FnArg, Ident, Result, Type};

use crate::{
    block::{Method, any_of, at, last_name, typed},
    command::returned,
};

/// A method that a cog has at most once; with conditions, once per condition.
pub(crate) struct Hook {
    pub method: Ident,
    /// The span of its return type.
    pub output: Span,
    pub conditions: Vec<Attribute>,
    /// For a setup: whether it takes the settings.
    pub takes_settings: bool,
    call: TokenStream,
}

impl Hook {
    /// Parses `async fn build(host: Host) -> Result<Self>`, optionally with the settings after the host.
    pub(crate) fn setup(method: &Method, settings: Option<&Type>) -> Result<Self> {
        let name = method.name();
        let further = if settings.is_some() { ", settings: Settings" } else { "" };
        let like = format!("async fn {name}(host: Host{further}) -> Result<Self>");
        method.is_plain(&like)?;
        let inputs: Vec<&FnArg> = method.signature.inputs.iter().collect();
        let is_host = |input: &FnArg| {
            typed(input).is_some_and(|input| last_name(&input.ty).is_some_and(|it| it == "Host"))
        };
        let arguments = match (&inputs[..], settings) {
            ([host], _) if is_host(host) => quote!(host),
            ([host, FnArg::Typed(_)], Some(settings)) if is_host(host) => {
                quote!(host, ::gearshift_cog::Host::settings::<#settings>(&settings_host)?)
            }
            ([_, further, ..], None) if is_host(inputs[0]) => {
                let text = format!(
                    "to read settings, name their type: `#[cog(settings = Settings)]`; otherwise: `{like}`"
                );
                return Err(Error::new_spanned(further, text));
            }
            _ => {
                return Err(Error::new(
                    name.span(),
                    format!("a setup takes the handles and returns the cog: `{like}`"),
                ));
            }
        };
        let clone = (inputs.len() == 2).then(|| quote!(let settings_host = host.clone();));
        let span = at(method.output());
        let built = returned(span, quote_spanned!(span=> Self::#name(#arguments)));
        let this = quote_spanned!(span=> let this: Self = #built;);
        let call = quote!(#clone #this ::std::result::Result::Ok(this));
        Ok(Self { takes_settings: inputs.len() == 2, ..Self::of(method, call) })
    }

    fn of(method: &Method, call: TokenStream) -> Self {
        Self {
            method: method.name().clone(),
            output: method.output(),
            conditions: method.conditions(),
            takes_settings: false,
            call,
        }
    }

    /// Parses `async fn leave(&self) -> Result`.
    pub(crate) fn teardown(method: &Method) -> Result<Self> {
        let name = method.name();
        let like = format!("async fn {name}(&self) -> Result");
        method.is_plain(&like)?;
        match method.signature.inputs.iter().collect::<Vec<_>>()[..] {
            [FnArg::Receiver(_)] => Ok(Self::of(method, ended(method, quote!(self)))),
            _ => Err(Error::new(
                name.span(),
                format!("a teardown has no context and takes only `&self`: `{like}`"),
            )),
        }
    }

    /// Parses `async fn failed(&self, ctx: &Context, error: Error) -> Result`.
    pub(crate) fn on_error(method: &Method) -> Result<Self> {
        let name = method.name();
        let like = format!("async fn {name}(&self, ctx: &Context, error: Error) -> Result");
        match method.handler(&like)?[..] {
            [error] if last_name(&error.ty).is_some_and(|name| name == "Error") => {
                Ok(Self::of(method, ended(method, quote!(self, ctx, error))))
            }
            _ => Err(Error::new(name.span(), format!("it takes the context and the error: `{like}`"))),
        }
    }

    /// Parses `async fn may(&self, ctx: &Context) -> Result<bool>`.
    pub(crate) fn check(method: &Method) -> Result<Self> {
        let name = method.name();
        let like = format!("async fn {name}(&self, ctx: &Context) -> Result<bool>");
        match method.handler(&like)?[..] {
            [] => Ok(Self::of(method, TokenStream::new())),
            [further, ..] => {
                Err(Error::new_spanned(further, format!("a check takes only the context: `{like}`")))
            }
        }
    }
}

/// Calls a method that returns no value.
fn ended(method: &Method, arguments: TokenStream) -> TokenStream {
    let (span, name) = (at(method.output()), method.name());
    let result = returned(span, quote_spanned!(span=> Self::#name(#arguments)));
    quote_spanned!(span=> let () = #result;)
}

pub(crate) fn expand_setup(hooks: &[Hook], cog: &Type, settings: Option<&Type>) -> TokenStream {
    let reads = settings.map(|of| {
        quote!(
            const SETTINGS: ::std::option::Option<::gearshift_cog::SettingsType> =
                ::std::option::Option::Some(::gearshift_cog::SettingsType::of::<#of>());
        )
    });
    let written = hooks.iter().map(|Hook { conditions, call, .. }| {
        quote! {
            #(#conditions)*
            async fn setup(host: ::gearshift_cog::Host) -> ::gearshift_cog::Result<Self> {
                #call
            }
        }
    });
    // The default, for when no setup is compiled in.
    let default = hooks.iter().all(|hook| !hook.conditions.is_empty()).then(|| {
        let any = any_of(hooks.iter().map(|hook| &hook.conditions));
        let condition = (!hooks.is_empty()).then(|| quote!(#[cfg(not(#any))]));
        let span = at(syn::spanned::Spanned::span(cog));
        let default = quote_spanned!(span=> ::gearshift_cog::__glue::default::<#cog>());
        quote! {
            #condition
            async fn setup(host: ::gearshift_cog::Host) -> ::gearshift_cog::Result<Self> {
                let _ = host;
                ::std::result::Result::Ok(#default)
            }
        }
    });
    quote!(#reads #(#written)* #default)
}

pub(crate) fn expand_teardown(hooks: &[Hook]) -> TokenStream {
    let written = hooks.iter().map(|Hook { conditions, call, .. }| {
        quote! {
            #(#conditions)*
            async fn teardown(&self) -> ::gearshift_cog::Result<()> {
                #call
                ::std::result::Result::Ok(())
            }
        }
    });
    quote!(#(#written)*)
}

pub(crate) fn expand_on_error(hooks: &[Hook]) -> TokenStream {
    let written = hooks.iter().map(|Hook { conditions, call, .. }| {
        quote! {
            #(#conditions)*
            async fn on_error(
                &self,
                ctx: &::gearshift_cog::Context,
                error: ::gearshift_cog::Error,
            ) -> ::gearshift_cog::Result<()> {
                #call
                ::std::result::Result::Ok(())
            }
        }
    });
    quote!(#(#written)*)
}
