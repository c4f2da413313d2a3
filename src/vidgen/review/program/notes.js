// A bundle keeps picks, rejections and notes in the page, until a person saves them as a file for `vidgen review --apply`.
const NOTES = "vidgen.notes.v1";
const bare = () => Object.create(null); // a shot may have any name
const emptyBook = () => ({ picks: bare(), rejections: bare(), notes: [] });

function openBook() {
  const film = JSON.parse($("#film").textContent);
  const place = `notes-${film.project}`;
  let said = emptyBook(), stored = true, unsaved = false;
  const shotOf = (name) => document.getElementById(`shot-${name}`);
  const takeIn = (name, number) => $$("[data-take]", shotOf(name) ?? document.createElement("p")).find((take) => take.dataset.take === String(number));
  const sha = (name, number) => takeIn(name, number)?.dataset.sha256;
  const count = () => Object.keys(said.picks).length + Object.values(said.rejections).flatMap(Object.keys).length + said.notes.length;

  function readBook(value) { // what an earlier version kept, or what somebody else wrote there, is looked at with care
    if (!value || typeof value !== "object") return null;
    const { picks, rejections, notes } = value;
    const safe = emptyBook();
    for (const [name, take] of Object.entries(picks ?? {})) if (takeIn(name, take)) safe.picks[name] = take;
    for (const [name, reasons] of Object.entries(rejections ?? {})) {
      for (const [take, reason] of Object.entries(reasons ?? {})) {
        if (takeIn(name, take) && typeof reason === "string") (safe.rejections[name] ??= bare())[take] = reason;
      }
    }
    for (const one of Array.isArray(notes) ? notes : []) if (shotOf(one?.shot) && typeof one.text === "string") safe.notes.push(one);
    return safe;
  }

  function changed(shot) {
    stored = kept.set(place, JSON.stringify(said));
    unsaved = true;
    show(shot);
  }

  function show(shot) {
    const name = shot.dataset.shot, mine = said.picks[name], reasons = said.rejections[name] ?? {};
    for (const take of $$("[data-take]", shot)) {
      take.dataset.was ??= take.dataset.picked;
      const number = +take.dataset.take, picked = mine ? mine === number : take.dataset.was === "true";
      take.dataset.picked = String(picked);
      const button = $('[data-action="pick"]', take);
      button.setAttribute("aria-pressed", String(picked));
      Object.assign($("[data-t]", button).dataset, { t: mine === number ? "my_pick" : picked ? "picked" : "pick" });
      showRejection(take, reasons[number]);
      setLanguage(document.documentElement.lang, take);
    }
    $(".mine", shot)?.remove();
    const notes = said.notes.filter((one) => one.shot === name);
    if (notes.length) shot.append(noteList(notes));
    showCount();
  }

  function showRejection(take, reason) {
    take.dataset.wasRejected ??= take.dataset.rejected;
    take.dataset.rejected = String(reason !== undefined || take.dataset.wasRejected === "true");
    $(".rejected.mine-too", take)?.remove();
    if (reason !== undefined) $(".take-head", take).after(made("p", `: ${reason}`, { key: "my_rejection", name: "rejected mine-too" }));
    $('[data-action="reject"] [data-t]', take).dataset.t = reason === undefined ? "reject" : "unreject";
  }

  function noteList(notes) {
    const box = made("div", "", { name: "notes mine" });
    box.append(made("p", "", { key: "my_notes" }));
    const list = box.appendChild(made("ul"));
    for (const one of notes) {
      const at = one.at_s === null ? "" : `, ${one.at_s.toFixed(2)} s`;
      const row = list.appendChild(made("li", "", one.take === null ? {} : { key: "take" }));
      row.append(one.take === null ? one.text : ` ${one.take}${at}: ${one.text}`, " ");
      const button = row.appendChild(made("button", "", { key: "forget", action: "forget" }));
      button.dataset.note = said.notes.indexOf(one);
    }
    return box;
  }

  function showCount() {
    const button = $('[data-action="save"]'), now = count();
    button.disabled = !now;
    $(".count", button).textContent = now ? ` (${now})` : "";
  }

  function file() {
    const picks = Object.entries(said.picks).map(([shot, take]) => ({ shot, take, sha256: sha(shot, take) }));
    const rejections = Object.entries(said.rejections).flatMap(([shot, reasons]) =>
      Object.entries(reasons).map(([take, reason]) => ({ shot, take: +take, sha256: sha(shot, take), reason })));
    const notes = said.notes.map(({ shot, take, at_s, text }) => ({ shot, take, sha256: take === null ? null : sha(shot, take), at_s, text }));
    return { schema: NOTES, project: film.project, board: film.board, picks, rejections, notes };
  }

  let before = null;
  try { before = JSON.parse(kept.get(place)); } catch { /* nothing that can be used: start afresh */ }
  said = readBook(before) ?? said;
  window.addEventListener("beforeunload", (event) => { if (unsaved && !stored) event.preventDefault(); });
  return {
    showAll() { for (const shot of $$(".shot")) if (said.picks[shot.dataset.shot] || said.rejections[shot.dataset.shot] || said.notes.some((one) => one.shot === shot.dataset.shot)) show(shot); showCount(); },
    pick(shot, take) {
      const name = shot.dataset.shot, number = +take.dataset.take;
      if (said.picks[name] === number) delete said.picks[name];
      else { said.picks[name] = number; delete said.rejections[name]?.[number]; }
      changed(shot);
    },
    reject(shot, take, reason) {
      const name = shot.dataset.shot, number = +take.dataset.take;
      (said.rejections[name] ??= bare())[number] = reason;
      if (said.picks[name] === number) delete said.picks[name];
      changed(shot);
    },
    unreject(shot, take) {
      const reasons = said.rejections[shot.dataset.shot];
      if (!reasons || !(take.dataset.take in reasons)) return false;
      delete reasons[take.dataset.take];
      changed(shot);
      return true;
    },
    note(shot, take, at_s, text) {
      said.notes.push({ shot: shot.dataset.shot, take, at_s: at_s === null ? null : Math.round(at_s * 1e6) / 1e6, text });
      changed(shot);
    },
    forget(button) {
      const shot = button.closest(".shot");
      said.notes.splice(+button.dataset.note, 1);
      changed(shot);
      shot.focus({ preventScroll: true });
    },
    save() {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([JSON.stringify(file(), null, 2), "\n"], { type: "application/json" }));
      link.download = film.file;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      unsaved = false;
      tell(`${say("saved")} ${film.file}`, 8);
    },
  };
}

const book = mode === "bundle" ? openBook() : null;
