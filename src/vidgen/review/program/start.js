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
  if (bar && !event.target.closest(".handle")) {
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
  x: () => { const take = current && takeOf(current); if (take?.dataset.take) reject(current, take); },
  b: () => current && compare(current),
  i: () => trimAtPlayhead("in"),
  "[": () => trimAtPlayhead("in"),
  o: () => trimAtPlayhead("out"),
  "]": () => trimAtPlayhead("out"),
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
  if (current && !event.key.startsWith("Arrow")) unpack(current); // it may be far from what is seen
  act();
});

const setShare = (block) => { block.style.flexGrow = block.dataset.share; };
for (const block of $$(".timeline li")) setShare(block);
for (const shot of $$(".shot")) near.observe(shot);
document.body.dataset.theme = kept.get("theme") === "light" ? "light" : "dark";
if (["en", "ja"].includes(kept.get("language")) && kept.get("language") !== document.documentElement.lang) setLanguage(kept.get("language"));
choose(document.getElementById(location.hash.slice(1))?.closest(".shot") ?? $(".shot"));
book?.showAll();
if (served) {
  if (location.search) history.replaceState(null, "", location.pathname + location.hash);
  const events = new EventSource("/api/events");
  events.addEventListener("shot", (event) => renew(JSON.parse(event.data).id));
  events.addEventListener("film", () => location.reload());
  events.addEventListener("run", (event) => showRun(JSON.parse(event.data)));
  events.addEventListener("progress", (event) => {
    const { shot, take, share } = JSON.parse(event.data);
    tell(`${shot}: ${say("take")} ${take}${share === null ? "" : ` ${Math.round(share * 100)} %`}`, 60);
  });
}
