//! Finds the function of a cog for a call or an event, and tells users what they did wrong.

use serde::Serialize;
use serde_json::{Number, Value};

use crate::{
    Cog, Context, Error, Host, NewMessage, Result, Suggestion,
    abi::{ErrorCause, Event, Interaction, Invocation},
    check,
    interactions::{AUTOCOMPLETE, CALLBACK_CHOICES, COMPONENT, MODAL},
    manifest::{fits, kind, waiting_cog},
    message::TEXT_MAX,
    wait,
};

/// Discord's limits: the number of suggestions, and the characters of their names and texts.
/// <https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-choice-structure>
const SUGGESTIONS_MAX: usize = 25;
const SUGGESTION_LENGTH_MAX: usize = 100;

/// The largest number that Discord accepts, and without its sign the smallest.
/// <https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-type>
const NUMBER_MAX: u64 = 1 << 53;

/// Runs a command if its rules hold.
pub(crate) async fn command<C: Cog>(cog: &C, host: Host, invocation: Invocation) -> Result {
    let (ctx, found) = Context::of_command(host, invocation, C::COMMANDS);
    let outcome = match found {
        Ok(()) => match check::hold(cog, &ctx).await {
            Ok(_turns) => cog.command(&ctx).await,
            Err(refused) => Err(refused),
        },
        not_found => not_found,
    };
    explained(cog, &ctx, outcome).await
}

/// Hands an event to the function that it is for.
pub(crate) async fn event<C: Cog>(cog: &C, host: Host, event: Event) -> Result {
    match event {
        Event::Interaction(it) if it.kind == AUTOCOMPLETE => {
            let ctx = Context::of_component(host, it.clone());
            let Some(typed) = it.options.iter().find(|option| option.focused) else { return Ok(()) };
            let suggestions = cog.autocomplete(&ctx, &typed.name, &typed.value).await?;
            suggest(&ctx, &it, typed.kind, suggestions).await
        }
        Event::Interaction(it) if is_component(&it) && waiting_cog(&it.custom_id).is_some() => {
            wait::pressed(host, it).await
        }
        Event::Interaction(it) if is_of(C::COMPONENTS, &it) => {
            let ctx = Context::of_component(host, it);
            let outcome = cog.component(&ctx).await;
            explained(cog, &ctx, outcome).await
        }
        event => {
            host.waits().offer(&event);
            cog.event(&Context::of_event(host, event.clone()), event).await
        }
    }
}

/// Answers bad input with its text, which then is not a failure. The cog's `on_error` is called first.
async fn explained<C: Cog>(cog: &C, ctx: &Context, outcome: Result) -> Result {
    let outcome = match outcome {
        Err(error) => cog.on_error(ctx, error).await,
        outcome => outcome,
    };
    match outcome {
        Err(error) if error.cause() == ErrorCause::INPUT => {
            let sent = ctx.reply(NewMessage::new(user_text(&error)).ephemeral()).await;
            sent.map_err(|_| error)
        }
        outcome => outcome,
    }
}

/// An error as a sentence: errors begin with a small letter and have no full stop. Cut to what Discord accepts.
fn user_text(error: &Error) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let mut sentence: String =
        letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    if let Some((end, _)) = sentence.char_indices().nth(TEXT_MAX - 1) {
        sentence.truncate(end);
        return sentence + "…";
    }
    if sentence.ends_with(['.', '!', '?']) { sentence } else { sentence + "." }
}

fn is_of(patterns: &[&str], interaction: &Interaction) -> bool {
    is_component(interaction) && patterns.iter().any(|pattern| fits(pattern, &interaction.custom_id))
}

fn is_component(interaction: &Interaction) -> bool {
    matches!(interaction.kind, COMPONENT | MODAL)
}

async fn suggest(ctx: &Context, to: &Interaction, kind: u8, suggestions: Vec<Suggestion>) -> Result {
    #[derive(Serialize)]
    struct Choices {
        choices: Vec<Suggestion>,
    }
    // Discord would refuse all of them because of one.
    let choices = suggestions.into_iter().filter_map(|it| fitting(it, kind)).take(SUGGESTIONS_MAX).collect();
    let choices = serde_json::to_string(&Choices { choices })?;
    ctx.discord().call_back(to, CALLBACK_CHOICES, &choices).await
}

/// The suggestion with a value of the option's type; `None` if Discord would refuse it.
fn fitting(suggestion: Suggestion, kind: u8) -> Option<Suggestion> {
    let fits = |text: &str| (1..=SUGGESTION_LENGTH_MAX).contains(&text.chars().count());
    let Suggestion { name, value } = suggestion;
    // A number may be suggested as text, and the other way round.
    let text = match value {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let number = || serde_json::from_str::<Number>(&text).ok();
    let value = match kind {
        kind::INTEGER => {
            number().filter(|it| it.as_i64().is_some_and(|it| it.unsigned_abs() <= NUMBER_MAX)).into()
        }
        kind::NUMBER => {
            number().filter(|it| it.as_f64().is_some_and(|it| it.abs() <= NUMBER_MAX as f64)).into()
        }
        _ => Some(text).filter(|text| fits(text)).into(),
    };
    (fits(&name) && value != Value::Null).then_some(Suggestion { name, value })
}

#[cfg(test)]
mod attributes;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_suggestion_that_discord_would_refuse_is_left_out() {
        let fits = |name: &str| fitting(name.to_owned().into(), kind::STRING).is_some();
        assert!(fits(&"é".repeat(100)) && !fits(&"é".repeat(101)) && !fits(""));
    }

    #[test]
    fn a_suggestion_gets_a_value_of_the_type_of_its_option() {
        let table = [
            (kind::STRING, json!("7"), Some(json!("7"))),
            (kind::STRING, json!(7), Some(json!("7"))),
            (kind::STRING, json!(null), None),
            (kind::INTEGER, json!(7), Some(json!(7))),
            (kind::INTEGER, json!("-7"), Some(json!(-7))),
            (kind::INTEGER, json!("7.5"), None),
            (kind::INTEGER, json!("seven"), None),
            (kind::INTEGER, json!(1_u64 << 53), Some(json!(1_u64 << 53))),
            (kind::INTEGER, json!((1_u64 << 53) + 1), None),
            (kind::NUMBER, json!("7.5"), Some(json!(7.5))),
            (kind::NUMBER, json!(1e16), None),
        ];
        for (kind, value, expected) in table {
            let found = fitting(Suggestion::new("seven", value.clone()), kind).map(|it| it.value);
            assert_eq!(found, expected, "{value} for {kind}");
        }
    }

    #[test]
    fn user_errors_are_sentences() {
        assert_eq!(user_text(&Error::input("`n` must be a number")), "`n` must be a number.");
        assert_eq!(user_text(&Error::input("éclairs are out!")), "Éclairs are out!");
        for length in [TEXT_MAX - 1, TEXT_MAX, TEXT_MAX + 1, 9000] {
            let text = user_text(&Error::input("é".repeat(length)));
            assert_eq!((text.chars().count(), text.ends_with('…')), (TEXT_MAX, length >= TEXT_MAX));
        }
    }
}
