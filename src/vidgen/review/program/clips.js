// Clips. A screen is a clip with its bar; `count` frames from `start` are in the film. Nothing is loaded before it comes near.
const screensOf = (shot) => $$(".screen[data-start]", shot);
const form = (screen) => {
  const { start, count, frames, fps } = screen.dataset;
  return { start: +start, count: +count, frames: +frames, fps: +fps, screen, video: $("video", screen) };
};
const frameOf = (clip) => Math.min(clip.frames - 1, Math.max(0, Math.floor(clip.video.currentTime * clip.fps + 1e-3)));
const shownFrame = (clip) => (clip.video.readyState || clip.video.currentTime ? frameOf(clip) : clip.start); // it may wait to load
const seek = (clip, frame) => { clip.video.currentTime = (frame + 0.5) / clip.fps; };

function address(place) { // a bundle has its media inside, as text
  const inside = mode === "bundle" && document.getElementById(`m-${place}`);
  if (!inside) return place;
  const bytes = Uint8Array.from(atob(inside.textContent), (letter) => letter.charCodeAt(0));
  return URL.createObjectURL(new Blob([bytes], { type: place.endsWith(".mp4") ? "video/mp4" : "image/jpeg" }));
}

function release(url) { if (url?.startsWith("blob:")) URL.revokeObjectURL(url); }

function place(screen) {
  const clip = form(screen);
  const frame = shownFrame(clip);
  const text = String(frame).padStart(4, "0");
  if ($(".frame", screen).value !== text) $(".frame", screen).value = text;
  $(".head", screen).style.left = `${(100 * frame) / clip.frames}%`;
}

function mark(screen, start = +screen.dataset.start) { // the part that is in the film
  const { count, frames } = form(screen);
  Object.assign($(".part", screen).style, { left: `${(100 * start) / frames}%`, width: `${(100 * count) / frames}%` });
}

const sourceOf = (video) => video.dataset.src ?? video.getAttribute("src");

function load({ video }) { // get ready to play
  if (!video.hasAttribute("src")) video.src = address(video.dataset.src);
  video.preload = "auto";
  if (!video.readyState && video.networkState !== HTMLMediaElement.NETWORK_LOADING) video.load();
}

function unload(video) {
  if (!video.hasAttribute("src")) return;
  video.dataset.src = sourceOf(video);
  release(video.getAttribute("src"));
  video.removeAttribute("src");
  video.load();
}

function unpack(shot) { // what is known of takes is made when it comes near, of text without a program in it
  for (const packed of $$("noscript.later", shot)) {
    if (packed.nextElementSibling?.matches(".now")) continue;
    const now = document.createElement("div"), inside = document.createElement("template");
    now.className = "now";
    if (packed.childElementCount) inside.content.append(...packed.childNodes); // a part that the server sent
    else inside.innerHTML = packed.textContent;
    now.append(inside.content);
    setLanguage(document.documentElement.lang, now);
    packed.after(now);
  }
}

function wake(shot) {
  unpack(shot);
  for (const screen of screensOf(shot)) {
    const { video } = form(screen);
    if (!video.hasAttribute("poster") && video.getClientRects().length) video.poster = address(video.dataset.poster);
    if (screen.dataset.least) showTrim(screen, +screen.dataset.start);
    else mark(screen);
    place(screen);
  }
  for (const picture of $$("img[data-src]:not([src])", shot)) if (picture.getClientRects().length) picture.src = address(picture.dataset.src);
}

function rest(shot) { // what is far away gives its memory back
  if (shot === current || (shot === deck.shot && deck.speed)) return;
  for (const video of $$("video", shot)) {
    unload(video);
    release(video.getAttribute("poster"));
    video.removeAttribute("poster");
  }
  for (const picture of $$("img[src]", shot)) { release(picture.getAttribute("src")); picture.removeAttribute("src"); }
  if (shot.contains(document.activeElement) || $("details[open]", shot)) return;
  for (const packed of $$("noscript.later", shot)) if (packed.firstChild) packed.nextElementSibling?.remove();
}

const near = new IntersectionObserver((seen) => {
  for (const { target, isIntersecting } of seen) {
    target.classList.toggle("near", isIntersecting);
    (isIntersecting ? wake : rest)(target);
  }
}, { rootMargin: "150px" });
