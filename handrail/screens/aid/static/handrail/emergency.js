// Counts breaths and the time since each dose. It only reminds; it computes no dose, and nothing is sent or kept.
// Times are compared with the clock and never counted in ticks: browsers slow down hidden pages.
const foot = document.querySelector("[data-timers]");
const part = (name) => foot.querySelector(`[data-${name}]`);
const [breaths, breathSaid, dose, doseSaid, reminder, sound, undo, told] = ["breaths", "breath-said", "dose", "dose-said", "reminder", "sound", "undo", "told"].map(part);
const lung = foot.querySelector(".lung"), breathWords = breaths.querySelector("[data-words]");
const BREATH = Number(foot.dataset.breath) * 1000, REMIND = Number(foot.dataset.remind) * 60_000, IN = 1200;
const doses = [];
let since = 0, beat = -1, reminded = false, speaker = null, awake = null;

const clock = (ms) => `${Math.floor(ms / 60_000)}:${String(Math.floor(ms / 1000) % 60).padStart(2, "0")}`;
const fill = (text, values) => Object.entries(values).reduce((whole, [name, value]) => whole.replace(`{${name}}`, value), text);

function put(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

function beep(high, length) {
  if (!speaker) return;
  const tone = speaker.createOscillator(), volume = speaker.createGain();
  tone.frequency.value = high;
  volume.gain.setValueAtTime(0.25, speaker.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, speaker.currentTime + length);
  tone.connect(volume).connect(speaker.destination);
  tone.start();
  tone.stop(speaker.currentTime + length);
}

function breathe(now) {
  const passed = now - since, number = Math.floor(passed / BREATH);
  if (number !== beat) {
    beat = number;
    beep(520, 0.4);
    navigator.vibrate?.(150);
  }
  const isIn = passed % BREATH < IN;
  lung.classList.toggle("in", isIn);
  put(breathSaid, isIn ? fill(breathSaid.dataset.in, { n: number + 1 }) : fill(breathSaid.dataset.wait, { n: Math.ceil((BREATH - (passed % BREATH)) / 1000) }));
}

function remind(now) {
  const passed = now - doses.at(-1), isDue = passed >= REMIND;
  put(doseSaid, fill(doseSaid.dataset.words, { n: doses.length, time: clock(passed) }));
  if (isDue && !reminded) {
    reminded = true;
    for (const times of [0, 500, 1000]) setTimeout(beep, times, 880, 0.45);
    navigator.vibrate?.([400, 200, 400, 200, 400]);
  }
  reminder.hidden = !isDue;
  if (isDue) put(reminder, fill(reminder.dataset.words, { minutes: Math.floor(passed / 60_000) }));
}

function look() {
  const now = Date.now();
  if (since) breathe(now);
  if (doses.length) remind(now);
}

async function stayAwake() {
  if (!navigator.wakeLock || document.hidden || awake) return;
  try {
    awake = await navigator.wakeLock.request("screen");
    awake.addEventListener("release", () => { awake = null; });
  } catch {
    put(told, told.dataset.awake); // an empty battery, or a browser that may not
  }
}

breaths.addEventListener("click", () => {
  since = since ? 0 : Date.now();
  beat = -1;
  breaths.setAttribute("aria-pressed", String(Boolean(since)));
  put(breathWords, since ? breaths.dataset.stop : breaths.dataset.start);
  if (!since) { lung.classList.remove("in"); put(breathSaid, ""); }
  stayAwake();
  look();
});

dose.addEventListener("click", () => {
  doses.push(Date.now());
  reminded = false;
  undo.hidden = false;
  put(told, fill(told.dataset.doseNoted, { n: doses.length, minutes: foot.dataset.remind }));
  stayAwake();
  look();
});

undo.addEventListener("click", () => {
  doses.pop();
  reminded = doses.length > 0 && Date.now() - doses.at(-1) >= REMIND;
  undo.hidden = !doses.length;
  put(told, told.dataset.doseTakenBack);
  if (!doses.length) { reminder.hidden = true; put(doseSaid, ""); dose.focus(); }
  look();
});

sound.addEventListener("click", () => {
  if (speaker) { speaker.close(); speaker = null; } else { speaker = new AudioContext(); beep(520, 0.3); }
  sound.setAttribute("aria-pressed", String(Boolean(speaker)));
  put(sound, speaker ? sound.dataset.on : sound.dataset.off);
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && (since || doses.length)) { stayAwake(); look(); }
});
foot.hidden = false;
setInterval(look, 100);
