//! Commands, groups and menus: what is declared, and which method answers.

mod parameter;
mod settings;
mod tree;
mod value;

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Attribute, Error, Expr, Ident, LitStr, Result, Type, ext::IdentExt};

use crate::{
    args::Args,
    block::{Method, at, last_name, own_name},
    errors::Errors,
    hooks::Hook,
};

pub(crate) use self::settings::{Localized, check_translated};
use self::{
    parameter::Parameter,
    settings::{COMMAND, GROUP, MENU, Settings, check_description, check_menu_name, check_name},
};

/// Discord's command types.
const SLASH: u8 = 1;
const USER: u8 = 2;
const MESSAGE: u8 = 3;

/// Discord's limit of options per command.
const OPTIONS_MAX: usize = 25;

/// Types that a menu of this kind is never opened on.
const NO_USER: &[&str] = &["Message", "MessageId", "Role", "RoleId", "GuildChannel", "Channel", "ChannelId"];
const NO_MESSAGE: &[&str] =
    &["User", "UserId", "Member", "UserOrRole", "Role", "RoleId", "GuildChannel", "Channel", "ChannelId"];

/// A command or an entry of a menu, with the method that answers it.
pub(crate) struct Command {
    kind: u8,
    /// Its names from the top level down: `tag add`.
    path: Vec<String>,
    name: Span,
    description: String,
    settings: Settings,
    parameters: Vec<Parameter>,
    method: Ident,
    output: Span,
    conditions: Vec<Attribute>,
}

/// A group of commands, as declared with `#[cog]`.
pub(crate) struct Group {
    path: Vec<String>,
    name: Span,
    description: String,
    settings: Settings,
}

impl Group {
    /// The path in `group(…)`, even if other parts of it are invalid.
    pub(crate) fn path_in(arg: &crate::args::Arg) -> Option<String> {
        let list = arg.list("").ok().filter(|_| arg.key() == "group")?;
        Some(list.iter().find(|arg| arg.name.is_none())?.text("").ok()?.value())
    }

    /// The function that checks its commands.
    pub(crate) fn check(&self) -> Option<&Expr> {
        self.settings.check.as_ref()
    }

    /// Parses `group("tag", "Notes of this server", guild_only)`.
    pub(crate) fn new(arg: &crate::args::Arg) -> Result<Self> {
        let like = "\"tag\", \"What its commands are for\"";
        let list = arg.list(like)?;
        let (texts, settings): (Vec<_>, Vec<_>) = list.iter().partition(|arg| arg.name.is_none());
        let [name, description] = &texts[..] else {
            return Err(Error::new(arg.span(), format!("write `group({like})`")));
        };
        let (name, description) = (name.text(like)?, description.text(like)?);
        let path = path_of(&name)?;
        check_description(&description.value(), description.span())?;
        let settings = Settings::read(settings, &GROUP)?;
        settings.check_place(path.len())?;
        Ok(Self { path, name: name.span(), description: description.value(), settings })
    }
}

impl Command {
    /// The path in an attribute, even if other parts of it are invalid.
    pub(crate) fn path_in(attribute: &Attribute) -> Option<String> {
        Some(Args::of(attribute).ok()?.take_text()?.value())
    }

    /// Parses `#[command(…)]` on a method, and removes the attributes of its parameters.
    pub(crate) fn slash(attribute: &Attribute, method: &mut Method) -> Result<Self> {
        let attributes = Parameter::take_attributes(method);
        let mut args = Args::of(attribute)?;
        let (path, name) = match args.take_text() {
            Some(name) => (path_of(&name)?, name.span()),
            None => {
                let name = method.name();
                let text = name.unraw().to_string();
                check_name(&text, name.span())?;
                (vec![text], name.span())
            }
        };
        let settings = Settings::read(args.0.iter().collect(), &COMMAND)?;
        settings.check_place(path.len())?;
        let parameters = Parameter::all(method, attributes)?;
        if let Some(parameter) = parameters.get(OPTIONS_MAX) {
            let text = format!("Discord allows {OPTIONS_MAX} options per command");
            return Err(Error::new(parameter.span(), text));
        }
        let Some((description, span)) = method.documentation()? else {
            let text =
                "a command needs a description for Discord: write it as a doc comment, `/// Says hello`";
            return Err(Error::new(method.name().span(), text));
        };
        check_description(&description, span)?;
        Ok(Self { description, parameters, ..Self::of(SLASH, path, name, settings, method) })
    }

    /// Parses `#[user_menu("Name")]` or `#[message_menu("Name")]` on a method.
    pub(crate) fn menu(attribute: &Attribute, method: &mut Method) -> Result<Self> {
        let name = own_name(attribute).map(Ident::to_string).unwrap_or_default();
        let (kind, like, others) = match &*name {
            "user_menu" => (USER, "async fn greet(&self, ctx: &Context, user: User) -> Result", NO_USER),
            _ => (MESSAGE, "async fn report(&self, ctx: &Context, message: Message) -> Result", NO_MESSAGE),
        };
        let mut args = Args::of(attribute)?;
        let Some(name) = args.take_text() else {
            let text = format!("a menu entry needs a name: `#[{name}(\"Say hello\")]`");
            return Err(Error::new_spanned(attribute, text));
        };
        check_menu_name(&name.value(), name.span())?;
        let settings = Settings::read(args.0.iter().collect(), &MENU)?;
        let parameters = method.handler(like)?;
        if let Some(further) = parameters.get(1) {
            let text = format!("a menu's handler takes only what it was opened on: `{like}`");
            return Err(Error::new_spanned(further, text));
        }
        let is_other = |of: &Type| last_name(of).is_some_and(|of| others.contains(&&*of));
        if let Some(target) = parameters.first().filter(|target| is_other(&target.ty)) {
            let text = format!("this menu is opened on something else: `{like}`");
            return Err(Error::new_spanned(&target.ty, text));
        }
        let parameters = match parameters.first() {
            Some(target) => {
                vec![Parameter::target(if kind == USER { "user" } else { "message" }, (*target).clone())]
            }
            None => Vec::new(),
        };
        let path = vec![name.value()];
        Ok(Self { parameters, ..Self::of(kind, path, name.span(), settings, method) })
    }

    fn of(kind: u8, path: Vec<String>, name: Span, settings: Settings, method: &Method) -> Self {
        Self {
            kind,
            path,
            name,
            description: String::new(),
            settings,
            parameters: Vec::new(),
            method: method.name().clone(),
            output: method.output(),
            conditions: method.conditions(),
        }
    }

    /// The functions that its attributes name.
    pub(crate) fn functions(&self) -> impl Iterator<Item = &Expr> {
        let completed = self.parameters.iter().filter_map(|parameter| parameter.completed.as_ref());
        self.settings.check.iter().chain(completed)
    }

    fn path(&self) -> String {
        self.path.join(" ")
    }

    /// The pattern that matches a call: its type and path.
    fn pattern(&self) -> TokenStream {
        let (kind, path) = (self.kind, self.path());
        quote!((#kind, #path))
    }

    /// The arm of the `match` that calls it.
    fn arm(&self) -> TokenStream {
        let Self { method, output, conditions, parameters, .. } = self;
        let pattern = self.pattern();
        let names: Vec<Ident> = (0..parameters.len()).map(|at| format_ident!("argument_{at}")).collect();
        let arguments = (!parameters.is_empty()).then(|| quote!(let mut arguments = ctx.arguments();));
        // The target of a menu is not declared as an option, so its type is checked here.
        let targets = parameters.iter().filter(|_| self.kind != SLASH).map(Parameter::is_argument);
        let reads = parameters.iter().zip(&names).map(|(parameter, name)| parameter.read(name));
        let call = call(method, *output, quote!(#(, #names)*));
        quote! {
            #(#conditions)*
            #pattern => {
                #(#targets)*
                #arguments
                #(#reads)*
                #call
            }
        }
    }
}

/// Calls a handler; `further` are its arguments after the context.
pub(crate) fn call(method: &Ident, output: Span, further: TokenStream) -> TokenStream {
    let result = returned(output, quote_spanned!(at(output)=> Self::#method(self, ctx #further)));
    quote_spanned!(at(output)=> let () = #result;)
}

/// The value that an author's function returned, unless it failed. A wrong type is reported at `span`.
pub(crate) fn returned(span: Span, call: TokenStream) -> TokenStream {
    quote_spanned!(at(span)=> ::gearshift_cog::__glue::returned(#call.await)?)
}

/// Paths of groups and commands that are missing because of errors of their own: the consequences are not reported.
pub(crate) struct Lost<'a> {
    pub groups: &'a [String],
    pub commands: &'a [String],
}

/// Generates all commands of a cog.
pub(crate) fn expand(
    groups: &[Group],
    commands: &[Command],
    of_cog: &[Hook],
    lost: &Lost<'_>,
    errors: &mut Errors,
) -> TokenStream {
    let checks = checks(groups, commands, of_cog);
    if commands.is_empty() && groups.is_empty() {
        return checks;
    }
    let declared = tree::declare(groups, commands, lost, errors);
    let arms = commands.iter().map(Command::arm);
    let completed = commands.iter().flat_map(|command| {
        let path = command.path();
        let conditions = &command.conditions;
        command.parameters.iter().filter_map(move |parameter| {
            let arm = parameter.completion(&path)?;
            Some(quote!(#(#conditions)* #arm))
        })
    });
    let completed: Vec<_> = completed.collect();
    let autocomplete = (!completed.is_empty()).then(|| {
        quote! {
            async fn autocomplete(
                &self,
                ctx: &::gearshift_cog::Context,
                option: &str,
                typed: &str,
            ) -> ::gearshift_cog::Result<::std::vec::Vec<::gearshift_cog::Suggestion>> {
                ::std::result::Result::Ok(match (ctx.command(), option) {
                    #(#completed)*
                    _ => ::std::vec::Vec::new(),
                })
            }
        }
    });
    quote! {
        const COMMANDS: &'static [::gearshift_cog::manifest::Command] = &[#declared];

        #checks

        async fn command(&self, ctx: &::gearshift_cog::Context) -> ::gearshift_cog::Result<()> {
            match (ctx.command_kind(), ctx.command()) {
                #(#arms)*
                _ => {}
            }
            ::std::result::Result::Ok(())
        }

        #autocomplete
    }
}

/// The checks of the cog, of groups and of commands, in this order.
fn checks(groups: &[Group], commands: &[Command], of_cog: &[Hook]) -> TokenStream {
    let allowed = |check: TokenStream, span: Span| {
        let verdict = returned(span, quote_spanned!(at(span)=> #check(self, ctx)));
        quote_spanned!(at(span)=> ::gearshift_cog::Verdict::hold(#verdict)?;)
    };
    let of_cog: Vec<TokenStream> = of_cog
        .iter()
        .map(|Hook { method, output, conditions, .. }| {
            let check = allowed(quote_spanned!(at(*output)=> Self::#method), *output);
            quote!(#(#conditions)* { #check })
        })
        .collect();
    let check = |expr: &Expr| {
        let span = syn::spanned::Spanned::span(expr);
        allowed(quote_spanned!(at(span)=> (#expr)), span)
    };
    let of_commands: Vec<TokenStream> = commands
        .iter()
        .filter_map(|command| {
            let above = groups.iter().filter(|group| command.path.starts_with(&group.path));
            let mut checks: Vec<(usize, TokenStream)> = above
                .filter_map(|group| Some((group.path.len(), check(group.settings.check.as_ref()?))))
                .collect();
            checks.sort_by_key(|(depth, _)| *depth);
            let own = command.settings.check.as_ref().map(check);
            let checks: Vec<_> = checks.into_iter().map(|(_, check)| check).chain(own).collect();
            let (conditions, pattern) = (&command.conditions, command.pattern());
            (!checks.is_empty()).then(|| quote!(#(#conditions)* #pattern => { #(#checks)* }))
        })
        .collect();
    if of_cog.is_empty() && of_commands.is_empty() {
        return TokenStream::new();
    }
    let of_commands = (!of_commands.is_empty()).then(|| {
        quote! {
            match (ctx.command_kind(), ctx.command()) {
                #(#of_commands)*
                _ => {}
            }
        }
    });
    quote! {
        async fn check(&self, ctx: &::gearshift_cog::Context) -> ::gearshift_cog::Result<()> {
            #(#of_cog)*
            #of_commands
            ::std::result::Result::Ok(())
        }
    }
}

/// The names of `tag add`.
fn path_of(text: &LitStr) -> Result<Vec<String>> {
    let (value, span) = (text.value(), text.span());
    let path: Vec<String> = value.split(' ').map(str::to_owned).collect();
    if path.len() > 1 && path.iter().any(String::is_empty) {
        let better: Vec<&str> = value.split_whitespace().collect();
        let text = format!("write one space between the names: `{}`", better.join(" "));
        return Err(Error::new(span, text));
    }
    for name in &path {
        check_name(name, span)?;
    }
    if path.len() > 3 {
        return Err(Error::new(
            span,
            "Discord allows groups in groups, but no further level: `tag admin clear`",
        ));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_function_that_an_attribute_names_may_have_the_signature_that_is_asked_for() {
        let options = syn::parse_quote!(group("tag", "Notes", check = Self::in_guild));
        let block = syn::parse_quote! {
            impl Tags {
                /// Gets one
                #[command("tag get", check = Self::may)]
                async fn get(
                    &self,
                    ctx: &Context,
                    #[autocomplete = Self::names] name: String,
                    #[autocomplete = elsewhere] other: String,
                ) -> Result {
                    Ok(())
                }

                async fn in_guild(&self, _: &Context) -> Result<bool> {
                    Ok(true)
                }

                async fn may(&self, _: &Context) -> Result<bool> {
                    Ok(true)
                }

                async fn names(&self, _: &Context, _: &str) -> Result<Vec<String>> {
                    Ok(Vec::new())
                }

                async fn unnamed(&self) {}
            }
        };
        let written = crate::cog::expand(options, block).to_string();
        assert_eq!(written.matches("clippy :: unused_async").count(), 4, "{written}");
    }
}
