//! Sends orders to the process of a lane, and receives their answers.

use tokio::{sync::oneshot, time::Instant};

use super::{
    super::{Order, answer::Answer as OrderAnswer},
    host::Owner,
    wire::{self, Answer, ToCog},
};

impl Owner {
    pub(super) fn order(&mut self, order: Order) {
        self.pulse.take_order();
        match order {
            Order::Setup(answer) => _ = self.ask(wire::Order::Setup, answer, done),
            Order::Restore(state, answer) => _ = self.ask(wire::Order::Restore(state), answer, done),
            Order::Teardown(answer) => _ = self.ask(wire::Order::Teardown, answer, done),
            Order::Save(answer) => {
                self.ask(wire::Order::Save, answer, |answer| match answer {
                    Answer::Saved(state) => Some(state),
                    _ => None,
                });
            }
            Order::Cancel(answer) => {
                self.ask(wire::Order::Cancel, answer, |answer| match answer {
                    Answer::Cancelled(count) => Some(count),
                    _ => None,
                });
            }
            Order::Pause { paused, drained } => {
                let read = |answer| matches!(answer, Answer::Paused).then_some(());
                let number = self.ask(wire::Order::Pause, paused, read);
                self.pauses.push_back(number);
                self.pulse.set_unanswered(self.pauses.front().copied());
                self.expect(drained, |answer| matches!(answer, Answer::Drained).then_some(()));
            }
            Order::Serve => self.to_cog.send(&ToCog::Serve),
            Order::End => {
                self.ends_at = Some(Instant::now() + self.end_within);
                self.to_cog.send(&ToCog::End);
            }
        }
    }

    /// Sends an order, and passes its answer back. Returns its number.
    fn ask<T: Send + 'static>(
        &mut self,
        order: wire::Order,
        asker: OrderAnswer<T>,
        read: fn(Answer) -> Option<T>,
    ) -> u64 {
        let number = self.expect(asker, read);
        self.to_cog.send(&ToCog::Order(number, order));
        number
    }

    /// Reserves the next order number; its answer goes to `asker`.
    fn expect<T: Send + 'static>(&mut self, asker: OrderAnswer<T>, read: fn(Answer) -> Option<T>) -> u64 {
        self.last_order += 1;
        let number = self.last_order;
        // Orders of the host itself are always answered within this process.
        let OrderAnswer::Local(mut asker) = asker else { return number };
        let (answer, answered) = oneshot::channel();
        self.pending.insert(number, answer);
        let to_cog = self.to_cog.clone();
        tokio::spawn(async move {
            tokio::select! {
                answer = answered => {
                    if let Some(answer) = answer.ok().and_then(read) {
                        let _ = asker.send(answer);
                    }
                }
                () = asker.closed() => to_cog.send(&ToCog::Abandon(number)),
            }
        });
        number
    }
}

fn done(answer: Answer) -> Option<Result<(), crate::fault::Fault>> {
    match answer {
        Answer::Done(outcome) => Some(outcome),
        _ => None,
    }
}
