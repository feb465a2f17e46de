// The visit composer: steppers, quick numbers, offers, ticks that stand alone, and the sum at the foot. The form works without it.
const form = document.querySelector("form.composer");
const field = (name) => form.elements.namedItem(name);
const changed = (input) => input.dispatchEvent(new Event("input", { bubbles: true }));

function put(name, value) {
  const found = field(name);
  if (found instanceof RadioNodeList) found.value = value;
  else if (found) {
    found.value = value;
    const fold = found.closest("details");
    if (fold && value !== "") fold.open = true;
  }
}

function summary() {
  const number = (input) => parseInt(input.value, 10) || 0;
  const out = [...form.querySelectorAll("input[data-sum=out]")].map(number).filter(Boolean);
  const back = [...form.querySelectorAll("input[data-sum=back]")].map(number).reduce((a, b) => a + b, 0);
  const people = [...form.querySelectorAll("input[data-sum=people]")].map(number).reduce((a, b) => a + b, 0);
  const said = document.querySelector("[data-summary]");
  const text = (key, value) => said.dataset[key].replace("{}", value);
  const parts = [];
  if (out.length) parts.push(text("out", out.join(" + ")));
  if (back) parts.push(text("back", back));
  said.textContent = parts.join(" · ") || said.dataset.empty;
  document.querySelector("[data-who]").textContent =
    people === 1 ? said.dataset.person : text("people", people);
  for (const button of form.querySelectorAll("button[data-set]")) {
    button.setAttribute("aria-pressed", String(field(button.dataset.for).value === button.dataset.set));
  }
}

form.addEventListener("click", (event) => {
  const target = event.target.closest("button[data-step],button[data-set],[data-fill]");
  if (!target) return;
  if (target.dataset.step) {
    const input = target.parentElement.querySelector("input");
    const least = parseInt(input.min || "0", 10);
    const next = Math.max(least, (parseInt(input.value, 10) || 0) + parseInt(target.dataset.step, 10));
    input.value = next === 0 && least === 0 ? "" : next;
    changed(input);
  } else if (target.dataset.set) {
    const input = field(target.dataset.for);
    input.value = input.value === target.dataset.set ? "" : target.dataset.set;
    changed(input);
  } else {
    event.preventDefault();
    for (const [name, value] of Object.entries(JSON.parse(target.dataset.fill))) put(name, value);
    summary();
  }
});
form.addEventListener("change", (event) => {
  const tick = event.target;
  const group = tick.closest("[data-chips]");
  if (!group || !tick.checked) return;
  for (const other of form.querySelectorAll(`[data-chips="${CSS.escape(group.dataset.chips)}"] input`)) {
    if (other !== tick && ("alone" in tick.dataset || "alone" in other.dataset)) other.checked = false;
  }
});
form.addEventListener("input", (event) => {
  if (event.target.name === "card") form.querySelector("[data-person-found]")?.remove(); // another card, another person
  summary();
});
form.addEventListener("keydown", (event) => {
  const find = form.querySelector("button[value=find]");
  if (event.key !== "Enter" || event.target.name !== "card" || !find) return;
  event.preventDefault(); // a scanner ends with Enter
  find.click();
});
form.addEventListener("submit", (event) => {
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => delete form.dataset.sent);
summary();
