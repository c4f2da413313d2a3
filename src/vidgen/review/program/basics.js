// The program of the review page. It makes no HTML of words: text goes in as text, and new parts come from the server.
const words = JSON.parse(document.getElementById("words").textContent);
const { mode } = document.body.dataset; // "disk", "served", or "bundle": one file that was sent
const served = mode === "served";
const $ = (what, within = document) => within.querySelector(what);
const $$ = (what, within = document) => [...within.querySelectorAll(what)];
const say = (key) => words[key]?.[document.documentElement.lang] ?? key;
const kept = {
  get: (name) => { try { return localStorage.getItem(`vidgen-${name}`); } catch { return null; } },
  set: (name, value) => { try { localStorage.setItem(`vidgen-${name}`, value); return true; } catch { return false; } },
};

// An element with text in it, and words that change with the language.
function made(tag, text = "", { key, name, action, ...more } = {}) {
  const part = Object.assign(document.createElement(tag), more);
  if (name) part.className = name;
  if (tag === "button") part.type = "button";
  if (action) part.dataset.action = action;
  if (key) { const label = part.appendChild(document.createElement("span")); label.dataset.t = key; label.textContent = say(key); }
  part.append(text);
  return part;
}

let toldUntil;
function tell(text, seconds = 5) {
  $("#told").textContent = text;
  clearTimeout(toldUntil);
  toldUntil = setTimeout(() => { $("#told").textContent = ""; }, seconds * 1000);
}

function setLanguage(language, within = document) {
  document.documentElement.lang = language;
  for (const part of $$("[data-t]", within)) part.textContent = say(part.dataset.t);
  for (const part of $$("[data-t-label]", within)) part.setAttribute("aria-label", say(part.dataset.tLabel));
}
