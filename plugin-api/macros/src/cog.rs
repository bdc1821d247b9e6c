//! `#[cog]`: parses the block and generates the `impl Cog` that an author could have written.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Attribute, Error, Expr, Ident, LitStr, Meta, Result, Type, spanned::Spanned};

use crate::{
    args::{Arg, Args, Seen, Value},
    block::{Block, Item, Method, at, conditioned, conditions, method_in, own, own_name},
    command::{self, Command, Group, Lost},
    component::{self, Component},
    errors::Errors,
    hooks::{self, Hook},
    listen::{self, Listener},
    nearest::nearest,
    state::{self, Saved, Step},
    task::{self, Task},
};

/// The options of `#[cog(…)]`.
const KNOWN: &[&str] = &["export", "group", "handles", "name", "saved", "settings", "state", "unit"];

/// The attributes of a cog's methods.
pub(crate) const ATTRIBUTES: &[&str] = &[
    "button",
    "check",
    "command",
    "cron",
    "daily",
    "every",
    "listen",
    "message_menu",
    "migrate",
    "modal",
    "on_error",
    "select",
    "setup",
    "task",
    "teardown",
    "user_menu",
];

/// Attributes of rustc that look like a misspelled one of ours.
const NOT_OURS: &[&str] =
    &["deny", "test", "cold", "allow", "cfg", "doc", "warn", "inline", "expect", "must_use"];

/// The parsed options of `#[cog(…)]`.
struct Options {
    /// What is missing because of errors in the options: names of options, and paths of groups.
    lost: Vec<String>,
    lost_groups: Vec<String>,
    name: Option<LitStr>,
    is_exported: bool,
    settings: Option<Type>,
    /// The handles that it declares, if any.
    handles: Option<Vec<LitStr>>,
    saved: Option<Saved>,
    /// The span of `unit`.
    unit: Option<Span>,
    groups: Vec<Group>,
}

/// The parsed methods of the block.
#[derive(Default)]
struct Parts {
    commands: Vec<Command>,
    /// Paths of commands that are missing because of errors.
    lost_commands: Vec<String>,
    components: Vec<Component>,
    listeners: Vec<Listener>,
    tasks: Vec<Task>,
    steps: Vec<Step>,
    setup: Vec<Hook>,
    teardown: Vec<Hook>,
    on_error: Vec<Hook>,
    check: Vec<Hook>,
}

pub(crate) fn expand(options: Args, mut block: Block) -> TokenStream {
    let mut errors = Errors::default();
    let options = Options::read(&options.0, &mut errors);
    let mut parts = Parts::default();
    for item in &mut block.items {
        if let Item::Method(method) = item {
            parts.take(method, &options, &mut errors);
        }
    }
    let named = parts.named(&options.groups);
    for item in &mut block.items {
        if let Item::Method(method) = item
            && named.contains(method.name())
        {
            method.allow_signature();
        }
    }
    if let Some(Saved { field: None, span, .. }) = &options.saved
        && let Some(setup) = parts.setup.iter().find(|setup| setup.takes_settings)
    {
        let text = format!(
            "restoring the state would replace everything that `{}` made, including the settings; keep it in a field: \
             `saved = counts`",
            setup.method
        );
        errors.push(Error::new(*span, text));
    }
    let cog = &block.cog;
    let setup = hooks::expand_setup(&parts.setup, cog, options.settings.as_ref());
    if options.has_lost("state") {
        parts.steps.clear();
    }
    let state = state::expand(options.saved.as_ref(), parts.steps, &mut errors);
    let events = listen::expand(&parts.listeners);
    let lost = Lost { groups: &options.lost_groups, commands: &parts.lost_commands };
    let commands = command::expand(&options.groups, &parts.commands, &parts.check, &lost, &mut errors);
    let components = component::expand(&parts.components, &mut errors);
    let tasks = task::expand(&parts.tasks, &mut errors);
    let unit = options.unit.and_then(|unit| declare(unit, cog, options.saved.is_some(), &mut errors));
    let on_error = hooks::expand_on_error(&parts.on_error);
    let teardown = hooks::expand_teardown(&parts.teardown);
    // With errors, generates only the block and an empty cog: errors about a missing part or a missing cog would hide
    // them.
    if let Some(error) = errors.into_inner() {
        let (error, conditions) = (error.into_compile_error(), conditions(&block.attributes));
        return quote! {
            #unit
            #block
            #error
            #(#conditions)*
            impl ::gearshift_cog::Cog for #cog {
                async fn setup(_: ::gearshift_cog::Host) -> ::gearshift_cog::Result<Self> {
                    ::std::unreachable!()
                }
            }
        };
    }
    let handles = options.handles.as_deref().map(declare_handles);
    let name = options.name.map(|name| quote!(, name = #name));
    let conditions = conditions(&block.attributes);
    let unit = unit.map(|unit| quote!(#(#conditions)* #unit));
    let export = options.is_exported.then(|| quote!(#(#conditions)* ::gearshift_cog::export!(#cog #name);));
    quote! {
        #unit

        #block

        #(#conditions)*
        #[allow(clippy::future_not_send)]
        impl ::gearshift_cog::Cog for #cog {
            #handles
            #setup
            #state
            #events
            #commands
            #components
            #tasks
            #on_error
            #teardown
        }

        #export
    }
}

impl Options {
    fn read(args: &[Arg], errors: &mut Errors) -> Self {
        let mut options = Self {
            lost: Vec::new(),
            lost_groups: Vec::new(),
            name: None,
            is_exported: true,
            settings: None,
            handles: None,
            saved: None,
            unit: None,
            groups: Vec::new(),
        };
        let mut field = None;
        let mut seen = Seen::default();
        for arg in args {
            // A cog can have many groups.
            let is_new = if arg.key() == "group" { Ok(()) } else { seen.once(arg) };
            let set = is_new.and_then(|()| options.set(arg, &mut field));
            if errors.ok(set).is_none() {
                options.lost.push(arg.key());
                options.lost_groups.extend(Group::path_in(arg));
            }
        }
        match (&mut options.saved, field) {
            (Some(saved), field) => saved.field = field,
            (None, Some(field)) => {
                let text = "a saved field needs a version: `#[cog(state = 1, saved = counts)]`";
                errors.push(Error::new(field.span(), text));
            }
            (None, None) => {}
        }
        options
    }

    /// Whether an option is given but invalid: its consequences are not reported as errors.
    fn has_lost(&self, key: &str) -> bool {
        self.lost.iter().any(|lost| lost == key)
    }

    fn set(&mut self, arg: &Arg, field: &mut Option<Ident>) -> Result<()> {
        match arg.key().as_str() {
            "name" => self.name = Some(arg.text("ping")?),
            "export" => self.is_exported = is_true(arg.expr("false")?)?,
            "settings" => self.settings = Some(as_type(arg.expr("Settings")?)?),
            "handles" => self.handles = Some(words(arg)?),
            "state" => {
                self.saved = Some(Saved { version: state::version(arg)?, span: arg.span(), field: None })
            }
            "saved" => *field = Some(as_field(arg.expr("counts")?)?),
            "group" => self.groups.push(Group::new(arg)?),
            "unit" => {
                arg.flag()?;
                self.unit = Some(arg.span());
            }
            _ => return Err(arg.unknown("`#[cog]`", KNOWN)),
        }
        Ok(())
    }
}

impl Parts {
    /// Removes a method's attribute and records what it declares.
    fn take(&mut self, method: &mut Method, options: &Options, errors: &mut Errors) {
        let own = |attribute: &Attribute| {
            let name = own_name(attribute)?.to_string();
            ATTRIBUTES.iter().copied().find(|known| *known == name)
        };
        let mut found = Vec::new();
        method.attributes.retain(|attribute| match own(attribute) {
            Some(kind) => {
                found.push((kind, attribute.clone()));
                false
            }
            None => true,
        });
        method.attributes.retain(|attribute| match slip(attribute).or_else(|| conditional(attribute)) {
            Some(error) => {
                errors.push(error);
                false
            }
            None => true,
        });
        let mut found = found.into_iter();
        let Some((kind, attribute)) = found.next() else { return };
        if let Some((other, second)) = found.next() {
            let text =
                format!("this method is already a `#[{kind}]`; `#[{other}]` needs a method of its own");
            errors.push(Error::new(second.path().span(), text));
        }
        let taken = method.check_parameters().and_then(|()| self.read(kind, &attribute, method, options));
        if errors.ok(taken).is_none() && kind == "command" {
            self.lost_commands.extend(Command::path_in(&attribute));
        }
        method.allow_signature();
    }

    /// The names of the methods that the attributes name: `check = Self::may`, `#[autocomplete = Self::names]`.
    fn named(&self, groups: &[Group]) -> Vec<Ident> {
        let of_groups = groups.iter().filter_map(Group::check);
        let all = of_groups.chain(self.commands.iter().flat_map(Command::functions));
        all.filter_map(method_in).collect()
    }

    fn read(
        &mut self,
        kind: &str,
        attribute: &Attribute,
        method: &mut Method,
        options: &Options,
    ) -> Result<()> {
        match kind {
            "command" => self.commands.push(Command::slash(attribute, method)?),
            "user_menu" | "message_menu" => self.commands.push(Command::menu(attribute, method)?),
            "button" | "select" | "modal" => self.components.push(Component::new(kind, attribute, method)?),
            "listen" => self.listeners.push(Listener::new(attribute, method)?),
            "every" | "daily" | "cron" | "task" => self.tasks.push(Task::new(kind, attribute, method)?),
            "migrate" => self.steps.push(Step::new(attribute, method)?),
            // Its parameter may be the settings whose option is invalid.
            "setup" if options.has_lost("settings") => {}
            "setup" => once(&mut self.setup, attribute, Hook::setup(method, options.settings.as_ref())?)?,
            "teardown" => once(&mut self.teardown, attribute, Hook::teardown(method)?)?,
            "on_error" => once(&mut self.on_error, attribute, Hook::on_error(method)?)?,
            _ => once(&mut self.check, attribute, Hook::check(method)?)?,
        }
        Ok(())
    }
}

/// The words of `handles("store")`; `handles()` is for a cog that needs no handles.
fn words(arg: &Arg) -> Result<Vec<LitStr>> {
    match &arg.value {
        Value::List(list, _) if list.is_empty() => Ok(Vec::new()),
        _ => arg.texts("\"store\""),
    }
}

/// The compiler checks, at each word, that the handle exists.
fn declare_handles(words: &[LitStr]) -> TokenStream {
    let words = words
        .iter()
        .map(|word| quote_spanned!(at(word.span())=> const { ::gearshift_cog::manifest::handle(#word) }));
    quote! {
        const HANDLES: ::core::option::Option<&'static [&'static str]> =
            ::core::option::Option::Some(&[#(#words),*]);
    }
}

/// Declares the struct of a cog without fields. If it exists already, the error points to `unit`.
fn declare(unit: Span, cog: &Type, is_saved: bool, errors: &mut Errors) -> Option<TokenStream> {
    if is_saved {
        let text = "a cog that keeps state needs fields; leave `unit` out and write its struct";
        errors.push(Error::new(unit, text));
    }
    let Some(name) = as_name(cog) else {
        let text = "`unit` declares the struct here, so it needs a plain name: `impl Ping { … }`";
        errors.push(Error::new(cog.span(), text));
        return None;
    };
    Some(quote_spanned! {at(unit)=>
        #[derive(::std::default::Default)]
        struct #name;
    })
}

fn as_name(of: &Type) -> Option<&Ident> {
    match of {
        Type::Path(path) if path.qself.is_none() => path.path.get_ident(),
        _ => None,
    }
}

fn once(slot: &mut Vec<Hook>, attribute: &Attribute, hook: Hook) -> Result<()> {
    if let Err(syn::Meta::List(list)) = attribute.meta.require_path_only().map_err(|_| attribute.meta.clone())
    {
        return Err(Error::new(list.span(), "this attribute takes no arguments"));
    }
    let is_unconditional = |hook: &&Hook| hook.conditions.is_empty();
    if let (Some(first), true) = (slot.iter().find(is_unconditional), hook.conditions.is_empty()) {
        let text = format!("a cog can have only one, and `{}` already is it", first.method);
        return Err(Error::new(attribute.path().span(), text));
    }
    slot.push(hook);
    Ok(())
}

/// An attribute that looks like a misspelled one of ours.
fn slip(attribute: &Attribute) -> Option<Error> {
    let name = attribute.path().get_ident()?;
    let text = name.to_string();
    if NOT_OURS.contains(&text.as_str()) {
        return None;
    }
    let near = nearest(&text, ATTRIBUTES)?;
    Some(Error::new(name.span(), format!("there is no attribute `{text}`; did you mean `{near}`?")))
}

/// An attribute of ours, or a condition, that is itself conditional. The attributes of a block are not expanded when
/// `#[cog]` reads it, so nothing could be generated for it.
fn conditional(attribute: &Attribute) -> Option<Error> {
    let is_read = |meta: &Meta| {
        let is_ours = own(meta.path()).is_some_and(|name| ATTRIBUTES.iter().any(|known| name == known));
        is_ours || meta.path().is_ident("cfg")
    };
    let meta = conditioned(attribute).into_iter().find(is_read)?;
    let text = "this cannot depend on a condition; write the method twice, each with its own `#[cfg(…)]`";
    Some(Error::new(meta.path().span(), text))
}

fn is_true(value: &Expr) -> Result<bool> {
    match value {
        Expr::Lit(lit) => match &lit.lit {
            syn::Lit::Bool(value) => Ok(value.value),
            _ => Err(Error::new(value.span(), "write `true` or `false`")),
        },
        _ => Err(Error::new(value.span(), "write `true` or `false`")),
    }
}

fn as_type(value: &Expr) -> Result<Type> {
    match value {
        Expr::Path(path) => syn::parse2(quote!(#path)),
        _ => Err(Error::new(value.span(), "write the type of the settings: `settings = Settings`")),
    }
}

fn as_field(value: &Expr) -> Result<Ident> {
    match value {
        Expr::Path(path) => path.path.get_ident().cloned(),
        _ => None,
    }
    .ok_or_else(|| Error::new(value.span(), "write the name of the field that is saved: `saved = counts`"))
}
