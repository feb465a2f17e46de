// Seals what is typed to the programme's public key, in the browser: the server keeps it without being able to read it.
// HPKE (RFC 9180) over WebCrypto, no wasm. Where WebCrypto has no X25519 the form is posted as it is and the server seals it.
import { Aes256Gcm } from "./vendor/hpke/core/src/aeads/aesGcm.js";
import { CipherSuiteNative } from "./vendor/hpke/core/src/cipherSuiteNative.js";
import { DhkemX25519HkdfSha256 } from "./vendor/hpke/core/src/kems/dhkemX25519.js";
import { HkdfSha256Native } from "./vendor/hpke/common.js";

const BUCKET = 1024; // as in vault/records.py
const VERSION = 1;
const bytesOf = (text) => new TextEncoder().encode(text);

export const suite = () => new CipherSuiteNative({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256Native(), aead: new Aes256Gcm() });
export const contextOf = (organisation, item) => bytesOf(`hr/ingest/v1|${organisation}|${item}`);
export const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
export const toBase64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

// Length, content, zeros up to a whole bucket: the length of what was sealed says next to nothing.
export function pad(content) {
  const padded = new Uint8Array(Math.ceil((4 + content.length) / BUCKET) * BUCKET);
  new DataView(padded.buffer).setUint32(0, content.length);
  padded.set(content, 4);
  return padded;
}

// Version, encapsulated key, ciphertext and tag. It opens for this organisation and this item alone.
export async function seal(publicKey, organisation, item, value) {
  const made = suite();
  const recipientPublicKey = await made.kem.deserializePublicKey(publicKey);
  const sender = await made.createSenderContext({ recipientPublicKey, info: contextOf(organisation, item) });
  const [key, text] = [new Uint8Array(sender.enc), new Uint8Array(await sender.seal(pad(bytesOf(JSON.stringify(value)))))];
  const sealed = new Uint8Array(1 + key.length + text.length);
  sealed[0] = VERSION;
  sealed.set(key, 1);
  sealed.set(text, 1 + key.length);
  return sealed;
}

export async function canSeal() {
  try {
    await crypto.subtle.generateKey("X25519", false, ["deriveBits"]);
    return true;
  } catch {
    return false;
  }
}

// -- forms: <form data-seal data-seal-fields="a,b" data-key-id data-public-key data-organisation> -----------------------------

const namesOf = (form) => form.dataset.sealFields.split(/[\s,]+/).filter(Boolean);

function say(form, problems) {
  const whole = form.querySelector("[data-seal-error]");
  const beside = new Map([...form.querySelectorAll("[data-problem]")].map((place) => [place.dataset.problem, place]));
  for (const [name, place] of beside) {
    place.hidden = true;
    place.textContent = "";
    form.elements.namedItem(name)?.removeAttribute?.("aria-invalid");
  }
  const others = [];
  for (const { field, sentence } of problems) {
    const place = beside.get(field);
    if (!place) {
      others.push(sentence);
      continue;
    }
    place.textContent = sentence;
    place.hidden = false;
    form.elements.namedItem(field)?.setAttribute?.("aria-invalid", "true");
  }
  whole.hidden = others.length === 0;
  (whole.querySelector("b") || whole).textContent = others.join(" ");
  const first = problems.find(({ field }) => beside.has(field));
  if (first) form.elements.namedItem(first.field)?.focus?.();
  else if (others.length) whole.scrollIntoView({ block: "center" });
}

// What the server would say if it could read it.
function missing(form, typed) {
  const names = Object.keys(typed), blank = (name) => !typed[name].trim();
  const needed = names.filter((name) => form.elements.namedItem(name).required && blank(name));
  if (needed.length) return needed.map((field) => ({ field, sentence: form.dataset.saidNeeded }));
  return names.every(blank) ? [{ field: names[0], sentence: form.dataset.saidNothing }] : [];
}

async function sealedForm(form, typed) {
  const sent = new FormData(form), { keyId, publicKey, organisation } = form.dataset;
  for (const name of Object.keys(typed)) sent.delete(name);
  const sealed = await seal(fromBase64(publicKey), organisation, sent.get("id"), typed);
  sent.set("sealed", toBase64(sealed));
  sent.set("ingest_key", keyId);
  return sent;
}

async function post(form, typed) {
  const body = new URLSearchParams(await sealedForm(form, typed));
  const answer = await fetch(form.getAttribute("action") || location.href, { method: "POST", body, headers: { Accept: "application/json" } });
  const isOurs = (answer.headers.get("Content-Type") || "").startsWith("application/json");
  const said = isOurs ? await answer.json() : {};
  if (answer.ok && said.next?.startsWith("/")) {
    form.reset();
    location.assign(said.next);
    return true;
  }
  say(form, said.problems || [{ field: "", sentence: form.dataset.saidNotTaken }]);
  return false;
}

function sealItself(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.dataset.sent) return;
    // Half a surrogate pair, which no UTF-8 can hold, becomes a replacement character, as in any form.
    const whole = (text) => new TextDecoder().decode(bytesOf(text));
    const typed = Object.fromEntries(namesOf(form).map((name) => [name, whole(form.elements.namedItem(name).value)]));
    const problems = missing(form, typed);
    say(form, problems);
    if (problems.length) return;
    form.dataset.sent = "yes";
    try {
      if (await post(form, typed)) return;
    } catch {
      say(form, [{ field: "", sentence: form.dataset.saidNotReached }]);
    }
    delete form.dataset.sent;
  });
  window.addEventListener("pageshow", () => delete form.dataset.sent);
}

if (typeof document !== "undefined") {
  const forms = document.querySelectorAll("form[data-seal]");
  if (forms.length && (await canSeal())) forms.forEach(sealItself);
}
