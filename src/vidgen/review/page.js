// The program of the review page. It makes no HTML of words: text goes in as text, and new parts come from the server.
const words = JSON.parse(document.getElementById("words").textContent);
const served = document.body.dataset.served === "true";
const $ = (what, within = document) => within.querySelector(what);
const $$ = (what, within = document) => [...within.querySelectorAll(what)];
const say = (key) => words[key]?.[document.documentElement.lang] ?? key;
const kept = {
  get: (name) => { try { return localStorage.getItem(`vidgen-${name}`); } catch { return null; } },
  set: (name, value) => { try { localStorage.setItem(`vidgen-${name}`, value); } catch { /* not allowed: forgotten */ } },
};

let toldUntil;
function tell(text, seconds = 5) {
  $("#told").textContent = text;
  clearTimeout(toldUntil);
  toldUntil = setTimeout(() => { $("#told").textContent = ""; }, seconds * 1000);
}

function setLanguage(language) {
  document.documentElement.lang = language;
  for (const part of $$("[data-t]")) part.textContent = say(part.dataset.t);
  for (const part of $$("[data-t-label]")) part.setAttribute("aria-label", say(part.dataset.tLabel));
  kept.set("language", language);
}

// Clips. A screen is a clip with its bar; `count` frames from `start` are in the film.
const screensOf = (shot) => $$(".screen[data-start]", shot);
const form = (screen) => {
  const { start, count, frames, fps } = screen.dataset;
  return { start: +start, count: +count, frames: +frames, fps: +fps, video: $("video", screen) };
};
const frameOf = (clip) => Math.min(clip.frames - 1, Math.max(0, Math.floor(clip.video.currentTime * clip.fps + 1e-3)));
const seek = (clip, frame) => { clip.video.currentTime = (frame + 0.5) / clip.fps; };

function place(screen) {
  const clip = form(screen);
  const frame = clip.video.readyState ? frameOf(clip) : clip.start;
  $(".frame", screen).value = String(frame).padStart(4, "0");
  $(".head", screen).style.left = `${(100 * frame) / clip.frames}%`;
}

function wake(shot) {
  for (const screen of screensOf(shot)) {
    const { start, count, frames, video } = form(screen);
    if (video.dataset.src) { video.src = video.dataset.src; delete video.dataset.src; }
    if (video.dataset.poster) video.poster = video.dataset.poster;
    Object.assign($(".part", screen).style, { left: `${(100 * start) / frames}%`, width: `${(100 * count) / frames}%` });
    place(screen);
  }
  for (const picture of $$("img[data-src]", shot)) { picture.src = picture.dataset.src; delete picture.dataset.src; }
}

function rest(shot) { // what is far away gives its memory back
  if (shot === deck.shot) return;
  for (const { video } of screensOf(shot).map(form)) {
    if (!video.readyState || video.dataset.src) continue;
    video.dataset.src = video.getAttribute("src");
    video.removeAttribute("src");
    video.load();
  }
}

const near = new IntersectionObserver((seen) => {
  for (const { target, isIntersecting } of seen) (isIntersecting ? wake : rest)(target);
}, { rootMargin: "150px" });

// The deck plays all takes of one shot in step, from their first frame in the film to their last, over and over.
const deck = { shot: null, speed: 0, run: 0 };
const clipsOf = (shot) => screensOf(shot).map((screen) => ({ ...form(screen), screen }))
  .filter(({ video }) => video.getClientRects().length);
const leader = (clips) => clips.find(({ screen }) => screen.closest("[data-picked=true]")) ?? clips[0];
const ready = (video) => new Promise((done) => {
  if (video.readyState >= 3 && !video.seeking) return done();
  for (const event of ["canplay", "seeked", "error"]) video.addEventListener(event, done, { once: true });
  setTimeout(done, 3000);
});

function pause() {
  deck.run += 1;
  deck.speed = 0;
  if (deck.shot) for (const { video } of clipsOf(deck.shot)) video.pause();
}

async function play(shot, speed = 1) {
  pause();
  const run = deck.run;
  Object.assign(deck, { shot, speed });
  wake(shot);
  const clips = clipsOf(shot);
  if (!clips.length) return;
  const first = leader(clips);
  const at = first.video.readyState ? first.video.currentTime - first.start / first.fps : 0;
  const length = first.count / first.fps;
  const from = at >= 0 && at < length - 1 / first.fps ? at : speed < 0 ? length - 1 / first.fps : 0;
  for (const clip of clips) {
    clip.video.preload = "auto";
    clip.video.muted = clip !== first;
    if (!clip.video.readyState) clip.video.load();
    goTo(clip, from);
  }
  await Promise.all(clips.map(({ video }) => ready(video)));
  if (run !== deck.run) return;
  if (speed > 0) for (const { video } of clips) { video.playbackRate = speed; video.play().catch(() => {}); }
  let last = performance.now();
  const step = (now) => {
    if (run !== deck.run) return;
    (speed > 0 ? keepInStep : backwards)(clips, first, length, (now - last) / 1000);
    last = now;
    for (const { screen } of clips) place(screen);
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}

function goTo(clip, seconds) {
  const frame = Math.min(clip.count - 1, Math.max(0, Math.round(seconds * clip.fps)));
  seek(clip, clip.start + frame);
}

function keepInStep(clips, first, length) {
  const at = first.video.currentTime - first.start / first.fps;
  if (at >= length || first.video.ended) {
    for (const clip of clips) { goTo(clip, 0); if (clip.video.paused) clip.video.play().catch(() => {}); }
    return;
  }
  for (const clip of clips) {
    if (clip === first || clip.video.seeking) continue;
    const late = at - (clip.video.currentTime - clip.start / clip.fps);
    if (Math.abs(late) > 0.25) { goTo(clip, at); if (clip.video.paused && at < clip.count / clip.fps) clip.video.play().catch(() => {}); }
    else clip.video.playbackRate = deck.speed * (Math.abs(late) < 0.3 / clip.fps ? 1 : late > 0 ? 1.06 : 0.94);
  }
}

let back = 0;
function backwards(clips, first, length, seconds) {
  if (first.video.seeking) { back += seconds; return; }
  const now = first.video.currentTime - first.start / first.fps + deck.speed * (seconds + back);
  back = 0;
  for (const clip of clips) goTo(clip, now < 0 ? length - 1 / first.fps : now);
}

function shuttle(direction) { // J and L: the same key again is faster
  if (!current) return;
  const faster = Math.sign(deck.speed) === direction && deck.shot === current ? Math.min(8, Math.abs(deck.speed) * 2) : 1;
  play(current, direction * faster);
}

const waiting = { steps: 0, busy: false };
async function stepFrames(count) { // keys that come while the clips load count too
  if (!current) return;
  waiting.steps += count;
  if (waiting.busy) return;
  waiting.busy = true;
  pause();
  deck.shot = current;
  wake(current);
  const clips = clipsOf(current);
  const fresh = clips.filter(({ video }) => !video.readyState);
  for (const { video } of fresh) { video.preload = "auto"; video.load(); }
  await Promise.all(fresh.map(({ video }) => ready(video)));
  const by = waiting.steps, first = leader(clips);
  Object.assign(waiting, { steps: 0, busy: false });
  if (!first) return;
  const frame = fresh.includes(first) ? 0 : Math.max(-first.start, frameOf(first) - first.start);
  for (const clip of clips) {
    const to = clip.start + Math.round(((frame + by) / first.fps) * clip.fps);
    seek(clip, Math.min(clip.frames - 1, Math.max(0, to)));
    clip.video.addEventListener("seeked", () => place(clip.screen), { once: true });
  }
}

// Which shot and which take the keys are about.
let current = null;
const takeOf = (shot) => $(".take.chosen", shot) ?? $(".take[data-picked=true]", shot) ?? $(".take", shot);

function choose(shot, { scroll = false, focus = false } = {}) {
  if (!shot) return;
  if (shot !== current) {
    if (deck.shot && deck.shot !== shot) pause();
    for (const part of $$(".current")) { part.classList.remove("current"); part.removeAttribute("aria-current"); }
    current = shot;
    shot.classList.add("current");
    const block = $(`.timeline [data-for="${shot.dataset.shot}"]`);
    block?.classList.add("current");
    $("a", block ?? shot)?.setAttribute("aria-current", "true");
    if (block) { const strip = block.closest(".timeline"); strip.scrollLeft = block.offsetLeft - strip.clientWidth / 2; }
  }
  if (scroll) shot.scrollIntoView({ block: "start" });
  if (focus) shot.focus({ preventScroll: true });
}

function chooseTake(take) {
  if (!take) return;
  for (const other of $$(".take.chosen")) other.classList.remove("chosen");
  take.classList.add("chosen");
}

function neighbour(step) {
  const shots = $$(".shot");
  return shots[Math.min(shots.length - 1, Math.max(0, shots.indexOf(current) + step))];
}

// Questions to the person.
function ask(text, { value = null, kind = "text", yes = "ok" } = {}) {
  return new Promise((answer) => {
    const box = document.createElement("dialog");
    const label = box.appendChild(document.createElement("label"));
    label.textContent = text;
    label.htmlFor = "answer";
    const field = value === null ? null : box.appendChild(document.createElement("input"));
    if (field) { Object.assign(field, { id: "answer", type: kind, value, min: "1", max: "16", maxLength: 2000 }); }
    else box.setAttribute("aria-label", text);
    const row = box.appendChild(document.createElement("div"));
    row.className = "buttons";
    for (const [key, given] of [[yes, () => (field ? field.value : true)], ["cancel", () => null]]) {
      const button = row.appendChild(document.createElement("button"));
      button.textContent = say(key);
      button.addEventListener("click", () => { answer(given()); box.close(); });
    }
    field?.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.isComposing) { answer(field.value); box.close(); }
    });
    box.addEventListener("close", () => {
      answer(null);
      box.remove();
      if (document.activeElement === document.body) current?.focus({ preventScroll: true });
    });
    document.body.append(box);
    box.showModal();
    field?.select();
  });
}

async function copy(text) {
  try { await navigator.clipboard.writeText(text); tell(`${say("copied")}: ${text}`, 8); }
  catch { tell(`${say("copy_this")} ${text}`, 20); }
}

// The server.
async function post(path, body) {
  let answer;
  try {
    answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  } catch { tell(say("gone"), 20); return null; }
  const data = await answer.json().catch(() => ({}));
  if (answer.ok || answer.status === 402) return { status: answer.status, data };
  tell(`${say("failed")}: ${[data.error?.message, data.error?.hint].filter(Boolean).join(" - ")}`, 12);
  return null;
}

async function renew(name) {
  const answer = await fetch(`/part?shot=${encodeURIComponent(name)}`).catch(() => null);
  if (!answer?.ok) return;
  const parts = new DOMParser().parseFromString(await answer.text(), "text/html");
  const before = document.getElementById(`shot-${name}`), after = $(".shot", parts);
  if (!before || !after) return;
  if (before === deck.shot) { pause(); deck.shot = after; }
  const focus = before.contains(document.activeElement) ? document.activeElement : null;
  const place_ = focus && [focus.closest("[data-take]")?.dataset.take, focus.dataset.action];
  const open = $$("details[open]", before).map((part) => part.closest("[data-take]")?.dataset.take);
  for (const take of $$("[data-take]", after)) {
    const old = $(`[data-take="${take.dataset.take}"] video`, before), fresh = $("video", take);
    if (old && fresh && old.dataset.poster === fresh.dataset.poster) fresh.replaceWith(old);
    const more = $("details", take);
    if (more) more.open = open.includes(take.dataset.take);
  }
  near.unobserve(before);
  before.replaceWith(after);
  near.observe(after);
  $("#facts").replaceWith($("#facts", parts));
  const block = $(`.timeline [data-for="${name}"]`), newer = $("li", parts);
  block?.replaceWith(newer);
  newer.style.flexGrow = newer.dataset.share;
  if (before === current) { current = null; choose(after); }
  wake(after);
  setLanguage(document.documentElement.lang);
  if (place_) {
    const [take, action] = place_;
    const within = take ? $(`[data-take="${take}"]`, after) : after;
    (($(`[data-action="${action}"]`, within ?? after)) ?? after).focus({ preventScroll: true });
  }
}

async function change(path, body) {
  const done = await post(path, body);
  if (done?.status === 200) await renew(body.shot);
  return done;
}

async function more(shot) {
  const count = await ask(say("how_many"), { value: "1", kind: "number" });
  const candidates = Number.parseInt(count, 10);
  if (!candidates) return;
  tell(say("making"), 600);
  let done = await change("/api/more", { shot, candidates });
  if (done?.status === 402) {
    tell("");
    const usd = done.data.estimated_usd;
    if (usd === null || usd === undefined || done.data.error.code !== "budget.no_consent") { tell(done.data.error.message, 12); return; }
    if (!(await ask(`${say("price")} ${usd.toFixed(2)} USD`, { yes: "buy" }))) return;
    tell(say("making"), 600);
    done = await change("/api/more", { shot, candidates, confirm_usd: usd });
    if (done?.status === 402) { tell(done.data.error.message, 12); return; }
  }
  if (done) tell("");
}

async function reject(shot, take) {
  if (!served) { tell(say("served_only")); return; }
  const reason = (await ask(say("reason"), { value: "" }))?.trim();
  if (reason) await change("/api/reject", { shot, take, reason });
}

async function note(shot) {
  if (!served) { tell(say("served_only")); return; }
  const take = takeOf(shot), screen = take && $(".screen[data-start]", take);
  const clip = screen && form(screen);
  const at_s = clip && clip.video.readyState ? frameOf(clip) / clip.fps : clip ? clip.start / clip.fps : null;
  pause();
  const text = (await ask(say("note_text"), { value: "" }))?.trim();
  if (text) await change("/api/note", { shot: shot.dataset.shot, take: take?.dataset.take ? +take.dataset.take : null, at_s, text });
}

function pick(shot, take) {
  if (served) return change("/api/pick", { shot: shot.dataset.shot, take: +take.dataset.take });
  return copy(take.dataset.command);
}

function jump(take, at) {
  pause();
  const screen = $(".screen[data-start]", take), clip = form(screen);
  clip.video.preload = "auto";
  if (!clip.video.readyState) clip.video.load();
  seek(clip, Math.min(clip.frames - 1, Math.round(at * clip.fps)));
  clip.video.addEventListener("seeked", () => place(screen), { once: true });
}

function fullScreen() {
  const take = current && takeOf(current);
  if (document.fullscreenElement) document.exitFullscreen();
  else take?.requestFullscreen?.().catch(() => {});
}

const toggle = (shot) => (deck.speed && deck.shot === shot ? pause() : play(shot));
const ACTIONS = {
  play: ({ shot }) => toggle(shot),
  pick: ({ shot, take }) => pick(shot, take),
  unpick: ({ shot }) => change("/api/unpick", { shot: shot.dataset.shot }),
  reject: ({ shot, take }) => reject(shot.dataset.shot, +take.dataset.take),
  more: ({ shot }) => more(shot.dataset.shot),
  note: ({ shot }) => note(shot),
  jump: ({ take, button }) => jump(take, +button.dataset.at),
  keys: () => $("#help").showModal(),
  close: ({ button }) => button.closest("dialog").close(),
  language: () => setLanguage(document.documentElement.lang === "ja" ? "en" : "ja"),
  theme: () => {
    const theme = document.body.dataset.theme === "dark" ? "light" : "dark";
    document.body.dataset.theme = theme;
    kept.set("theme", theme);
  },
  lightbox: ({ button }) => {
    pause();
    button.setAttribute("aria-pressed", String(document.body.classList.toggle("lightbox")));
  },
};

document.addEventListener("click", (event) => {
  const shot = event.target.closest(".shot"), take = event.target.closest(".take");
  if (shot) choose(shot);
  chooseTake(take);
  const button = event.target.closest("[data-action]");
  if (button) {
    ACTIONS[button.dataset.action]?.({ button, shot, take });
    if (event.detail && !$("dialog[open]")) (shot ?? current)?.focus({ preventScroll: true }); // after the mouse, keys are the player's
    return;
  }
  const bar = event.target.closest(".bar");
  if (bar) {
    const { left, width } = bar.getBoundingClientRect();
    const clip = form(bar.closest(".screen"));
    jump(take, ((event.clientX - left) / width) * clip.frames / clip.fps);
  } else if (event.target.closest("video")) toggle(shot);
  const link = event.target.closest(".timeline a");
  if (link) { event.preventDefault(); choose(document.getElementById(link.hash.slice(1)), { scroll: true, focus: true }); }
});
document.addEventListener("focusin", (event) => {
  const shot = event.target.closest?.(".shot");
  if (shot) choose(shot);
  if (event.target.closest?.(".take")) chooseTake(event.target.closest(".take"));
});

const KEYS = {
  " ": () => current && toggle(current),
  j: () => shuttle(-1),
  k: pause,
  l: () => shuttle(1),
  ArrowLeft: () => stepFrames(-1),
  ArrowRight: () => stepFrames(1),
  ArrowUp: () => choose(neighbour(-1), { scroll: true, focus: true }),
  ArrowDown: () => choose(neighbour(1), { scroll: true, focus: true }),
  x: () => { const take = current && takeOf(current); if (take?.dataset.take) reject(current.dataset.shot, +take.dataset.take); },
  n: () => current && note(current),
  f: fullScreen,
  "?": () => $("#help").showModal(),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if ($("dialog[open]") || event.target.closest("input, textarea")) return;
  if ((event.key === " " || event.key === "Enter") && event.target.closest("button, summary, a")) return;
  const number = /^[1-9]$/.test(event.key) && current && $(`[data-take="${event.key}"]`, current);
  const act = number ? () => { chooseTake(number); pick(current, number); } : KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

for (const block of $$(".timeline li")) block.style.flexGrow = block.dataset.share;
for (const shot of $$(".shot")) near.observe(shot);
document.body.dataset.theme = kept.get("theme") === "light" ? "light" : "dark";
if (["en", "ja"].includes(kept.get("language"))) setLanguage(kept.get("language"));
choose(document.getElementById(location.hash.slice(1))?.closest(".shot") ?? $(".shot"));
if (served) {
  if (location.search) history.replaceState(null, "", location.pathname + location.hash);
  const events = new EventSource("/api/events");
  events.addEventListener("shot", (event) => renew(JSON.parse(event.data).id));
  events.addEventListener("film", () => location.reload());
  events.addEventListener("progress", (event) => {
    const { shot, take, share } = JSON.parse(event.data);
    tell(`${shot}: ${say("take")} ${take}${share === null ? "" : ` ${Math.round(share * 100)} %`}`, 60);
  });
}
