// Measurements of the page, not promises: run by `scripts/pages --bench` on an otherwise idle machine.

import { input, say, sees, Stage } from "./stage.mjs";

const RUNS = 7;
const MESSAGES = 10_000;

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const told = (name, value) => console.log(`${name.padEnd(44)} ${value}`);

const stage = await Stage.open();
try {
  await wire();
  await ready();
  await shown();
  await scroll();
} finally {
  await stage.close();
}

/** Bytes over the wire for a first visit, and the number of requests. */
async function wire() {
  const page = await stage.page();
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  let bytes = 0;
  let requests = 0;
  devtools.on("Network.loadingFinished", ({ encodedDataLength }) => {
    bytes += encodedDataLength;
    requests += 1;
  });
  await devtools.send("Network.setCacheDisabled", { cacheDisabled: true });
  await page.reload();
  await page.waitForSelector("html[data-ready]");
  told("over the wire, pictures included", `${(bytes / 1000).toFixed(0)} kB in ${requests} requests`);
  await stage.clear([/.*/]);
}

async function ready() {
  const times = [];
  for (let run = 0; run < RUNS; run += 1) {
    const page = await stage.page();
    times.push(await page.evaluate(() => performance.getEntriesByName("ready")[0].startTime));
    await stage.clear();
  }
  told("ready after", `${median(times).toFixed(0)} ms (median of ${RUNS}; ${times.map((time) => time.toFixed(0)).join(", ")})`);
}

/** From the key press that sends a message until it is in the list. */
async function shown() {
  const page = await stage.page();
  const times = [];
  for (let run = 0; run < 40; run += 1) {
    await input(page).fill(`number ${run} of them`);
    times.push(await page.evaluate((text) => new Promise((done) => {
      const list = document.querySelector("ol.messages");
      const since = performance.now();
      const watch = new MutationObserver(() => {
        if (!list.lastElementChild.textContent.includes(text)) return;
        watch.disconnect();
        done(performance.now() - since);
      });
      watch.observe(list, { childList: true });
      document.querySelector(".box textarea").dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
    }), `number ${run} of them`));
  }
  times.sort((a, b) => a - b);
  told("a message is shown after", `${median(times).toFixed(1)} ms (median of 40; slowest ${times.at(-1).toFixed(1)} ms)`);
  await stage.clear();
}

/** Frames while the user scrolls from the newest message to the oldest. */
async function scroll() {
  let page = await stage.page();
  const path = `/channels/${await stage.channelOf(page)}/messages`;
  const text = (at) => `Message ${at}: ${"some words that fill a line or two, ".repeat(1 + (at % 4))}`;
  for (let at = 0; at < MESSAGES; at += 50) await Promise.all(Array.from({ length: 50 }, (_, more) => stage.asBot("POST", path, { content: text(at + more) })));
  await stage.clear();
  page = await stage.page();
  await sees(page, "Message 99");
  const { frames, pages, ms } = await page.evaluate((wanted) => new Promise((done) => {
    const scroller = document.querySelector(".scroller");
    const frames = [];
    const seen = new Set();
    const since = performance.now();
    let last = since;
    const step = (now) => {
      frames.push(now - last);
      last = now;
      for (const item of document.querySelectorAll("li.message")) seen.add(item.dataset.id);
      scroller.scrollTop -= 160;
      if (seen.size >= wanted || now - since > 240_000) done({ frames: frames.slice(1), pages: seen.size, ms: now - since });
      else requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }), MESSAGES - 100);
  frames.sort((a, b) => a - b);
  const late = frames.filter((frame) => frame > 34).length;
  told(`${pages} messages scrolled by`, `${frames.length} frames in ${(ms / 1000).toFixed(0)} s: median ${median(frames).toFixed(1)} ms, 99 % below ${frames[Math.floor(frames.length * 0.99)].toFixed(1)} ms, ${late} above 34 ms`);
  told("elements in the list at the end", String(await page.locator("ol.messages *").count()));
  await say(page, "the end");
  await sees(page, "the end");
  await stage.clear();
}
