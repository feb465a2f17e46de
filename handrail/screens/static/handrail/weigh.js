// The number of syringes appears while the weights are typed. The server computes it in any case.
const form = document.querySelector("form[data-weigh]");
const said = document.querySelector("[data-weighed]");
const POUNDS_PER_KILOGRAM = 2.20462262185;

function show() {
  const chosen = (name) => new FormData(form).get(name) || "";
  const number = (name) => parseFloat(chosen(name).replace(",", "."));
  const net = number("gross") - number("tare");
  const factor = parseFloat(form.getAttribute(`data-factor-${chosen("container")}`) || form.getAttribute("data-factor-any"));
  const pounds = chosen("unit") === "kg" ? net * POUNDS_PER_KILOGRAM : net;
  const count = Math.floor(Math.round(pounds * factor * 1e6) / 1e6);
  said.textContent = chosen("unit") && net > 0 ? said.dataset.text.replace("{}", count) : "";
}

form.addEventListener("input", show);
show();
