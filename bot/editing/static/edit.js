// What the edit page does beside what its form does by itself: keep what is typed, show who else is here, paste
// without Word's dress, a small toolbar, a preview. Without this script the form still saves.
"use strict";

(function () {
  const form = document.querySelector("form[data-answer]");
  if (!form) { return; }

  const PAUSE = 500;          // milliseconds after the last key until what is typed is kept
  const PING = 10000;         // milliseconds between two signs of life
  const PREVIEW_PAUSE = 1200; // milliseconds after the last key until the preview follows

  const words = JSON.parse(document.getElementById("script-words").textContent);
  const address = "/answers/" + encodeURIComponent(form.dataset.answer);
  const tab = tabName();
  const drawer = "typed:" + form.dataset.answer;
  const state = document.getElementById("typed-state");
  let unsaved = false;
  let waiting = null;
  let previewWaiting = null;
  let isLoggingIn = false;

  form.elements.tab.value = tab;

  // Keeping what is typed.

  form.addEventListener("input", function () {
    unsaved = true;
    clearTimeout(waiting);
    waiting = setTimeout(keep, PAUSE);
    clearTimeout(previewWaiting);
    previewWaiting = setTimeout(preview, PREVIEW_PAUSE);
  });

  form.addEventListener("submit", function () { unsaved = false; });
  window.addEventListener("online", function () { if (unsaved) { keep(); } });
  window.addEventListener("beforeunload", function (event) {
    if (unsaved) { event.preventDefault(); event.returnValue = ""; }
  });

  async function keep() {
    try {
      const answer = await send(address + "/autosave", new FormData(form));
      if (answer.status === 401) { keepHere(); logIn(); return; }
      if (!answer.ok) { throw new Error(String(answer.status)); }
      forgetHere();
      unsaved = false;
      tell(words.kept.replace("{time}", clock()));
    } catch (error) {
      keepHere();
      tell(words.kept_here.replace("{time}", clock()));
      clearTimeout(waiting);
      waiting = setTimeout(keep, PING);
    }
  }

  function send(to, body) {
    return fetch(to, { method: "POST", body: body, headers: { Accept: "application/json" }, credentials: "same-origin" });
  }

  function keepHere() {
    try {
      localStorage.setItem(drawer, JSON.stringify({ at: Date.now(), fields: Array.from(new FormData(form)) }));
    } catch (error) { tell(words.not_kept); }
  }

  function forgetHere() {
    try { localStorage.removeItem(drawer); } catch (error) { /* there was none */ }
  }

  function tabName() {
    // A reload is the same tab; a copy of the tab gets a name of its own at its first save.
    let name = null;
    try { name = sessionStorage.getItem("tab"); } catch (error) { /* kept by nobody */ }
    if (!name || performance.getEntriesByType("navigation").some(function (entry) { return entry.type === "navigate"; })) {
      const bytes = crypto.getRandomValues(new Uint8Array(8));
      name = Array.from(bytes, function (byte) { return byte.toString(16).padStart(2, "0"); }).join("");
      try { sessionStorage.setItem("tab", name); } catch (error) { /* lives as long as the page */ }
    }
    return name;
  }

  // What was typed while offline comes back, and says so.

  (function restore() {
    let left = null;
    try { left = JSON.parse(localStorage.getItem(drawer) || "null"); } catch (error) { return; }
    if (!left) { return; }
    const changed = [];
    left.fields.forEach(function (pair) {
      const field = form.elements[pair[0]];
      if (!field || field.type === "hidden" || typeof pair[1] !== "string" || field.value === undefined) { return; }
      if (field.value !== pair[1]) { changed.push([field, field.value]); field.value = pair[1]; }
    });
    if (!changed.length) { forgetHere(); return; }
    const banner = document.getElementById("restored-here");
    banner.hidden = false;
    banner.querySelector("[data-fields]").textContent = changed.map(function (pair) { return labelOf(pair[0]); }).join(", ");
    banner.querySelector("button").addEventListener("click", function () {
      changed.forEach(function (pair) { pair[0].value = pair[1]; grow(pair[0]); });
      forgetHere();
      banner.hidden = true;
    });
    unsaved = true;
  })();

  function labelOf(field) {
    const label = form.querySelector('label[for="' + CSS.escape(field.id) + '"]');
    return label ? label.textContent.trim() : field.name;
  }

  // Logging in again without leaving the page.

  function logIn() {
    if (isLoggingIn) { return; }
    isLoggingIn = true;
    const box = document.getElementById("login-in-place");
    box.hidden = false;
    box.scrollIntoView({ block: "nearest" });
    box.querySelector("input").focus();
    tell(words.logged_out);
  }

  const again = document.getElementById("login-in-place");
  if (again) {
    again.addEventListener("keydown", function (event) {
      if (event.key === "Enter") { event.preventDefault(); submitLogin(); }
    });
    again.querySelector("button").addEventListener("click", submitLogin);
  }

  async function submitLogin() {
    const body = new FormData();
    again.querySelectorAll("input").forEach(function (field) { body.append(field.dataset.name, field.value); });
    const answer = await send("/login", body);
    if (answer.ok) {
      again.hidden = true;
      again.querySelectorAll("input[data-secret]").forEach(function (field) { field.value = ""; });
      isLoggingIn = false;
      keep();
    } else {
      again.querySelector("[role=alert]").textContent = words.login_failed;
    }
  }

  // Who else is here.

  async function ping() {
    if (isLoggingIn) { return; }
    const body = new FormData();
    body.append("tab", tab);
    body.append("base_draft", form.elements.base_draft.value);
    body.append("base_file", form.elements.base_file.value);
    body.append("is_unsaved", unsaved ? "yes" : "");
    try {
      const answer = await send(address + "/presence", body);
      if (answer.status === 401) { if (unsaved) { logIn(); } return; }
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
      field.before(toolbar(field));
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
    const text = markdown(new DOMParser().parseFromString(html, "text/html").body).replace(/\n{3,}/g, "\n\n").trim();
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
      const inner = markdown(child);
      const style = child.getAttribute("style") || "";
      const isBold = name === "b" || name === "strong" || /font-weight:\s*(bold|[6-9]00)/.test(style);
      if (!inner.trim()) { text += name === "br" ? "\n" : inner; return; }
      if (name === "br") { text += "\n"; }
      else if (name === "a" && /^https?:\/\//.test(child.getAttribute("href") || "")) { text += "[" + inner.trim() + "](" + child.getAttribute("href") + ")"; }
      else if (isBold && !/font-weight:\s*normal/.test(style)) { text += around(inner, "**"); }
      else if (name === "i" || name === "em") { text += around(inner, "*"); }
      else if (name === "li") { text += "\n" + (node.tagName === "OL" ? 1 + Array.from(node.children).indexOf(child) + ". " : "- ") + inner.trim(); }
      else if (/^(p|div|h[1-6]|ul|ol|table|tr|blockquote)$/.test(name)) { text += "\n\n" + inner.trim() + "\n\n"; }
      else if (/^t[dh]$/.test(name)) { text += inner.trim() + " "; }
      else { text += inner; }
    });
    return text;
  }

  function around(text, mark) {
    const bare = text.trim();
    return text.replace(bare, mark + bare + mark);
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
    if (answer && answer.ok) { pane.innerHTML = await answer.text(); }
  }
  preview();

  // "Will people find it?": asked when wanted, shown in place.

  const finder = document.getElementById("find-button");
  if (finder) {
    finder.addEventListener("click", async function (event) {
      event.preventDefault();
      const pane = document.getElementById("findability");
      pane.textContent = words.asking;
      const answer = await fetch(address + "/findability", { method: "POST", body: new FormData(form), credentials: "same-origin" }).catch(function () { return null; });
      if (answer && answer.ok) { pane.innerHTML = await answer.text(); } else { pane.textContent = words.not_asked; }
    });
  }

  function tell(text) { if (state) { state.textContent = text; } }

  function clock() {
    const now = new Date();
    return String(now.getHours()).padStart(2, "0") + ":" + String(now.getMinutes()).padStart(2, "0");
  }
})();
