// Keeps the pages in PAGES and the files in FILES for when there is no network, and nothing else.
// Pages come from the network wherever there is one, so nobody reads an old text who could read a new one; the kept copy
// answers only when the network does not, or not soon. VERSION, PAGES and FILES are put before this text by the server.
const HERE = new URL("./", self.location.href);
const MINE = `aid ${HERE.pathname} `;
const NOW = MINE + VERSION;
const SOON = 2500;
const KEPT_PAGES = new Set(PAGES.map((page) => new URL(page, HERE).href));
const KEPT_FILES = new Set(FILES.map((file) => new URL(file, HERE).href));

async function fetchAll() {
  const kept = await caches.open(NOW);
  await kept.addAll([...KEPT_PAGES, ...KEPT_FILES].map((url) => new Request(url, { cache: "reload", credentials: "omit" })));
  await self.skipWaiting(); // a page that is open needs nothing more from the worker before
}

async function forgetOlder() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(MINE) && name !== NOW).map((name) => caches.delete(name)));
}

async function kept(url) {
  return (await caches.open(NOW)).match(url, { ignoreVary: true });
}

async function page(url) {
  const copy = await kept(url);
  const fresh = fetch(url, { cache: "no-cache", credentials: "omit" });
  if (!copy) return fresh;
  const late = new Promise((answer) => setTimeout(answer, SOON, copy));
  // A page that was taken back (404) is gone; a server that fails, or a network that wants a sign-in first, is not an answer.
  const usable = fresh.then((answer) => (answer.ok && !answer.redirected) || answer.status === 404 ? answer : copy, () => copy);
  return Promise.race([usable, late]);
}

async function file(request) {
  return (await kept(request.url)) || fetch(request);
}

self.addEventListener("install", (event) => event.waitUntil(fetchAll()));
self.addEventListener("activate", (event) => event.waitUntil(forgetOlder()));
self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET") return;
  if (KEPT_PAGES.has(event.request.url)) event.respondWith(page(event.request.url));
  else if (KEPT_FILES.has(event.request.url)) event.respondWith(file(event.request));
});
