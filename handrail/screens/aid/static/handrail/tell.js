// Sends the report without leaving the page, so that the history holds one entry and the quick exit replaces it.
const form = document.querySelector("[data-form]");

function show(problems, sentence, ask = "") {
  for (const place of document.querySelectorAll("[data-problem]")) {
    const said = problems[place.dataset.problem] ?? "";
    place.textContent = said;
    place.hidden = !said;
    const rest = place.closest("details");
    if (said && rest) rest.open = true;
  }
  if (ask) form.querySelector("[data-sure]").hidden = false;
  const top = form.querySelector("[data-error]");
  top.firstElementChild.textContent = sentence;
  top.hidden = !sentence;
  if (sentence) top.scrollIntoView({ block: "center" });
}

async function send() {
  const button = form.querySelector("[data-send]");
  button.disabled = true;
  try {
    const answer = await fetch(location.href, {
      method: "POST", body: new URLSearchParams(new FormData(form)), credentials: "omit", headers: { Accept: "application/json" },
    });
    const said = await answer.json();
    if (!answer.ok) return show(said.errors, said.error, said.ask);
    const told = document.querySelector("[data-told]");
    told.querySelector("[data-code]").textContent = said.receipt;
    told.querySelector("[data-receipt]").hidden = !said.receipt;
    form.remove();
    told.hidden = false;
    told.querySelector("h2").focus();
  } catch (problem) {
    console.info("Not sent:", problem.message);
    show({}, button.dataset.noNetwork);
  } finally {
    button.disabled = false;
  }
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
