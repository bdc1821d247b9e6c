//! Polls: a question, its answers, and who voted for which. Nothing is sent or shown here.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

/// Nine buttons and the one for another answer make two rows.
pub(crate) const MOST_ANSWERS: usize = 9;
/// Discord's limits for an embed's title and a button's label, in characters.
const LONGEST_QUESTION: usize = 256;
const LONGEST_ANSWER: usize = 80;
/// How many polls are remembered; the oldest are dropped first.
const MOST_BALLOTS: usize = 200;
/// The number of squares in the longest bar.
const BAR: u64 = 12;

/// All polls, by number.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Ballots {
    first: u64,
    all: VecDeque<Ballot>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ballot {
    question: String,
    answers: Vec<String>,
    /// Each user's answer, by user id.
    votes: BTreeMap<u64, usize>,
    view: View,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum View {
    Bars,
    Numbers,
    Nothing,
}

impl Ballots {
    /// The number of the next poll.
    pub(crate) fn next(&self) -> u64 {
        self.first + self.all.len() as u64
    }

    pub(crate) fn add(&mut self, ballot: Ballot) {
        self.all.push_back(ballot);
        if self.all.len() > MOST_BALLOTS {
            self.all.pop_front();
            self.first += 1;
        }
    }

    /// Changes a poll, and returns the result.
    pub(crate) fn change(
        &mut self,
        number: u64,
        change: impl FnOnce(&mut Ballot) -> Result<(), String>,
    ) -> Result<Ballot, String> {
        let place = number.checked_sub(self.first).and_then(|place| usize::try_from(place).ok());
        let ballot = place.and_then(|place| self.all.get_mut(place)).ok_or("this poll is over")?;
        change(ballot)?;
        Ok(ballot.clone())
    }

    /// The questions that were asked, newest first.
    pub(crate) fn questions(&self) -> impl Iterator<Item = &str> {
        self.all.iter().rev().map(|ballot| ballot.question.as_str())
    }
}

impl Ballot {
    pub(crate) fn new(question: &str, answers: &str) -> Result<Self, String> {
        let question = question.trim();
        if question.is_empty() || question.chars().count() > LONGEST_QUESTION {
            return Err(format!(
                "a question must have 1 to {LONGEST_QUESTION} characters: `!poll \"Lunch today?\" soup, salad`"
            ));
        }
        let mut ballot = Self {
            question: question.to_owned(),
            answers: Vec::new(),
            votes: BTreeMap::new(),
            view: View::Bars,
        };
        let answers = if answers.trim().is_empty() { "Yes, No" } else { answers };
        answers.split(',').try_for_each(|answer| ballot.add(answer))?;
        Ok(ballot)
    }

    pub(crate) fn question(&self) -> &str {
        &self.question
    }

    pub(crate) fn answers(&self) -> impl Iterator<Item = &str> {
        self.answers.iter().map(String::as_str)
    }

    pub(crate) fn votes(&self) -> usize {
        self.votes.len()
    }

    pub(crate) fn view(&self) -> &'static str {
        match self.view {
            View::Bars => "bars",
            View::Numbers => "numbers",
            View::Nothing => "nothing",
        }
    }

    pub(crate) fn add(&mut self, answer: &str) -> Result<(), String> {
        let answer = answer.trim();
        if answer.is_empty() || answer.chars().count() > LONGEST_ANSWER {
            return Err(format!("an answer must have 1 to {LONGEST_ANSWER} characters"));
        }
        if self.answers.iter().any(|one| one == answer) {
            return Err(format!("`{answer}` is already there"));
        }
        if self.answers.len() >= MOST_ANSWERS {
            return Err(format!("a poll has at most {MOST_ANSWERS} answers"));
        }
        self.answers.push(answer.to_owned());
        Ok(())
    }

    /// Votes; a second press of the same button withdraws the vote.
    pub(crate) fn vote(&mut self, user: u64, place: usize) -> Result<(), String> {
        if place >= self.answers.len() {
            return Err("this answer does not exist".to_owned());
        }
        if self.votes.insert(user, place) == Some(place) {
            self.votes.remove(&user);
        }
        Ok(())
    }

    pub(crate) fn show(&mut self, view: &str) -> Result<(), String> {
        self.view = match view {
            "bars" => View::Bars,
            "numbers" => View::Numbers,
            "nothing" => View::Nothing,
            _ => return Err("the poll cannot be shown that way".to_owned()),
        };
        Ok(())
    }

    /// The current result, one line per answer.
    pub(crate) fn standing(&self) -> String {
        let count = |place: usize| self.votes.values().filter(|vote| **vote == place).count() as u64;
        let all = self.votes.len().max(1) as u64;
        let line = |(place, answer): (usize, &String)| match (self.view, count(place)) {
            (View::Nothing, _) => format!("- {answer}"),
            (View::Numbers, votes) => format!("- {answer}: **{votes}**"),
            (View::Bars, votes) => {
                let full = (votes * BAR / all) as usize;
                format!("{answer}\n`{}{}` **{votes}**", "█".repeat(full), "░".repeat(BAR as usize - full))
            }
        };
        self.answers.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_one_vote_and_can_withdraw_it() {
        let mut ballot = Ballot::new("Lunch?", "soup, salad").expect("it is valid");
        ballot.vote(7, 0).expect("it is there");
        ballot.vote(7, 1).expect("it is there");
        assert_eq!((ballot.votes(), ballot.show("numbers")), (1, Ok(())));
        assert_eq!(ballot.standing(), "- soup: **0**\n- salad: **1**");
        ballot.vote(7, 1).expect("it is there");
        assert_eq!(ballot.votes(), 0);
        assert!(ballot.vote(7, 2).is_err());
    }

    #[test]
    fn answers_must_differ_and_are_limited() {
        assert!(Ballot::new(" ", "").is_err());
        assert_eq!(Ballot::new("Q", "").expect("it is valid").answers().collect::<Vec<_>>(), ["Yes", "No"]);
        assert!(Ballot::new("Q", "a, a").is_err());
        assert!(Ballot::new("Q", "1,2,3,4,5,6,7,8,9,10").is_err());
    }

    #[test]
    fn a_poll_keeps_its_number_when_older_ones_are_forgotten() {
        let mut ballots = Ballots::default();
        for number in 0..=MOST_BALLOTS {
            assert_eq!(ballots.next(), number as u64);
            ballots.add(Ballot::new(&format!("{number}?"), "").expect("it is valid"));
        }
        assert!(ballots.change(0, |_| Ok(())).is_err());
        assert_eq!(ballots.change(1, |_| Ok(())).expect("it is there").question(), "1?");
        assert_eq!(ballots.questions().next(), Some("200?"));
    }
}
