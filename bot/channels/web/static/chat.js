// The chat page: sends what a person asks, draws the cards that come back, and keeps the
// transcript in this browser only. Every word it shows stands in the page's templates.
// It runs in iOS 14 and Android WebView 80; tests/channels/web/test_least_browser.py holds it to that.

const STORE = "hoi-can-tho"; // holds the conversation's id; each turn stands under a name of its own
const TURN = `${STORE}:`;
const TURNS_KEPT = 60;
const WORKING_AFTER = 300; // ms; a quick answer needs no announcement that it is coming
const SLOW_AFTER = 8000; // ms
const TWICE_WITHIN = 1000; // ms in which a button is pressed again by mistake
const REQUEST_LIMIT = 75_000; // ms; the server answers after 60 s at the latest
const PAUSES = [1, 2, 4, 8, 15, 30]; // s between two attempts; a restart of the server takes less in all
const SETTLED_AFTER = 2000; // ms; a connection that is back may go again at once
const PICTURE_PIXELS = 4_000_000; // that are sent of a picture; letters stay large enough
const LOOK_EVERY = 60_000; // ms between two looks for a reply of the staff or news

const find = (id) => document.getElementById(id);
const canSendPictures = Boolean(find("choose")); // the server has a reader
const transcript = find("transcript");
const status = find("status");
const question = find("question");
const words = find("words").dataset;
const language = document.documentElement.lang;
const hosts = (document.documentElement.dataset.framed || "").split(" ").filter(Boolean); // whose frame it may be in
const isFramed = hosts.length > 0;
const pictures = new Map(); // those that were sent, until their reply is there: the browser keeps none
const waiting = new Set(); // the keys of the turns that this tab fetches the reply of

// --- What the browser keeps. A turn of its own name each, so that two tabs never overwrite each other.
// A turn: {conversation, key, since, delivery, said, ask, replies, trouble}
// since: when it was said; orders them. delivery: the key under which the server knows the question, the same each time it
// is sent. said: null where nobody asked just now: a reply of the staff, or news.
// trouble: {kind, seconds}; kind: the name of its sentence in `words`.

const memory = new Map(); // stands in for what the browser does not keep: it is full, switched off, or in a frame

function read(name) {
  try {
    return JSON.parse(memory.get(name) ?? (isFramed ? null : localStorage.getItem(name)));
  } catch {
    return null; // switched off, or written by something else
  }
}

function write(name, value) {
  const text = JSON.stringify(value);
  memory.delete(name);
  try {
    if (isFramed) memory.set(name, text);
    else localStorage.setItem(name, text);
  } catch {
    memory.set(name, text);
  }
}

function erase(name) {
  memory.delete(name);
  try {
    if (!isFramed) localStorage.removeItem(name);
  } catch {
    // Switched off: there is nothing.
  }
}

function turnNames() {
  let kept = [];
  try {
    if (!isFramed) kept = Object.keys(localStorage);
  } catch {
    // Switched off.
  }
  return [...new Set([...memory.keys(), ...kept])].filter((name) => name.startsWith(TURN));
}

function conversation() {
  return read(STORE)?.conversation ?? begin();
}

/** A new conversation: nothing is left of the one before, in any tab. */
function begin() {
  const id = randomId();
  write(STORE, { conversation: id });
  turnNames().forEach(erase);
  return id;
}

/** The turns of this conversation, oldest first. */
function turns() {
  const mine = conversation();
  return turnNames()
    .map(read)
    .filter((turn) => turn?.conversation === mine)
    .sort((a, b) => a.since - b.since || (a.key < b.key ? -1 : 1));
}

/** Write a new turn down, behind all others. */
function add(turn, before) {
  const last = before[before.length - 1];
  const since = Math.max(Date.now(), last ? last.since + 1 : 0);
  const whole = { conversation: conversation(), since, replies: null, trouble: null, ...turn };
  write(TURN + whole.key, whole);
  before.slice(0, 1 - TURNS_KEPT).forEach(({ key }) => erase(TURN + key));
  return whole;
}

/** A turn as it is now; null if it was cleared meanwhile, here or in another tab. */
function current(key) {
  const turn = read(TURN + key);
  return turn?.conversation === conversation() ? turn : null;
}

function update(key, change) {
  const turn = current(key);
  if (turn) write(TURN + key, Object.assign(turn, change));
  return turn;
}

/** 128 random bits. */
function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Two numbers of 32 bits that tell texts apart (FNV-1a, from two beginnings). */
function fingerprint(text) {
  return [0x811c9dc5, 0x01000193]
    .map((hash) => {
      for (let place = 0; place < text.length; place += 1) {
        hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193);
      }
      return (hash >>> 0).toString(16).padStart(8, "0");
    })
    .join("");
}

// --- Asking

/**
 * Send a question or a button; `said` is what the person reads of it.
 *
 * within: ms in which the same act as one before it is taken for a slip.
 * The key is made of the act and of the turn before it: the same act in two tabs at once is one turn,
 * and one message to the server.
 */
function say(said, ask, within = 0) {
  const before = turns();
  const act = JSON.stringify(ask);
  const isSame = (turn) =>
    JSON.stringify(turn.ask) === act && (isOpen(turn) || Date.now() - turn.since < within);
  const same = before.find(isSame);
  if (same) {
    bringToTop(same);
    return;
  }
  const last = before[before.length - 1];
  const key = fingerprint(`${conversation()} ${last?.key} ${act}`);
  const turn = add({ key, delivery: key, said, ask }, before);
  show(turn);
  bringToTop(turn);
  answer(turn);
}

function isOpen(turn) {
  return !turn.replies && !turn.trouble;
}

/** Fetch a turn's reply and show it. */
async function answer(turn) {
  if (waiting.has(turn.key)) return;
  waiting.add(turn.key);
  const announcements = [
    setTimeout(() => showWorking(turn, words.working), WORKING_AFTER),
    setTimeout(() => showWorking(turn, words.slow), SLOW_AFTER),
  ];
  let outcome = { trouble: { kind: "broken" } }; // unless the rest of this page does what it should
  try {
    outcome = await request(turn);
  } finally {
    waiting.delete(turn.key);
    announcements.forEach(clearTimeout);
    showWorking(turn, null);
    settle(turn, outcome);
  }
}

/** Keep and show what a turn has become. */
function settle(turn, outcome) {
  if (outcome.replies?.some(hasForgotten) && current(turn.key)) {
    begin();
    add({ key: turn.key, delivery: null, said: null, ask: null, ...outcome }, []);
    redraw();
    return;
  }
  const changed = update(turn.key, outcome);
  if (outcome.replies || !changed) pictures.delete(turn.ask.picture);
  if (!changed) return; // cleared meanwhile
  show(changed);
  if (isRefused(changed) && changed.ask.text && !question.value) {
    question.value = changed.ask.text;
    measure();
  }
}

/** Whether a reply says that everything about the person is deleted. It leaves nothing to press. */
function hasForgotten({ action, buttons }) {
  return action === "forget" && buttons.length === 0;
}

/** What a turn becomes: its replies, or the trouble there was. */
async function request(turn) {
  for (let attempt = 0; ; attempt += 1) {
    const [path, ask] = sent(turn);
    const response = await post(path, { conversation: turn.conversation, key: turn.delivery, language, ...ask });
    if (response?.replies) return { replies: response.replies, trouble: null };
    const { kind, isPassing } = troubleOf(response);
    const seconds = response?.seconds || PAUSES[Math.min(attempt, PAUSES.length - 1)];
    const isWorthRepeating = isPassing && attempt < PAUSES.length && navigator.onLine;
    if (!isWorthRepeating) return { trouble: { kind: kindFor(turn, kind), seconds } };
    // A reply that is no longer kept is asked for anew.
    const now = response?.status === 410 ? update(turn.key, { delivery: randomId() }) : current(turn.key);
    if (!now) return { trouble: null }; // cleared meanwhile
    turn = now;
    if (kind === "failed") showWorking(turn, words.reconnecting);
    await pause(seconds);
  }
}

/** Where a turn goes, and what. A picture that is no longer here, as after a reload, is only asked for its reply: if
 * it never arrived, that is to type what stands in it. */
function sent({ ask }) {
  if (!ask.picture) return ["/api/messages", ask];
  const picture = pictures.get(ask.picture);
  return picture ? ["/api/pictures", { ...ask, picture }] : ["/api/messages", { button: "picture:type" }];
}

/** What is wrong with a picture is not to be mended by other words. */
function kindFor({ ask }, kind) {
  return ask.picture && ["tooLarge", "refused"].includes(kind) ? "pictureRefused" : kind;
}

/** What is wrong, by the name of its sentence, and whether it may pass by itself; null: a broken connection. */
function troubleOf(response) {
  switch (response?.status) {
    case undefined:
    case 408:
      return { kind: "failed", isPassing: true };
    case 410:
    case 502:
    case 503:
    case 504:
      return { kind: "busy", isPassing: true };
    case 413:
      return { kind: "tooLarge" };
    case 429:
      return { kind: "slowDown" };
    default:
      return { kind: response.status < 500 ? "refused" : "failedHere" };
  }
}

/** Post JSON; gives status, seconds to wait and the answer's keys, or null if the connection broke. */
async function post(path, body) {
  const abortion = new AbortController();
  const timer = setTimeout(() => abortion.abort(), REQUEST_LIMIT);
  const request = {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal: abortion.signal,
  };
  let response;
  let text;
  try {
    response = await fetch(path, request);
    text = await response.text();
  } catch {
    return null; // the server may have the question all the same
  } finally {
    clearTimeout(timer);
  }
  const seconds = Number(response.headers.get("Retry-After")) || 0;
  if (!response.ok) return { status: response.status, seconds };
  try {
    return { status: response.status, ...JSON.parse(text) };
  } catch {
    return null; // a network's own page, which asks to be logged in to
  }
}

/** Wait, but no longer than until the connection is back. */
function pause(seconds) {
  return new Promise((resume) => {
    setTimeout(resume, seconds * 1000);
    addEventListener("online", resume, { once: true });
  });
}

function retry(key) {
  const again = update(key, { trouble: null });
  if (!again) return;
  show(again);
  question.focus({ preventScroll: true }); // the button that had the focus is gone
  answer(again);
}

/** Back into the box, to be written otherwise. */
function edit(turn) {
  question.value = turn.ask.text;
  measure();
  erase(TURN + turn.key);
  redraw();
  question.focus();
}

function isRefused(turn) {
  return ["tooLarge", "refused", "pictureRefused"].includes(turn.trouble?.kind);
}

/** Take up what was left: a tab that was closed, a connection that broke. The server answers once. */
function takeUp() {
  turns().filter(isOpen).forEach(answer);
}

// --- What comes unasked: a reply of the staff, news

/** Fetch what waits for us. It comes again until we say that we have it, and is shown once. */
async function look() {
  const isExpecting = turns().some((turn) =>
    turn.replies?.some((reply) => ["handoff", "subscribe"].includes(reply.action)),
  );
  if (!isExpecting || document.hidden || waiting.size) return;
  const received = showDeliveries(await visit([]));
  if (received.length) await visit(received);
}

async function visit(received) {
  const response = await post("/api/deliveries", { conversation: conversation(), received });
  return response?.deliveries ?? []; // what waits comes at the next look
}

/** Show what is new; returns the ids of all, which are received. */
function showDeliveries(deliveries) {
  for (const { id, replies } of deliveries) {
    const before = turns();
    const key = `delivery-${id}`;
    if (before.some((turn) => turn.key === key)) continue;
    show(add({ key, delivery: null, said: null, ask: null, replies }, before));
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
    showWhetherTalking(true);
  }
  element.querySelector(".trouble")?.remove();
  if (turn.trouble) element.append(trouble(turn));
  if (turn.replies && !element.querySelector(".card")) element.append(...turn.replies.map(card));
}

function trouble(turn) {
  const { kind, seconds } = turn.trouble;
  const element = clone("trouble");
  element.querySelector(".words").textContent = words[kind].replace("{seconds}", seconds);
  const button = element.querySelector("button");
  if (!isRefused(turn)) {
    button.addEventListener("click", () => retry(turn.key));
  } else if (turn.ask.text) {
    button.textContent = words.edit;
    button.addEventListener("click", () => edit(turn));
  } else {
    button.remove();
  }
  return element;
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
  if (reply.picture) fillPicture(part(".picture"), reply.picture);
  else part(".picture").remove();
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

/** A picture beside an answer, or one to be forwarded, which leads to a page. */
function fillPicture(figure, { path, alt, caption, page }) {
  const part = (selector) => figure.querySelector(selector);
  part("a").href = path;
  Object.assign(part("img"), { src: path, alt });
  part(".caption").textContent = caption;
  if (!page) {
    part(".sharing").remove();
    return;
  }
  const url = new URL(page, location.href).href;
  part(".download").href = path;
  part(".download").download = `${path.split("/").slice(-2)[0]}.png`; // its address ends in a revision, which says nothing
  if (isFramed) part(".download").removeAttribute("download"); // a frame may not save files, but open them
  const send = part(".send-on");
  send.hidden = !navigator.share;
  send.addEventListener("click", () => navigator.share({ title: caption, url }).catch(() => {})); // they changed their mind
  const copy = part(".copy-link");
  copy.hidden = Boolean(navigator.share) || !navigator.clipboard;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(`${caption}\n${url}`);
    status.textContent = copy.textContent = copy.dataset.copied;
  });
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

/** Say under a turn how it goes; null: there is nothing to say any more. */
function showWorking(turn, sentence) {
  const element = elementOf(turn);
  element?.querySelector(".working")?.remove();
  if (element && sentence) {
    const working = clone("working");
    working.textContent = sentence;
    element.append(working);
  }
  status.textContent = (element && sentence) || "";
}

function elementOf(turn) {
  return transcript.querySelector(`[data-key="${turn.key}"]`);
}

/** The question at the top of the window, so that a long answer is read from its beginning. */
function bringToTop(turn) {
  elementOf(turn)?.scrollIntoView({ block: "start" });
}

function showWhetherTalking(isTalking) {
  document.body.classList.toggle("talking", isTalking);
  find("clear").hidden = !isTalking;
}

/** Draw what another tab has written, and take away what is cleared. */
function redraw() {
  const kept = turns();
  const keys = new Set(kept.map((turn) => turn.key));
  for (const element of [...transcript.children]) {
    if (!keys.has(element.dataset.key)) element.remove();
  }
  kept.forEach(show);
  showWhetherTalking(kept.length > 0);
}

/** Say how much too long the question is before it is sent; returns whether it can be. */
function measure() {
  const length = [...question.value.trim().normalize("NFC")].length;
  const [read, sent] = [Number(question.dataset.read), Number(question.dataset.sent)];
  const sentence = length > sent ? words.lengthRefused : length > read ? words.lengthWarning : "";
  const readable = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, language === "en" ? "," : ".");
  const limit = readable(length > sent ? sent : read);
  find("length").textContent = sentence.replace("{count}", readable(length)).replace("{limit}", limit);
  return length <= sent;
}

// --- What people do

function send() {
  const text = question.value.trim();
  if (text && measure()) {
    question.value = "";
    measure();
    say(text, { text });
  }
  question.focus({ preventScroll: true });
}

/** Send a picture, with what is typed as the question about it. */
async function sendPicture(file) {
  const text = question.value.trim();
  if (!measure()) return;
  let picture;
  try {
    picture = await encoded(file);
  } catch {
    find("length").textContent = words.pictureRefused; // this browser cannot draw it
    return;
  }
  const mark = fingerprint(picture);
  pictures.set(mark, picture);
  question.value = "";
  measure();
  say(text ? `${words.pictureSaid}: ${text}` : words.pictureSaid, text ? { picture: mark, text } : { picture: mark });
  question.focus({ preventScroll: true });
}

/** A picture as base64, as large as it is read: drawn anew, so without what a camera writes into it, such as the place. */
async function encoded(file) {
  const image = new Image();
  const canvas = document.createElement("canvas");
  image.src = URL.createObjectURL(file);
  try {
    await image.decode();
    const share = Math.min(1, Math.sqrt(PICTURE_PIXELS / (image.naturalWidth * image.naturalHeight)));
    canvas.width = Math.max(1, Math.round(image.naturalWidth * share));
    canvas.height = Math.max(1, Math.round(image.naturalHeight * share));
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff"; // under what is transparent
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
  } finally {
    URL.revokeObjectURL(image.src);
  }
  return canvas.toDataURL("image/jpeg", 0.85).split(",")[1];
}

/** The picture among what is pasted or dropped; none where words come along, as out of a document. */
function pictureIn({ types, files }) {
  if (Array.from(types).includes("text/plain")) return null;
  return Array.from(files).find(({ type }) => type.startsWith("image/")) || null;
}

function takePicture(event, transfer) {
  const picture = canSendPictures && transfer && pictureIn(transfer);
  if (!picture) return;
  event.preventDefault();
  sendPicture(picture);
}

find("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});

question.addEventListener("input", measure);

question.addEventListener("keydown", (event) => {
  // While letters are being composed (Telex, VNI), Enter ends the word and sends nothing. Safari says
  // only by the key's code 229 that this Enter was for the keyboard.
  const isComposing = event.isComposing || event.keyCode === 229;
  if (event.key === "Enter" && !event.shiftKey && !isComposing) {
    event.preventDefault();
    send();
  }
});

document.addEventListener("click", (event) => {
  const pressed = event.target.closest("button[data-payload], button[data-text]");
  // The second half of a double click is none of its own, wherever it lands once the page has moved.
  if (!pressed || event.detail > 1) return;
  const said = pressed.textContent.trim();
  const { text, payload } = pressed.dataset;
  say(said, text ? { text } : { button: payload }, TWICE_WITHIN);
});

if (canSendPictures) {
  find("choose").addEventListener("click", () => find("picture").click());
  find("picture").addEventListener("change", ({ target }) => {
    if (target.files[0]) sendPicture(target.files[0]);
    target.value = ""; // the same one may be chosen again
  });
}
question.addEventListener("paste", (event) => takePicture(event, event.clipboardData));
document.addEventListener("drop", (event) => takePicture(event, event.dataTransfer));
document.addEventListener("dragover", (event) => {
  if (canSendPictures && Array.from(event.dataTransfer.types).includes("Files")) event.preventDefault();
});

// The location is rounded to some 100 m before it leaves this device.
find("here").addEventListener("click", () => {
  navigator.geolocation.getCurrentPosition(
    ({ coords: { latitude, longitude } }) => {
      say(words.here, { button: `near:${latitude.toFixed(3)}:${longitude.toFixed(3)}` }, TWICE_WITHIN);
    },
    () => {
      find("length").textContent = words.noLocation;
    },
  );
});

find("clear").addEventListener("click", () => {
  find("clear-ask").hidden = false;
  find("clear-no").focus();
});

find("clear-ask").addEventListener("click", (event) => {
  const choice = event.target.closest("button");
  if (choice) endClearing(choice.id === "clear-yes");
});

find("clear-ask").addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  event.preventDefault(); // in a frame it would close that, too
  endClearing(false);
});

function endClearing(isWanted) {
  find("clear-ask").hidden = true;
  if (isWanted) {
    begin();
    redraw();
    status.textContent = words.cleared;
    question.focus();
  } else {
    find("clear").focus();
  }
}

/** A page of an answer or a ward leads here, with what to begin with in the fragment: /#answer:culture.food */
function beginAsLinked() {
  const payload = location.hash.slice(1);
  if (!/^(answer|ward):[a-z0-9.-]{1,60}$/.test(payload)) return;
  history.replaceState(null, "", location.pathname + location.search); // loaded again, it asks nothing
  say(words.aboutThis, { button: payload }, TWICE_WITHIN);
}

addEventListener("hashchange", beginAsLinked);
addEventListener("storage", ({ key }) => {
  if (key === null || key.startsWith(STORE)) redraw();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  takeUp();
  look();
});
addEventListener("online", () => {
  setTimeout(() => {
    const isFailed = (turn) => turn.trouble?.kind === "failed";
    turns().filter(isFailed).forEach(({ key }) => retry(key));
  }, SETTLED_AFTER);
});
setInterval(look, LOOK_EVERY);
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});

// --- In a frame: the loader of the other site (embed.js) greets, and is told when to close.

addEventListener("message", ({ data, origin, source }) => {
  if (data !== "ask-can-tho:open" || source !== parent || !hosts.includes(origin)) return;
  source.postMessage("ask-can-tho:ready", origin);
  if (document.hasFocus()) question.focus({ preventScroll: true });
  document.onkeydown = ({ key, defaultPrevented }) => {
    if (key === "Escape" && !defaultPrevented) source.postMessage("ask-can-tho:close", origin);
  };
});

find("not-working").remove();
find("here").hidden = isFramed || !navigator.geolocation; // which a frame is not allowed
if (canSendPictures) find("choose").hidden = false;
find("send").disabled = false;
write(STORE, { conversation: conversation() }); // from here on there is one conversation
transcript.setAttribute("aria-busy", "true"); // what was read before is not announced again
redraw();
transcript.removeAttribute("aria-busy");
const kept = turns();
if (kept.length) bringToTop(kept[kept.length - 1]);
measure();
takeUp();
look();
beginAsLinked();
