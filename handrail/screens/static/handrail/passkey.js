// Passkeys: asks the browser to make one (create) or to use one (get) and posts the answer with the form around it.
"use strict";

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  buffer ? btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "") : undefined;

const readable = (wanted) => {
  wanted.challenge = bytes(wanted.challenge);
  if (wanted.user) wanted.user.id = bytes(wanted.user.id);
  for (const list of [wanted.excludeCredentials, wanted.allowCredentials]) for (const one of list || []) one.id = bytes(one.id);
  return wanted;
};

const answerOf = (made) => JSON.stringify({
  id: made.id, rawId: text(made.rawId), type: made.type, clientExtensionResults: {},
  response: {
    clientDataJSON: text(made.response.clientDataJSON), attestationObject: text(made.response.attestationObject),
    authenticatorData: text(made.response.authenticatorData), signature: text(made.response.signature), userHandle: text(made.response.userHandle),
  },
});

if (window.PublicKeyCredential) {
  for (const part of document.querySelectorAll("[data-passkey]")) {
    const form = part.closest("form"), problem = part.querySelector("[data-problem]");
    part.hidden = false;
    part.querySelector("button").addEventListener("click", async () => {
      problem.textContent = "";
      if (!form.reportValidity()) return;
      try {
        const publicKey = readable(JSON.parse(part.dataset.options).publicKey);
        form.elements.answer.value = answerOf(await navigator.credentials[part.dataset.passkey]({ publicKey }));
        form.submit();
      } catch {
        problem.textContent = problem.dataset.problem;
      }
    });
  }
}
