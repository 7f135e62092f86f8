// Asks the authenticator (WebAuthn): to make a passkey on the account's page, to use one at the login.
// Where there is none, the pages work with password and code as without this script.
"use strict";

(function () {
  const isAddress = /^[\d.]+$|^\[/.test(location.hostname); // passkeys belong to names, not to addresses
  const isElsewhere = document.currentScript.dataset.address !== location.origin; // as through a tunnel
  if (isElsewhere || !window.PublicKeyCredential || !window.isSecureContext || isAddress) { return; }

  const login = document.getElementById("passkey-login");
  if (login) {
    const button = login.querySelector("button");
    const problem = login.querySelector("[role=alert]");
    login.hidden = false;
    button.addEventListener("click", async function () {
      problem.hidden = true;
      button.disabled = true;
      try {
        const question = await ask("/login/passkey/options", {});
        const credential = await navigator.credentials.get({ publicKey: opened(question.options) });
        const done = await ask("/login/passkey", {
          token: question.token, answer: JSON.stringify(closed(credential)), then: login.dataset.then,
        });
        location.assign(done.to);
      } catch (error) {
        problem.hidden = false;
        button.disabled = false;
      }
    });
  }

  const form = document.getElementById("passkey-add");
  if (form) {
    form.hidden = false;
    document.getElementById("passkey-cannot").hidden = true;
    form.addEventListener("submit", async function (event) {
      event.preventDefault();
      const button = form.querySelector("button");
      form.querySelectorAll("[data-problem]").forEach(function (one) { one.hidden = true; });
      button.disabled = true;
      try {
        const question = await ask("/account/passkeys/options", { password: form.elements.password.value });
        const credential = await navigator.credentials.create({ publicKey: opened(question.options) });
        const done = await ask("/account/passkeys", {
          token: question.token, answer: JSON.stringify(closed(credential)), name: form.elements.name.value,
        });
        location.assign(done.to);
      } catch (error) {
        const known = form.querySelector('[data-problem="' + error.message + '"]');
        (known || form.querySelector("[data-problem]")).hidden = false;
        button.disabled = false;
      }
    });
  }

  async function ask(to, fields) {
    const answer = await fetch(to, {
      method: "POST", body: new URLSearchParams(fields), headers: { Accept: "application/json" },
      credentials: "same-origin",
    });
    const data = await answer.json();
    if (!answer.ok) { throw new Error(/^[a-z_]+$/.test(data.error) ? data.error : "passkey_not_right"); }
    return data;
  }

  // Options as JSON have bytes in base64url; the browser wants buffers.
  function opened(options) {
    options.challenge = bytes(options.challenge);
    if (options.user) { options.user.id = bytes(options.user.id); }
    for (const list of [options.excludeCredentials, options.allowCredentials]) {
      (list || []).forEach(function (one) { one.id = bytes(one.id); });
    }
    return options;
  }

  function closed(credential) {
    const response = { clientDataJSON: text(credential.response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) { response[name] = text(credential.response[name]); }
    }
    return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response: response };
  }

  function bytes(base64url) {
    const binary = atob(base64url.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(binary, function (letter) { return letter.charCodeAt(0); });
  }

  function text(buffer) {
    const binary = String.fromCharCode.apply(null, new Uint8Array(buffer));
    return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }
})();
