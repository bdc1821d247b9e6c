//! `#[listen]`: which events wake the cog, and which method handles them.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Attribute, Error, Ident, Result, Type, spanned::Spanned};

use crate::{
    args::Args,
    block::{Method, at},
    command::call,
    events,
};

const KNOWN: &[&str] = &["channels", "guilds", "skip_bots"];

pub(crate) struct Listener {
    /// The event's name, unless it follows from the type.
    name: Option<syn::LitStr>,
    of: Option<Type>,
    filter: TokenStream,
    method: Ident,
    output: Span,
    conditions: Vec<Attribute>,
}

impl Listener {
    pub(crate) fn new(attribute: &Attribute, method: &Method) -> Result<Self> {
        let like = format!("async fn {}(&self, ctx: &Context, message: Message) -> Result", method.name());
        let mut args = Args::of(attribute)?;
        let name = args.take_text();
        if let Some(name) = &name {
            let value = name.value();
            if value.is_empty() || !value.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_') {
                let text = "events have the names of Discord's gateway, such as `MESSAGE_CREATE`";
                return Err(Error::new(name.span(), text));
            }
            if let Some(near) = events::slip(&value) {
                let text = format!("Discord has no event `{value}`; did you mean `{near}`?");
                return Err(Error::new(name.span(), text));
            }
        }
        let mut filter = TokenStream::new();
        for arg in &args.0 {
            let key = &arg.name;
            filter.extend(match arg.key().as_str() {
                "channels" | "guilds" => {
                    let ids = arg.ids()?;
                    quote_spanned!(at(arg.span())=> .#key(&[#(#ids),*]))
                }
                "skip_bots" => {
                    arg.flag()?;
                    quote_spanned!(at(arg.span())=> .#key())
                }
                _ => return Err(arg.unknown("`#[listen]`", KNOWN)),
            });
        }
        let parameters = method.handler(&like)?;
        if let Some(further) = parameters.get(1) {
            return Err(Error::new_spanned(further, format!("a listener takes one event: `{like}`")));
        }
        let of = match parameters.first() {
            Some(event) => {
                if let Type::Reference(of) = &*event.ty {
                    return Err(Error::new(
                        of.span(),
                        "an event is passed by value; write its type without `&`",
                    ));
                }
                Some((*event.ty).clone())
            }
            None => None,
        };
        if let (None, None) = (&name, &of) {
            let text =
                format!("say which event: by its type, `{like}`, or by its name, `#[listen(\"READY\")]`");
            return Err(Error::new(method.name().span(), text));
        }
        Ok(Self {
            name,
            of,
            filter,
            method: method.name().clone(),
            output: method.output(),
            conditions: method.conditions(),
        })
    }

    /// The name of the event, for the declaration. If the type is not read from this event, the error points to the
    /// type.
    fn declared_name(&self) -> TokenStream {
        match (&self.name, &self.of) {
            (Some(name), Some(of)) => {
                quote_spanned!(at(of.span())=> ::gearshift_cog::event_read_as::<#of>(#name))
            }
            (Some(name), None) => quote!(#name),
            (None, of) => quote_spanned!(at(of.span())=> ::gearshift_cog::event_name::<#of>()),
        }
    }

    fn name(&self) -> TokenStream {
        match (&self.name, &self.of) {
            (Some(name), _) => quote!(#name),
            (None, of) => quote!(<#of as ::gearshift_cog::FromEvent>::NAME),
        }
    }

    fn filter(&self) -> TokenStream {
        let (name, filter) = (self.name(), &self.filter);
        // Errors that the SDK finds at compile time are reported at the filter.
        let span = filter.clone().into_iter().next().map_or_else(Span::call_site, |token| at(token.span()));
        quote_spanned!(span=> ::gearshift_cog::manifest::Filter::new(#name) #filter)
    }

    fn call(&self) -> TokenStream {
        let of = &self.of;
        let event = of.as_ref().map(|of| quote!(, <#of as ::gearshift_cog::FromEvent>::from_event(&event)?));
        call(&self.method, self.output, quote!(#event))
    }
}

pub(crate) fn expand(listeners: &[Listener]) -> TokenStream {
    if listeners.is_empty() {
        return TokenStream::new();
    }
    let events = listeners.iter().map(|listener| {
        let (conditions, name) = (&listener.conditions, listener.declared_name());
        quote!(#(#conditions)* #name)
    });
    let is_filtered = listeners.iter().any(|listener| !listener.filter.is_empty());
    // A listener without a filter gets one that matches everything: if an event has several filters, one of them must
    // match.
    let filters = is_filtered.then(|| {
        let filters = listeners.iter().map(|listener| {
            let (conditions, filter) = (&listener.conditions, listener.filter());
            quote!(#(#conditions)* #filter)
        });
        quote!(const FILTERS: &'static [::gearshift_cog::manifest::Filter] = &[#(#filters),*];)
    });
    let runs = listeners.iter().map(|listener| {
        let (conditions, call) = (&listener.conditions, listener.call());
        // A sole listener takes everything that the host lets through: checking again would mean parsing the event
        // again.
        let passes = match listener.filter.is_empty() || listeners.len() == 1 {
            true => {
                let name = listener.name();
                quote!(event.name() == #name)
            }
            false => {
                let filter = listener.filter();
                quote!(::gearshift_cog::manifest::Filter::passes(&const { #filter }, &event))
            }
        };
        match listeners {
            [_] => quote!(#(#conditions)* if #passes { #call }),
            _ => quote! {
                #(#conditions)*
                if #passes {
                    listeners.add(async { #call ::std::result::Result::Ok(()) });
                }
            },
        }
    });
    let runs = match listeners {
        [_] => quote!(#(#runs)* ::std::result::Result::Ok(())),
        _ => quote! {
            let mut listeners = ::gearshift_cog::Listeners::default();
            #(#runs)*
            listeners.run().await
        },
    };
    quote! {
        const EVENTS: &'static [&'static str] = &[#(#events),*];
        #filters

        async fn event(
            &self,
            ctx: &::gearshift_cog::Context,
            event: ::gearshift_cog::abi::Event,
        ) -> ::gearshift_cog::Result<()> {
            #runs
        }
    }
}
