// Keeps a page up to date: asks for its news, swaps the parts that changed, and counts the times down.
// Without this script the page reloads itself. The words for times are those of gateway/web/words.py.
"use strict";

const POLL_MS = 2000;
const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const body = document.body;
const pulse = document.getElementById("pulse");
const address = body.dataset.poll;
let ahead = Number(body.dataset.now) - Date.now(); // how far the gateway's clock is ahead of this machine's
let lostAt = 0;
let signedOut = false;

function span(ms) {
  ms = Math.max(0, ms);
  const part = (unit) => Math.floor(ms / unit);
  const two = (number) => String(number).padStart(2, "0");
  if (ms < MINUTE) return `${part(SECOND)} s`;
  if (ms < 10 * MINUTE) return `${part(MINUTE)} min ${two(part(SECOND) % 60)} s`;
  if (ms < HOUR) return `${part(MINUTE)} min`;
  if (ms < DAY) return `${part(HOUR)} h ${two(part(MINUTE) % 60)} min`;
  return `${part(DAY)} d ${part(HOUR) % 24} h`;
}

function words(says, at, now) {
  if (says === "due") return at > now ? `due in ${span(at - now)}` : `overdue by ${span(now - at)}`;
  if (says === "breached") return `breached ${span(now - at)} ago`;
  return at > now ? `in ${span(at - now)}` : `${span(now - at)} ago`;
}

function tell(root, now) {
  for (const time of root.querySelectorAll("time[data-at]")) {
    const text = words(time.dataset.says, Number(time.dataset.at), now);
    if (time.textContent !== text) time.textContent = text;
  }
}

function say(text, lost) {
  if (pulse.textContent !== text) pulse.textContent = text;
  body.classList.toggle("lost", lost);
}

// Compared with equal times in both, so that a part is swapped for its news and never for the passing of time.
function swap(news, now) {
  tell(news, now);
  tell(document, now);
  const held = document.activeElement && document.activeElement.id;
  for (const part of news.querySelectorAll("[data-live]")) {
    const shown = document.getElementById(part.id);
    if (shown && shown.outerHTML !== part.outerHTML) shown.replaceWith(document.importNode(part, true));
  }
  const again = held && document.getElementById(held);
  if (again && document.activeElement !== again) again.focus({ preventScroll: true });
}

async function poll() {
  try {
    const answer = await fetch(address, { cache: "no-store", headers: { "HX-Request": "true" }, signal: AbortSignal.timeout(10 * SECOND) });
    if (answer.status === 401) {
      signedOut = true;
      return say("Signed out: reload the page to sign in", true);
    }
    if (!answer.ok) throw new Error(String(answer.status));
    const sent = Date.parse(answer.headers.get("Date"));
    const text = await answer.text();
    if (Math.abs(sent - Date.now() - ahead) > 2 * SECOND) ahead = sent - Date.now();
    swap(new DOMParser().parseFromString(text, "text/html"), Date.now() + ahead);
    lostAt = 0;
    say("Live", false);
  } catch {
    lostAt = lostAt || Date.now();
    say(`Connection lost at ${new Date(lostAt).toLocaleTimeString()}; trying again`, true);
  }
}

async function live() {
  if (address && !signedOut && !document.hidden) await poll();
  if (!signedOut) setTimeout(live, POLL_MS);
}

setInterval(() => { if (!document.hidden) tell(document, Date.now() + ahead); }, SECOND);
document.addEventListener("visibilitychange", () => { if (!document.hidden) tell(document, Date.now() + ahead); });
if (address) setTimeout(live, POLL_MS);
