// On every page of first aid: the quick exit, links that leave no trail, and the copy for when there is no network.
const HARMLESS = "/leaving/";
const TIMES = 3, WITHIN = 2000;

// -- leaving: the page goes at once, its place in the history becomes another page's, and going back does not lead here -------------

const exit = document.querySelector("[data-leave]");

function leave() {
  document.title = "";
  document.documentElement.hidden = true;
  history.replaceState(null, "", HARMLESS);
  location.replace(exit.href);
}

const presses = [];
exit.addEventListener("click", (event) => { event.preventDefault(); leave(); });
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return void (presses.length = 0);
  if (event.repeat) return;
  presses.push(event.timeStamp);
  if (presses.length >= TIMES && event.timeStamp - presses[presses.length - TIMES] <= WITHIN) leave();
});

// Links among these pages take the place of the page they stand on, so that the history holds one of them at the most.
for (const link of document.querySelectorAll("a[data-instead]")) {
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    location.replace(link.href);
  });
}
for (const link of document.querySelectorAll("a[href^='#']")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    document.querySelector(link.getAttribute("href")).focus();
  });
}

// -- without a network ------------------------------------------------------------------------------------------------------------

const scope = new URL("../", location.href).pathname;
const script = `${scope}worker.js`;
const kept = document.querySelector("[data-kept]");

// The policy of our pages lets a script start only what this names: our own worker, and nothing else.
window.trustedTypes?.createPolicy("default", {
  createScriptURL: (address) => {
    if (address === script) return address;
    throw new TypeError("Only the worker of these pages may be started.");
  },
});

if (navigator.serviceWorker && /\/(training|emergency)\/$/.test(location.pathname)) {
  navigator.serviceWorker.register(script, { scope, updateViaCache: "none" })
    .then((found) => { kept.hidden = !found.active; found.installing?.addEventListener("statechange", () => { kept.hidden = !found.active; }); })
    .catch((problem) => { kept.hidden = true; console.info("Not kept for use without a network:", problem.message); });
}

document.querySelector("[data-forget]")?.addEventListener("click", async (event) => {
  const words = event.target.dataset.done;
  const found = await navigator.serviceWorker.getRegistration(scope);
  await found?.unregister();
  for (const name of await caches.keys()) if (name.startsWith(`aid ${scope} `)) await caches.delete(name);
  kept.textContent = words;
});
