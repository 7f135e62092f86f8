// What the edit page does beside what its form does by itself: keep what is typed, show who else is here, paste
// without Word's dress, a small toolbar, a preview. Without this script the form still saves.
"use strict";

(function () {
  const form = document.querySelector("form[data-answer]");
  if (!form) { return; }

  const PAUSE = 500;          // milliseconds after the last key until what is typed is kept
  const PING = 10000;         // milliseconds between two signs of life
  const PREVIEW_PAUSE = 1200; // milliseconds after the last key until the preview follows
  const KEPT = "kept", OFFLINE = "offline", LOGGED_OUT = "logged out", REFUSED = "refused";

  const words = JSON.parse(document.getElementById("script-words").textContent);
  const address = "/answers/" + encodeURIComponent(form.dataset.answer);
  const tab = form.elements.tab.value || newName(); // what is restored goes on under its own name
  const drawer = "typed:" + form.dataset.editor + ":" + form.dataset.answer;
  const state = document.getElementById("typed-state");
  const mayWrite = Boolean(form.querySelector('button[name="then"]'));
  let unsaved = false;
  let strokes = 0;                     // tells whether something was typed while the last text was on its way
  let waiting = null;
  let previewWaiting = null;
  let sending = Promise.resolve(KEPT); // what is kept is sent one after the other: the last one stays
  let isLoggedOut = false;
  let isSubmitting = false;
  let submitted = null;                // the button that was pressed, until what is typed has been sent

  form.elements.tab.value = tab;

  // Keeping what is typed.

  form.addEventListener("input", function (event) {
    if (event.target.id === "note") { return; }
    unsaved = true;
    strokes += 1;
    clearTimeout(waiting);
    waiting = setTimeout(keep, PAUSE);
    clearTimeout(previewWaiting);
    previewWaiting = setTimeout(preview, PREVIEW_PAUSE);
  });

  // A form that is sent leaves the page. Before, what is typed is kept: if the session has ended or there is no
  // network, that is told here, and nothing is lost.
  form.addEventListener("submit", async function (event) {
    if (submitted) { submitted = null; unsaved = false; return; }
    event.preventDefault();
    if (isSubmitting) { return; } // pressed twice
    const button = event.submitter || form.querySelector('button[name="then"]');
    if (button.id === "find-button") { find(); return; }
    isSubmitting = true;
    const outcome = await keep();
    isSubmitting = outcome === KEPT || outcome === REFUSED;
    if (outcome === LOGGED_OUT) { logIn(button); return; }
    if (outcome === OFFLINE) { tell(words.offline); return; }
    submitted = button;
    form.requestSubmit(button);
  });

  window.addEventListener("pageshow", function () { isSubmitting = false; }); // it was gone back to
  window.addEventListener("online", function () { if (unsaved) { keep(); } });
  document.addEventListener("visibilitychange", function () { if (document.hidden && unsaved) { keep(); } });
  window.addEventListener("beforeunload", function (event) {
    if (unsaved) { event.preventDefault(); event.returnValue = ""; }
  });
  window.addEventListener("pagehide", function () {
    const body = new FormData();
    body.append("tab", tab);
    body.append("is_leaving", "yes");
    navigator.sendBeacon(address + "/presence", body);
  });

  function keep() {
    clearTimeout(waiting);
    sending = sending.then(keepNow, keepNow);
    return sending;
  }

  async function keepNow() {
    const fields = new FormData(form);
    const sent = strokes;
    try {
      const answer = await send(address + "/autosave", fields);
      if (answer.status === 401) {
        keepHere(fields);
        if (isLoggedOut) { tell(words.logged_out); } else { logIn(null); }
        return LOGGED_OUT;
      }
      if (answer.status >= 500 || answer.status === 429) { throw new Error(String(answer.status)); }
      if (!answer.ok) { keepHere(fields); tell(words.refused); return REFUSED; }
      forgetHere();
      unsaved = strokes !== sent;
      tell(words.kept.replace("{time}", clock()));
      return KEPT;
    } catch (error) {
      if (keepHere(fields)) { tell(words.kept_here.replace("{time}", clock())); }
      clearTimeout(waiting);
      waiting = setTimeout(keep, PING);
      return OFFLINE;
    }
  }

  function send(to, body) {
    return fetch(to, { method: "POST", body: body, headers: { Accept: "application/json" }, credentials: "same-origin" });
  }

  function keepHere(fields) {
    try {
      localStorage.setItem(drawer, JSON.stringify(Array.from(fields)));
      return true;
    } catch (error) { tell(words.not_kept); return false; }
  }

  function forgetHere() {
    try { localStorage.removeItem(drawer); } catch (error) { /* there was none */ }
  }

  function newName() {
    const bytes = crypto.getRandomValues(new Uint8Array(8));
    return Array.from(bytes, function (byte) { return byte.toString(16).padStart(2, "0"); }).join("");
  }

  // What did not reach the server comes back, with the revisions from which it began, and says so.

  (function restore() {
    let left = null;
    try { left = JSON.parse(localStorage.getItem(drawer) || "null"); } catch (error) { return; }
    if (!left || !mayWrite) { return; }
    const changed = [];
    const bases = [];
    left.forEach(function (pair) {
      const field = form.elements[pair[0]];
      if (!field || pair[0] === "tab" || typeof pair[1] !== "string" || field.value === undefined) { return; }
      if (field.value.replace(/\r\n/g, "\n") === pair[1].replace(/\r\n/g, "\n")) { return; }
      (field.type === "hidden" ? bases : changed).push([field, field.value]);
      field.value = pair[1];
    });
    if (!changed.length) {
      bases.forEach(function (pair) { pair[0].value = pair[1]; });
      forgetHere();
      return;
    }
    const banner = document.getElementById("restored-here");
    banner.hidden = false;
    banner.querySelector("[data-fields]").textContent = changed.map(function (pair) { return labelOf(pair[0]); }).join(", ");
    banner.querySelector("button").addEventListener("click", function () {
      changed.concat(bases).forEach(function (pair) { pair[0].value = pair[1]; grow(pair[0]); });
      forgetHere();
      banner.hidden = true;
      keep();
    });
    unsaved = true;
    waiting = setTimeout(keep, PAUSE);
  })();

  function labelOf(field) {
    const label = form.querySelector('label[for="' + CSS.escape(field.id) + '"]');
    const language = field.lang && field.name.indexOf(".") > 0 ? " (" + field.lang + ")" : "";
    return (label ? label.textContent.trim() : field.getAttribute("aria-label") || field.name) + language;
  }

  // Logging in again without leaving the page; then what was pressed goes on.

  const box = document.getElementById("login-in-place");
  let pressed = null;

  function logIn(button) {
    pressed = button;
    isLoggedOut = true;
    if (box.open) { return; }
    box.showModal();
    box.querySelector("[data-secret]").focus();
    tell(words.logged_out);
  }

  box.addEventListener("keydown", function (event) {
    if (event.key === "Enter") { event.preventDefault(); submitLogin(); }
  });
  box.querySelector("button").addEventListener("click", submitLogin);

  async function submitLogin() {
    const body = new FormData();
    box.querySelectorAll("input").forEach(function (field) { body.append(field.dataset.name, field.value); });
    const answer = await send("/login", body).catch(function () { return null; });
    const problem = box.querySelector("[role=alert]");
    problem.hidden = Boolean(answer && answer.ok);
    if (!answer || !answer.ok) { problem.textContent = words.login_failed; return; }
    box.querySelectorAll("[data-secret]").forEach(function (field) { field.value = ""; });
    isLoggedOut = false;
    box.close();
    if (pressed) { form.requestSubmit(pressed); } else { keep(); }
  }

  // Who else is here.

  async function ping() {
    if (isLoggedOut) { return; }
    const body = new FormData();
    body.append("tab", tab);
    body.append("base_draft", form.elements.base_draft.value);
    body.append("base_file", form.elements.base_file.value);
    body.append("is_unsaved", unsaved ? "yes" : "");
    try {
      const answer = await send(address + "/presence", body);
      if (answer.status === 401) { if (unsaved) { keep(); } return; }
      if (!answer.ok) { return; }
      const news = await answer.json();
      const here = document.getElementById("others");
      const text = news.others.join(" · ");
      if (here.textContent !== text) { here.textContent = text; }
      here.hidden = !text;
      document.getElementById("moved").hidden = !news.has_moved;
    } catch (error) { /* the next one tells */ }
  }
  ping();
  setInterval(ping, PING);

  // Text fields as tall as their text; pasting; the toolbar.

  function grow(field) {
    if (field.tagName !== "TEXTAREA") { return; }
    const top = window.scrollY;
    field.style.height = "auto";
    field.style.height = field.scrollHeight + 4 + "px";
    window.scrollTo(window.scrollX, top);
  }

  form.querySelectorAll("textarea").forEach(function (field) {
    grow(field);
    field.addEventListener("input", function () { grow(field); });
    if (field.dataset.markdown !== undefined) {
      field.addEventListener("paste", function (event) { paste(event, field); });
      if (field.name.endsWith(".answer") && !field.readOnly) { field.before(toolbar(field)); }
    }
  });

  function insert(field, text) {
    field.focus();
    // The browser's own undo knows what is inserted like this; setRangeText does not tell it.
    if (!document.execCommand("insertText", false, text)) {
      field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  function paste(event, field) {
    const html = event.clipboardData && event.clipboardData.getData("text/html");
    if (!html) { return; }
    const text = markdown(new DOMParser().parseFromString(html, "text/html").body).replace(/\u00a0/g, " ").replace(/[ \t]+\n/g, "\n").replace(/\n[ \t]+/g, "\n").replace(/\n{3,}/g, "\n\n").replace(/(^|\n)((?:- |\d+\. ).*)\n\n(?=- |\d+\. )/g, "$1$2\n").trim();
    if (!text) { return; }
    event.preventDefault();
    insert(field, text);
  }

  // Bold, italics, lists and links come through; the rest is text.
  function markdown(node) {
    let text = "";
    node.childNodes.forEach(function (child) {
      if (child.nodeType === Node.TEXT_NODE) { text += child.textContent.replace(/\s+/g, " "); return; }
      if (child.nodeType !== Node.ELEMENT_NODE) { return; }
      const name = child.tagName.toLowerCase();
      if (name === "script" || name === "style" || name.indexOf(":") > 0) { return; }
      const style = child.getAttribute("style") || "";
      if (/mso-list:\s*ignore/i.test(style)) { return; } // the bullet that Word draws by itself
      const inner = markdown(child);
      const mark = name === "p" && /mso-list:/i.test(style) ? wordsMark(child) : "";
      const isBold = name === "b" || name === "strong" || /(^|;)\s*font-weight:\s*(bold|[6-9]00)/.test(style);
      if (!inner.trim()) { text += name === "br" ? "\n" : inner; return; }
      if (name === "br") { text += "\n"; }
      else if (mark) { text += "\n" + mark + inner.trim() + "\n"; }
      else if (name === "a" && /^https?:\/\//.test(child.getAttribute("href") || "")) { text += "[" + inner.trim() + "](" + child.getAttribute("href") + ")"; }
      else if (isBold && !/(^|;)\s*font-weight:\s*normal/.test(style)) { text += around(inner, "**"); }
      else if (name === "i" || name === "em") { text += around(inner, "*"); }
      else if (name === "li") { text += "\n" + (node.tagName === "OL" ? 1 + Array.from(node.children).indexOf(child) + ". " : "- ") + inner.trim(); }
      else if (/^(p|div|h[1-6]|ul|ol|table|tr|blockquote)$/.test(name)) { text += "\n\n" + inner.trim() + "\n\n"; }
      else if (/^t[dh]$/.test(name)) { text += inner.trim() + " "; }
      else { text += inner; }
    });
    return text;
  }

  // Word writes a list as paragraphs, each with its own bullet or number in it.
  function wordsMark(paragraph) {
    const drawn = Array.from(paragraph.querySelectorAll("[style]")).find(function (one) {
      return /mso-list:\s*ignore/i.test(one.getAttribute("style"));
    });
    const number = drawn && /^\s*(\d+)[.)]/.exec(drawn.textContent);
    return number ? number[1] + ". " : "- ";
  }

  function around(text, mark) {
    const bare = text.trim();
    const start = text.indexOf(bare);
    return text.slice(0, start) + mark + bare + mark + text.slice(start + bare.length);
  }

  function toolbar(field) {
    const bar = document.createElement("div");
    bar.className = "toolbar";
    bar.setAttribute("role", "toolbar");
    bar.setAttribute("aria-label", words.toolbar);
    bar.setAttribute("aria-controls", field.id);
    [["bold", "**"], ["italic", "*"], ["list", "- "], ["link", ""]].forEach(function (tool) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "tool";
      button.textContent = words[tool[0]];
      button.addEventListener("click", function () { use(field, tool[0], tool[1]); });
      bar.append(button);
    });
    return bar;
  }

  function use(field, tool, mark) {
    const chosen = field.value.slice(field.selectionStart, field.selectionEnd);
    if (tool === "list") {
      const lines = (chosen || words.list_item).split("\n").map(function (line) { return line.trim() ? mark + line : line; });
      insert(field, (field.selectionStart && field.value[field.selectionStart - 1] !== "\n" ? "\n" : "") + lines.join("\n"));
    } else if (tool === "link") {
      insert(field, "[" + (chosen || words.link_text) + "](https://)");
    } else {
      insert(field, mark + (chosen.trim() || words.bold_text) + mark);
    }
  }

  // The preview follows what is typed; no field is touched by it.

  async function preview() {
    const pane = document.getElementById("preview");
    if (!pane || !pane.offsetParent) { return; }
    const answer = await fetch(address + "/preview", { method: "POST", body: new FormData(form), credentials: "same-origin" }).catch(function () { return null; });
    if (!answer || !answer.ok) { return; }
    const open = Array.from(pane.querySelectorAll("details[open]"), function (one) { return one.id; });
    pane.innerHTML = await answer.text();
    open.forEach(function (id) { const one = document.getElementById(id); if (one) { one.open = true; } });
  }
  preview();

  // "Will people find it?": asked when wanted, shown in place.

  const found = document.getElementById("findability");

  async function find() {
    found.textContent = words.asking;
    const answer = await fetch(address + "/findability", { method: "POST", body: new FormData(form), credentials: "same-origin" }).catch(function () { return null; });
    if (answer && answer.ok) { found.innerHTML = await answer.text(); } else { found.textContent = words.not_asked; }
  }

  // A question that belongs to another answer goes there, and out of this form.
  if (found) {
    found.addEventListener("click", async function (event) {
      const button = event.target.closest("[data-question]");
      if (!button) { return; }
      event.preventDefault();
      const body = new FormData();
      ["question", "language", "to"].forEach(function (name) { body.append(name, button.dataset[name]); });
      const answer = await send(address + "/move-question", body).catch(function () { return null; });
      if (!answer || !answer.ok) { tell(words.not_moved); return; }
      const field = form.elements[button.dataset.language + ".questions"];
      field.value = field.value.split("\n").filter(function (line) { return line.trim() !== button.dataset.question; }).join("\n");
      field.dispatchEvent(new Event("input", { bubbles: true }));
      const row = button.closest("li");
      row.textContent = words.moved_question.replace("{title}", button.dataset.title);
      row.tabIndex = -1;
      row.focus();
    });
  }

  function tell(text) { if (state) { state.textContent = text; } }

  function clock() {
    const now = new Date();
    return String(now.getHours()).padStart(2, "0") + ":" + String(now.getMinutes()).padStart(2, "0");
  }
})();
