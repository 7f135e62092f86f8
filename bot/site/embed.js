// Makes <a data-ask-can-tho href="..."> open the chat in a frame on this page. The link works without it.
(() => {
  const words = /* words */;
  const origin = new URL(document.currentScript.src).origin;
  const PATIENCE = 15000; // ms until a frame that does not answer is given up
  let close = null;

  function open(link) {
    const language = link.hreflang || link.lang || document.documentElement.lang;
    const [name, closing] = words[language.slice(0, 2)] || words.vi;
    const panel = document.createElement("div");
    const button = document.createElement("button");
    const frame = document.createElement("iframe");
    panel.setAttribute("role", "dialog");
    panel.setAttribute("aria-label", name);
    // Set by script, so that no style of the page's policy is needed. It covers its own corner only.
    panel.style.cssText = "position:fixed;right:0;bottom:0;z-index:2147483000;display:flex;flex-direction:column;" +
      "width:min(100%,26rem);height:min(100%,42rem);background:#0a373b;box-shadow:0 0 24px #0006";
    button.type = "button";
    button.textContent = `${closing} \u00d7`;
    button.style.cssText = "align-self:flex-end;min-height:44px;padding:0 16px;border:0;background:none;color:#fff;font:16px sans-serif";
    frame.title = name;
    frame.setAttribute("sandbox", "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox");
    frame.style.cssText = "flex:1;width:100%;border:0;background:#f6f4eb";
    frame.src = `${origin}/embed?lang=${language.slice(0, 2) === "en" ? "en" : "vi"}`;

    const onKey = ({ key }) => key === "Escape" && close();
    const onMessage = ({ data, origin: from, source }) => {
      if (from !== origin || source !== frame.contentWindow) return;
      if (data === "ask-can-tho:ready") clearTimeout(timer);
      if (data === "ask-can-tho:close") close();
    };
    const timer = setTimeout(() => {
      close();
      link.removeAttribute("data-ask-can-tho"); // from here on it is a link
    }, PATIENCE);

    close = () => {
      close = null;
      clearTimeout(timer);
      removeEventListener("message", onMessage);
      removeEventListener("keydown", onKey);
      const hadFocus = panel.contains(document.activeElement);
      panel.remove();
      link.setAttribute("aria-expanded", "false");
      if (hadFocus) link.focus();
    };
    frame.addEventListener("load", () => {
      if (panel.contains(document.activeElement)) frame.focus();
      frame.contentWindow.postMessage("ask-can-tho:open", origin);
    });
    button.addEventListener("click", () => close());
    addEventListener("message", onMessage);
    addEventListener("keydown", onKey);
    link.setAttribute("aria-expanded", "true");
    panel.append(button, frame);
    document.body.append(panel);
    button.focus();
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-ask-can-tho]");
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (close) close();
    else open(link);
  });
})();
