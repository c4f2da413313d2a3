// Which shot and which take the keys are about.
let current = null;
const takeOf = (shot) => $(".take.chosen", shot) ?? $(".take[data-picked=true]", shot) ?? $(".take", shot);

function choose(shot, { scroll = false, focus = false } = {}) {
  if (!shot) return;
  const before = current;
  if (shot !== before) {
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
  if (before && before !== shot && !before.classList.contains("near")) rest(before);
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

