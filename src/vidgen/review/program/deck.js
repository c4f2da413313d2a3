// The deck plays all takes of one shot in step, from their first frame in the film to their last, over and over.
const deck = { shot: null, speed: 0, run: 0 };
const clipsOf = (shot) => screensOf(shot).map(form)
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
    clip.video.muted = clip !== first;
    load(clip);
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
  const untouched = fresh.filter(({ video }) => !video.currentTime);
  fresh.forEach(load);
  await Promise.all(fresh.map(({ video }) => ready(video)));
  const by = waiting.steps, first = leader(clips);
  Object.assign(waiting, { steps: 0, busy: false });
  if (!first) return;
  const frame = untouched.includes(first) ? 0 : Math.max(-first.start, frameOf(first) - first.start);
  for (const clip of clips) {
    const to = clip.start + Math.round(((frame + by) / first.fps) * clip.fps);
    seek(clip, Math.min(clip.frames - 1, Math.max(0, to)));
    clip.video.addEventListener("seeked", () => place(clip.screen), { once: true });
  }
}

