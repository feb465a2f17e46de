// One block at a time, forwards and back by tap or arrow key, by itself only if somebody starts that. Nothing is sent or kept.
const blocks = [...document.querySelectorAll("[data-block]")];
const course = document.querySelector("[data-course]"), steer = document.querySelector("[data-steer]");
const [back, next] = ["back", "next"].map((name) => steer.querySelector(`[data-${name}]`)), play = course.querySelector("[data-play]");
const where = course.querySelector("[data-where-now]"), bar = course.querySelector("progress"), told = steer.querySelector("[data-told]");
const parts = blocks.filter((block) => !("questions" in block.dataset));
const whole = Number(course.dataset.seconds);
const seconds = (block) => Number(block.dataset.seconds);
const clock = (number) => `${Math.floor(number / 60)}:${String(Math.floor(number % 60)).padStart(2, "0")}`;
let at = 0, started = 0, running = null;

function words(since) {
  if (at >= parts.length) return course.dataset.check;
  const time = parts.slice(0, at).reduce((sum, block) => sum + seconds(block), 0) + Math.min(since, seconds(parts[at]));
  bar.value = time;
  return course.dataset.where.replace("{part}", at + 1).replace("{parts}", parts.length).replace("{time}", clock(time)).replace("{whole}", clock(whole));
}

function show(number, byItself = false) {
  at = Math.max(0, Math.min(number, blocks.length - 1));
  blocks.forEach((block, index) => { block.hidden = index !== at; });
  back.disabled = at === 0;
  next.hidden = at === blocks.length - 1;
  play.hidden = at >= parts.length;
  started = Date.now();
  bar.value = whole;
  where.textContent = words(0);
  scrollTo(0, 0);
  if (byItself) told.textContent = blocks[at].querySelector("h2").textContent.trim();
  else blocks[at].querySelector("h2").focus({ preventScroll: true });
  if (at >= parts.length) stop();
}

function tick() {
  const since = (Date.now() - started) / 1000;
  if (since >= seconds(blocks[at])) show(at + 1, true);
  else where.textContent = words(since);
}

function stop() {
  clearInterval(running);
  running = null;
  play.setAttribute("aria-pressed", "false");
  play.textContent = play.dataset.playWords;
}

function start() {
  started = Date.now();
  running = setInterval(tick, 250);
  play.setAttribute("aria-pressed", "true");
  play.textContent = play.dataset.pauseWords;
}

back.addEventListener("click", () => show(at - 1));
next.addEventListener("click", () => show(at + 1));
play.addEventListener("click", () => (running ? stop() : start()));
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input, select, textarea")) return;
  const forwards = document.documentElement.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
  if (event.key === "ArrowLeft" || event.key === "ArrowRight") show(at + (event.key === forwards ? 1 : -1));
});

// -- the questions: “don't know” and no answer count nothing, and any score is fine ---------------------------------------------------

const questions = [...document.querySelectorAll("[data-question]")], said = document.querySelector("[data-said]");
for (const hidden of document.querySelectorAll("[data-answers]")) hidden.hidden = false;
for (const solution of document.querySelectorAll("[data-solution]")) solution.hidden = true;

document.querySelector("[data-score]").addEventListener("click", () => {
  let score = 0;
  for (const question of questions) {
    if (question.querySelector("input:checked")?.value === question.dataset.true) score += 1;
    const solution = question.querySelector("[data-solution]");
    solution.hidden = false;
    solution.open = true;
  }
  const text = score === questions.length ? said.dataset.all : said.dataset.some;
  said.hidden = false;
  said.textContent = text.replace("{score}", score).replace("{most}", questions.length);
});

course.hidden = steer.hidden = false;
show(0, true);
told.textContent = "";
