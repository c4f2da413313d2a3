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

const partOf = new Map(); // what the server sent last of each shot: what is the same stays, with all that a person does there
const askedFor = new Map();

async function renew(name) {
  const turn = (askedFor.get(name) ?? 0) + 1;
  askedFor.set(name, turn);
  const answer = await fetch(`/part?shot=${encodeURIComponent(name)}`).catch(() => null);
  if (!answer?.ok) return;
  const text = await answer.text(), before = document.getElementById(`shot-${name}`);
  if (!before || askedFor.get(name) !== turn || trimming(before)) return; // a later answer counts; the end of a trim renews it
  if (partOf.get(name) === text) { wake(before); return; }
  const parts = document.adoptNode(new DOMParser().parseFromString(text, "text/html").body); // or clips that move there forget where they are
  const after = $(".shot", parts);
  if (!after) return;
  partOf.set(name, text);
  if (before === deck.shot) { pause(); deck.shot = after; }
  const focus = before.contains(document.activeElement) ? document.activeElement : null;
  const named = focus?.matches(".handle") ? (focus.matches(".in") ? ".handle.in" : ".handle.out") : `[data-action="${focus?.dataset.action}"]`;
  const place_ = focus && [focus.closest("[data-take]")?.dataset.take, named];
  const open = $$("details[open]", before).map((part) => part.closest("[data-take]")?.dataset.take);
  for (const take of $$("[data-take]", after)) {
    const old = $(`[data-take="${take.dataset.take}"] video`, before), fresh = $("video", take);
    if (old && fresh && sourceOf(old) === sourceOf(fresh)) { // it stays where it is
      if (old.dataset.poster !== fresh.dataset.poster) old.removeAttribute("poster");
      old.dataset.poster = fresh.dataset.poster;
      fresh.replaceWith(old);
    } else if (old) unload(old);
    const more = $("details", take);
    if (more) more.open = open.includes(take.dataset.take);
  }
  near.unobserve(before);
  before.replaceWith(after);
  near.observe(after);
  $("#facts").replaceWith($("#facts", parts));
  const block = $(`.timeline [data-for="${name}"]`), newer = $("li", parts);
  block?.replaceWith(newer);
  setShare(newer);
  if (before === current) { current = null; choose(after); }
  wake(after);
  for (const part of [after, newer, $("#facts")]) setLanguage(document.documentElement.lang, part);
  if (place_) {
    const [take, part] = place_;
    const within = take ? $(`[data-take="${take}"]`, after) : after;
    ($(part, within ?? after) ?? after).focus({ preventScroll: true });
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
