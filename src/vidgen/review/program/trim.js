// Trim handles: which part of the picked take is in the film. Its length is the storyboard's, so both handles move all of it.
let drag = null;
const pending = { timer: 0, screen: null, start: 0 };
const trimming = (shot) => [drag?.screen, pending.screen].some((screen) => screen && shot.contains(screen));

function trimmable(take) {
  const screen = take && $(".screen[data-least]", take);
  return screen && !screen.classList.contains("after") ? screen : null;
}

function within(screen, start) {
  return Math.min(+screen.dataset.most, Math.max(+screen.dataset.least, Math.round(start)));
}

function showTrim(screen, start, edge) { // while it is dragged: the frame that the shot opens or closes with
  mark(screen, start);
  const clip = form(screen);
  for (const [name, frame] of [["in", start], ["out", start + clip.count - 1]]) {
    const handle = $(`.handle.${name}`, screen);
    handle.style.left = `${(100 * (name === "in" ? frame : frame + 1)) / clip.frames}%`;
    handle.setAttribute("aria-valuenow", frame);
  }
  if (!edge) return;
  if (!clip.video.readyState) load(clip);
  seek(clip, edge === "out" ? start + clip.count - 1 : start);
  clip.video.addEventListener("seeked", () => place(screen), { once: true });
}

async function trim(screen, start) {
  const shot = screen.closest(".shot").dataset.shot, from = +screen.dataset.start;
  if (start === from) { showTrim(screen, from); renew(shot); return; }
  const done = await change("/api/trim", { shot, start_frame: start });
  if (done?.status !== 200) showTrim(screen, from);
}

function trimAtPlayhead(edge) {
  if (!served) { tell(say("served_only")); return; }
  const screen = trimmable(current && takeOf(current));
  if (!screen) { tell(say("no_trim")); return; }
  pause();
  const clip = form(screen);
  const frame = shownFrame(clip);
  trim(screen, within(screen, edge === "in" ? frame : frame - clip.count + 1));
}

document.addEventListener("pointerdown", (event) => {
  const grip = event.target.closest(".handle, .bar .part"), screen = grip && trimmable(grip.closest(".take"));
  if (!screen || event.button) return;
  event.preventDefault();
  pause();
  deck.shot = screen.closest(".shot");
  const edge = grip.classList.contains("out") ? "out" : "in";
  drag = { screen, edge, from: event.clientX, start: +screen.dataset.start, now: +screen.dataset.start, width: $(".bar", screen).clientWidth };
  grip.setPointerCapture(event.pointerId);
  if (grip.matches(".handle")) grip.focus({ preventScroll: true });
});
document.addEventListener("pointermove", (event) => {
  if (!drag) return;
  const moved = ((event.clientX - drag.from) / drag.width) * form(drag.screen).frames;
  const now = within(drag.screen, drag.start + moved);
  if (now !== drag.now) showTrim(drag.screen, drag.now = now, drag.edge);
});
function endDrag(keep) {
  if (!drag) return false;
  const { screen, now, start } = drag;
  drag = null;
  trim(screen, keep ? now : start);
  return true;
}
document.addEventListener("pointerup", () => endDrag(true));
document.addEventListener("pointercancel", () => endDrag(false));

function endPending() {
  const { screen, start } = pending;
  pending.screen = null;
  if (screen) trim(screen, start);
}

const TRIM_KEYS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -Infinity, End: Infinity };
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && endDrag(false)) return;
  const handle = event.target.closest?.(".handle"), by = TRIM_KEYS[event.key];
  if (!handle || !by || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const screen = trimmable(handle.closest(".take"));
  if (!screen) return;
  const clip = form(screen), edge = handle.classList.contains("out") ? "out" : "in";
  const shown = +$(".handle.in", screen).getAttribute("aria-valuenow");
  const start = within(screen, by === Infinity ? clip.frames : by === -Infinity ? 0 : shown + by);
  showTrim(screen, start, edge);
  if (pending.screen !== screen) endPending();
  clearTimeout(pending.timer); // keys that follow quickly are one trim
  Object.assign(pending, { screen, start, timer: setTimeout(endPending, 400) });
});
