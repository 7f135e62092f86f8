// The chat page: sends what a person asks, draws the cards that come back, and keeps the
// transcript in this browser only. Every word it shows stands in the page's templates.

const STORE = "hoi-can-tho";
const TURNS_KEPT = 60;
const WORKING_AFTER = 300; // ms; a quick answer needs no announcement that it is coming
const REQUEST_LIMIT = 75_000; // ms; the server answers after 60 s at the latest
const ATTEMPTS = 3;
const LOOK_EVERY = 60_000; // ms between two looks for a reply of the staff or news

const find = (id) => document.getElementById(id);
const transcript = find("transcript");
const status = find("status");
const question = find("question");
const words = find("words").dataset;
const language = document.documentElement.lang;

// --- The transcript: {conversation, turns: [{key, delivery, said, ask, replies, trouble}]}
// delivery: the key under which the server knows the question; the same each time it is sent.
// said: null where nobody asked just now: a reply of the staff, or news.

let memory = null; // stands in where the browser keeps nothing for us

function load() {
  try {
    const kept = JSON.parse(localStorage.getItem(STORE));
    if (kept?.conversation && Array.isArray(kept.turns)) return kept;
  } catch {
    // Storage that is switched off, or was written by something else: begin anew.
  }
  return memory ?? { conversation: randomId(), turns: [] };
}

function save(kept) {
  kept.turns = kept.turns.slice(-TURNS_KEPT);
  memory = kept;
  try {
    localStorage.setItem(STORE, JSON.stringify(kept));
  } catch {
    // Full or switched off: the conversation goes on, it is only not there after a reload.
  }
}

/** Write down what changed in a turn. Read anew each time: another tab may have written. */
function update(key, change) {
  const kept = load();
  const turn = kept.turns.find((one) => one.key === key);
  if (!turn) return null; // cleared meanwhile
  Object.assign(turn, change);
  save(kept);
  return turn;
}

/** 128 random bits. (crypto.randomUUID has fewer, and is there on https only.) */
function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// --- Asking

/** Send a question or a button; `said` is what the person reads of it. */
function say(said, ask) {
  const kept = load();
  const turn = { key: randomId(), delivery: randomId(), said, ask, replies: null, trouble: null };
  kept.turns.push(turn);
  save(kept);
  show(turn);
  bringToTop(turn);
  return answer(turn);
}

/** Fetch a turn's reply and show it. */
async function answer(turn) {
  const working = setTimeout(() => showWorking(turn, true), WORKING_AFTER);
  waiting.add(turn.key);
  const outcome = await request(turn);
  waiting.delete(turn.key);
  clearTimeout(working);
  showWorking(turn, false);
  const changed = update(turn.key, outcome);
  if (changed) show(changed);
}

const waiting = new Set();

/** What a turn becomes: its replies, or the trouble there was. */
async function request(turn) {
  const { conversation } = load();
  for (let attempt = 1; ; attempt += 1) {
    let response;
    try {
      response = await fetch("/api/messages", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ conversation, key: turn.delivery, language, ...turn.ask }),
        signal: AbortSignal.timeout(REQUEST_LIMIT),
      });
      if (response.ok) return { replies: (await response.json()).replies, trouble: null };
    } catch {
      response = null; // the connection broke; the server may have the question all the same
    }
    const seconds = Number(response?.headers.get("Retry-After")) || 2;
    if (response?.status === 429) return { trouble: words.slowDown.replace("{seconds}", seconds) };
    if (response?.status === 410) turn = update(turn.key, { delivery: randomId() }) ?? turn;
    const isWorthRepeating = !response || [410, 503].includes(response.status);
    if (!isWorthRepeating || attempt === ATTEMPTS || !navigator.onLine) return { trouble: words.failed };
    await new Promise((resume) => setTimeout(resume, seconds * 1000));
  }
}

function retry(turn) {
  const again = update(turn.key, { trouble: null });
  if (!again) return;
  show(again);
  question.focus({ preventScroll: true }); // the button that had the focus is gone
  answer(again);
}

// --- What comes unasked: a reply of the staff, news

/** Fetch what waits for us. It comes again until we say that we have it, and is shown once. */
async function look() {
  const { conversation, turns } = load();
  const isExpecting = turns.some((turn) =>
    turn.replies?.some((reply) => ["handoff", "subscribe"].includes(reply.action)),
  );
  if (!isExpecting || document.hidden || waiting.size) return;
  try {
    const received = showDeliveries(await visit(conversation, []));
    if (received.length) await visit(conversation, received);
  } catch {
    // The connection broke: it waits for the next look.
  }
}

async function visit(conversation, received) {
  const response = await fetch("/api/deliveries", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ conversation, received }),
    signal: AbortSignal.timeout(REQUEST_LIMIT),
  });
  return response.ok ? (await response.json()).deliveries : [];
}

/** Show what is new; returns the ids of all, which are received. */
function showDeliveries(deliveries) {
  for (const { id, replies } of deliveries) {
    const kept = load();
    const key = `delivery-${id}`;
    if (kept.turns.some((turn) => turn.key === key)) continue;
    const turn = { key, delivery: null, said: null, ask: null, replies, trouble: null };
    kept.turns.push(turn);
    save(kept);
    show(turn);
  }
  return deliveries.map(({ id }) => id);
}

// --- Drawing

function clone(id) {
  return find(id).content.firstElementChild.cloneNode(true);
}

/** Draw a turn, or what is new in it, so that a screen reader is told only that. */
function show(turn) {
  let element = elementOf(turn);
  if (!element) {
    element = clone("turn");
    element.dataset.key = turn.key;
    if (turn.said === null) element.querySelector(".said").remove();
    else element.querySelector(".words").textContent = turn.said;
    transcript.append(element);
    document.body.classList.add("talking");
    find("clear").hidden = false;
  }
  element.querySelector(".trouble")?.remove();
  if (turn.trouble) {
    const trouble = clone("trouble");
    trouble.querySelector(".words").textContent = turn.trouble;
    trouble.querySelector("button").addEventListener("click", () => retry(turn));
    element.append(trouble);
  }
  if (turn.replies && !element.querySelector(".card")) element.append(...turn.replies.map(card));
}

function card(reply) {
  const element = clone(`card-${reply.language}`);
  const part = (selector) => element.querySelector(selector);
  const fill = (selector, text, holder = selector) => {
    if (text) part(selector).textContent = text;
    else part(holder)?.remove();
  };
  element.dataset.kind = reply.kind;
  fill(".alert span", reply.alert, ".alert");
  fill(".title", reply.title);
  if (reply.verdict) {
    part(".verdict").dataset.verdict = reply.verdict;
    part(".verdict use").setAttribute("href", `#${reply.verdict}-icon`);
    fill(".verdict span", reply.verdict_label);
    fill("blockquote", reply.claim, ".claim");
  } else {
    part(".checked-claim").remove();
  }
  part(".text").innerHTML = reply.html; // made safe by the server
  fill(".notice span", reply.notice, ".notice");
  if (reply.map_url) part(".map a").href = reply.map_url;
  const newTab = part(".new-tab");
  for (const link of part(".text").querySelectorAll("a")) link.append(newTab.cloneNode(true));
  fill(".clarified dd", reply.clarified, ".clarified");
  fill(".office dd", reply.office, ".office");
  fill("time", reply.checked && readableDate(reply.checked), ".checked");
  if (reply.checked) part("time").dateTime = reply.checked;
  fill(".count", reply.sources.length && String(reply.sources.length), ".sources");
  for (const one of reply.sources) part(".sources ol").append(source(one, newTab));
  if (!reply.map_url) part(".map").remove();
  if (!part("dl > div")) part("dl").remove();
  if (!part("dl, .sources")) part("footer").remove();
  if (reply.buttons.length) part(".buttons").append(...reply.buttons.map(button));
  else part(".buttons").remove();
  return element;
}

function source(one, newTab) {
  const item = document.createElement("li");
  const title = document.createElement(one.url ? "a" : "span");
  title.textContent = one.title;
  if (one.url) {
    Object.assign(title, { href: one.url, target: "_blank", rel: "noopener" });
    title.append(newTab.cloneNode(true));
  }
  const facts = document.createElement("span");
  facts.className = "facts";
  facts.textContent = [one.number, one.issuer, one.date && readableDate(one.date)].filter(Boolean).join(" · ");
  item.append(title, facts);
  return item;
}

function button({ label, payload, url }) {
  const element = document.createElement(url ? "a" : "button");
  element.textContent = label;
  if (url) {
    Object.assign(element, { href: url, target: "_blank", rel: "noopener" });
  } else {
    element.type = "button";
    element.dataset.payload = payload;
    element.dataset.act = payload.split(":")[0];
    if (element.dataset.act === "language") element.lang = payload.split(":")[1];
  }
  return element;
}

/** 2026-11-22 -> 22/11/2026, 2016-03 -> 03/2016: read alike in both languages. */
function readableDate(iso) {
  return iso.split("-").reverse().join("/");
}

function showWorking(turn, isWorking) {
  const element = elementOf(turn);
  element?.querySelector(".working")?.remove();
  if (isWorking) element?.append(clone("working"));
  status.textContent = isWorking ? words.working : "";
}

function elementOf(turn) {
  return transcript.querySelector(`[data-key="${turn.key}"]`);
}

/** The question at the top of the window, so that a long answer is read from its beginning. */
function bringToTop(turn) {
  elementOf(turn)?.scrollIntoView({ block: "start" });
}

function drawAll() {
  const { turns } = load();
  transcript.setAttribute("aria-busy", "true"); // what was read before is not announced again
  transcript.replaceChildren();
  document.body.classList.toggle("talking", turns.length > 0);
  find("clear").hidden = turns.length === 0;
  turns.forEach(show);
  transcript.removeAttribute("aria-busy");
  return turns;
}

// --- What people do

find("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = question.value.trim();
  if (text) {
    question.value = "";
    say(text, { text });
  }
  question.focus({ preventScroll: true });
});

question.addEventListener("keydown", (event) => {
  // While letters are being composed (Telex, VNI), Enter ends the word and sends nothing.
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    find("composer").requestSubmit();
  }
});

document.addEventListener("click", (event) => {
  const pressed = event.target.closest("button[data-payload], button[data-text]");
  if (!pressed) return;
  const said = pressed.textContent.trim();
  say(said, pressed.dataset.text ? { text: pressed.dataset.text } : { button: pressed.dataset.payload });
});

find("clear").addEventListener("click", () => {
  find("clear-dialog").returnValue = "";
  find("clear-dialog").showModal();
});

find("clear-dialog").addEventListener("close", () => {
  if (find("clear-dialog").returnValue !== "yes") return;
  save({ conversation: randomId(), turns: [] });
  drawAll();
  status.textContent = words.cleared;
  question.focus();
});

addEventListener("storage", (event) => event.key === STORE && waiting.size === 0 && drawAll());
addEventListener("visibilitychange", look);
setInterval(look, LOOK_EVERY);
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});

save(load()); // from here on there is one conversation
const turns = drawAll();
if (turns.length) {
  bringToTop(turns.at(-1));
  // Questions that were under way when the page was left: the reply waits under their key.
  turns.filter((turn) => !turn.replies && !turn.trouble).forEach(answer);
}
look();
