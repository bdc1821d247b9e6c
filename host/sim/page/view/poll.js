// A poll: its question, its answers, and the votes so far.

import { h } from "../dom.js";
import { relative } from "../text/time.js";
import { emojiElement } from "./place.js";

export function pollElement(message) {
  const { poll } = message;
  if (!poll) return null;
  const counts = new Map((poll.results?.answer_counts ?? []).map((one) => [one.id, one]));
  const total = [...counts.values()].reduce((sum, one) => sum + one.count, 0);
  const over = poll.results?.is_finalized || (poll.expiry && new Date(poll.expiry) < new Date());
  return h("section.poll", { "aria-label": "Poll" },
    h("h3", null, poll.question?.text),
    h("p.fine", null, poll.allow_multiselect ? "Select one or more answers" : "Select one answer"),
    h("ul", null, (poll.answers ?? []).map(({ answer_id: id, poll_media: media }) => {
      const { count = 0, me_voted: mine } = counts.get(id) ?? {};
      const share = total ? Math.round((100 * count) / total) : 0;
      return h("li", { class: mine ? "mine" : "", style: { "--share": `${share}%` } },
        media.emoji && emojiElement(media.emoji), h("span.answer", null, media.text), h("span.count", null, `${share}% · ${count}`));
    })),
    h("p.fine", null, `${total} ${total === 1 ? "vote" : "votes"}`,
      over ? " · closed" : poll.expiry && [" · closes ", h("time", { data: { relative: String(Date.parse(poll.expiry) / 1000) } }, relative(Date.parse(poll.expiry) / 1000))]));
}
