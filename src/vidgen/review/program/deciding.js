// What a person decides: the server writes it, a bundle keeps it until it is exported, a page on disk says the command.
async function copy(text) {
  try { await navigator.clipboard.writeText(text); tell(`${say("copied")}: ${text}`, 8); }
  catch { tell(`${say("copy_this")} ${text}`, 20); }
}

function pick(shot, take) {
  if (served) return change("/api/pick", { shot: shot.dataset.shot, take: +take.dataset.take });
  if (mode === "bundle") return book.pick(shot, take);
  return copy(take.dataset.command);
}

async function reject(shot, take) {
  if (mode === "disk") { tell(say("served_only")); return; }
  if (mode === "bundle" && book.unreject(shot, take)) return;
  const reason = (await ask(say("reason"), { value: "" }))?.trim();
  if (!reason) return;
  if (served) await change("/api/reject", { shot: shot.dataset.shot, take: +take.dataset.take, reason });
  else book.reject(shot, take, reason);
}

async function note(shot) {
  if (mode === "disk") { tell(say("served_only")); return; }
  const take = takeOf(shot), screen = take && $(".screen[data-start]", take);
  const clip = screen && form(screen);
  pause();
  const number = take?.dataset.take ? +take.dataset.take : null;
  const at_s = clip && number ? shownFrame(clip) / clip.fps : null;
  const text = (await ask(say("note_text"), { value: "" }))?.trim();
  if (!text) return;
  if (served) await change("/api/note", { shot: shot.dataset.shot, take: number, at_s, text });
  else book.note(shot, number, at_s, text);
}

function jump(take, at) {
  pause();
  const screen = $(".screen[data-start]", take), clip = form(screen);
  load(clip);
  seek(clip, Math.min(clip.frames - 1, Math.round(at * clip.fps)));
  clip.video.addEventListener("seeked", () => place(screen), { once: true });
}

function fullScreen() {
  const take = current && takeOf(current);
  if (document.fullscreenElement) document.exitFullscreen();
  else take?.requestFullscreen?.().catch(() => {});
}

// Before and after: the take as it came, or as it is in the film, graded and post-processed; the same moment of both.
function compare(shot) {
  pause();
  const screens = screensOf(shot).filter((screen) => screen.dataset.other);
  if (!screens.length) { tell(say("no_after")); return; }
  for (const screen of screens) {
    const clip = form(screen), { video } = clip;
    const at = (shownFrame(clip) - clip.start) / clip.fps;
    const { src, poster, ...other } = JSON.parse(screen.dataset.other);
    screen.dataset.other = JSON.stringify({ src: sourceOf(video), poster: video.dataset.poster, ...Object.fromEntries(Object.keys(other).map((name) => [name, screen.dataset[name]])) });
    unload(video);
    Object.assign(screen.dataset, other);
    Object.assign(video.dataset, { src, poster });
    video.poster = address(poster);
    const button = $('[data-action="compare"]', screen.closest(".take"));
    button?.setAttribute("aria-pressed", String(screen.classList.toggle("after")));
    const now = form(screen);
    load(now);
    goTo(now, at);
    mark(screen);
    video.addEventListener("seeked", () => place(screen), { once: true });
  }
}

const toggle = (shot) => (deck.speed && deck.shot === shot ? pause() : play(shot));
const ACTIONS = {
  play: ({ shot }) => toggle(shot),
  pick: ({ shot, take }) => pick(shot, take),
  unpick: ({ shot }) => change("/api/unpick", { shot: shot.dataset.shot }),
  untrim: ({ shot }) => change("/api/trim", { shot: shot.dataset.shot, start_frame: null }),
  reject: ({ shot, take }) => reject(shot, take),
  more: ({ shot }) => more(shot.dataset.shot),
  note: ({ shot }) => note(shot),
  compare: ({ shot }) => compare(shot),
  jump: ({ take, button }) => jump(take, +button.dataset.at),
  keys: () => $("#help").showModal(),
  close: ({ button }) => button.closest("dialog").close(),
  language: () => {
    const language = document.documentElement.lang === "ja" ? "en" : "ja";
    setLanguage(language);
    kept.set("language", language);
  },
  theme: () => {
    const theme = document.body.dataset.theme === "dark" ? "light" : "dark";
    document.body.dataset.theme = theme;
    kept.set("theme", theme);
  },
  lightbox: ({ button }) => {
    pause();
    button.setAttribute("aria-pressed", String(document.body.classList.toggle("lightbox")));
    for (const shot of $$(".shot.near")) wake(shot);
  },
  render: () => cut(),
  save: () => book.save(),
  forget: ({ button }) => book.forget(button),
};
