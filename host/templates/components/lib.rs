//! `/my-cog question:Lunch? answers:soup, salad` asks everybody: buttons to vote, a form for one more answer.
#![forbid(unsafe_code)]

use std::{cell::RefCell, collections::BTreeMap};

use gearshift_cog::prelude::*;
use serde::{Deserialize, Serialize};

/// Discord allows 25 buttons in a message; one is for the form.
const MOST_ANSWERS: usize = 24;
/// Older questions are forgotten.
const MOST_QUESTIONS: usize = 100;

/// The struct is the cog's state: a reload carries it over and, if the host has a store, a restart too.
#[derive(Default, Serialize, Deserialize)]
struct Votes {
    /// By the id that their buttons contain. Do not hold a borrow across an `await`: other handlers run meanwhile.
    questions: RefCell<BTreeMap<u64, Question>>,
}

#[derive(Default, Serialize, Deserialize)]
struct Question {
    text: String,
    answers: Vec<String>,
    /// The index of the answer, by user.
    votes: BTreeMap<u64, usize>,
}

/// A form, and what a user entered.
#[derive(Modal)]
#[title("One more answer")]
struct Another {
    #[field(at_most = 80)]
    answer: String,
}

#[cog(state = 1)]
impl Votes {
    /// Asks everybody
    #[command("my-cog")]
    async fn ask(
        &self,
        ctx: &Context,
        #[describe = "What to ask"]
        #[max_length = 200]
        question: String,
        #[describe = "The answers, separated by commas"] answers: String,
    ) -> Result {
        let mut asked = Question {
            text: question,
            ..Question::default()
        };
        for answer in answers.split(',') {
            asked.add(answer)?;
        }
        let id = ctx.id()?;
        let message = asked.shown(id);
        self.keep(id, asked);
        ctx.reply(message).await
    }

    // A button is identified by its `custom_id` alone: it still works after a reload or a restart.
    #[button("my-cog:{id}:vote:{place}")]
    async fn vote(&self, ctx: &Context, id: u64, place: usize) -> Result {
        let user = ctx.user()?.id;
        let message = self.change(id, |question| {
            question.votes.insert(user, place);
            Ok(())
        })?;
        ctx.update(message).await
    }

    #[button("my-cog:{id}:form")]
    async fn another(&self, ctx: &Context, id: u64) -> Result {
        let custom_id = format!("my-cog:{id}:add");
        ctx.open::<Another>(&custom_id, &[]).await
    }

    #[modal("my-cog:{id}:add")]
    async fn add(&self, ctx: &Context, id: u64, form: Another) -> Result {
        let message = self.change(id, |question| question.add(&form.answer))?;
        ctx.update(message).await
    }

    fn keep(&self, id: u64, question: Question) {
        let mut questions = self.questions.borrow_mut();
        questions.insert(id, question);
        while questions.len() > MOST_QUESTIONS {
            questions.pop_first();
        }
    }

    /// Changes a question. Returns the message with the new result.
    fn change(
        &self,
        id: u64,
        change: impl FnOnce(&mut Question) -> Result,
    ) -> Result<CreateMessage> {
        let mut questions = self.questions.borrow_mut();
        let forgotten = || Error::input("this question no longer exists");
        let question = questions.get_mut(&id).ok_or_else(forgotten)?;
        change(question)?;
        Ok(question.shown(id))
    }
}

impl Question {
    fn add(&mut self, answer: &str) -> Result {
        let answer = answer.trim();
        // `input`: a mistake of the user; only they see the text. Any other error is a fault of the cog.
        if answer.is_empty() || answer.chars().count() > 80 {
            return Err(Error::input("an answer must have 1 to 80 characters"));
        }
        if self.answers.len() == MOST_ANSWERS {
            return Err(Error::input("there are already too many answers"));
        }
        self.answers.push(answer.to_owned());
        Ok(())
    }

    /// The current result, with its buttons.
    fn shown(&self, id: u64) -> CreateMessage {
        let (mut lines, mut buttons) = (Vec::new(), Vec::new());
        for (place, answer) in self.answers.iter().enumerate() {
            let votes = self.votes.values().filter(|vote| **vote == place).count();
            lines.push(format!("{answer}: **{votes}**"));
            let custom_id = format!("my-cog:{id}:vote:{place}");
            buttons.push(CreateButton::new(custom_id).label(answer));
        }
        let custom_id = format!("my-cog:{id}:form");
        let form = CreateButton::new(custom_id).label("Another answer …");
        buttons.push(form.style(ButtonStyle::Secondary));
        let row = |row: &[_]| CreateActionRow::Buttons(row.to_vec());
        let rows = buttons.chunks(5).map(row).collect();
        let embed = CreateEmbed::new().title(&self.text);
        let embed = embed.description(lines.join("\n"));
        CreateMessage::new().embed(embed).components(rows)
    }
}

#[cfg(test)]
mod tests;
