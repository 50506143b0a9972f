// Keeps a page up to date: counts the times, and asks for the live part again when the stream says that something
// changed. Without this script the page reloads itself. The words for times are those of gateway/web/words.py.
"use strict";

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const APART_MS = 2 * SECOND; // the least time between two questions of one page
const SPREAD_MS = 500; // so that a hundred boards don't ask at one time
const ALONE_MS = 10 * SECOND; // how often a page asks that has no stream
const SAID_MS = MINUTE; // the least time between two announcements
const EVENTS = ["hello", "missed", "contact.changed", "contact.ended", "connector.changed", "endpoint.changed"];
const body = document.body;
const RISK_MS = Number(body.dataset.risk) * MINUTE; // how near a deadline is that is marked
const live = document.getElementById("live"), stream = document.getElementById("stream");
const pulse = document.getElementById("pulse"), said = document.getElementById("said");
let ahead = Number(body.dataset.now) - Date.now(); // how far the gateway's clock is ahead of this machine's
let askedAt = performance.now(), timer = null, stale = body.dataset.news === "wanted";
let connected = false, lostAt = 0, signedOut = false;
let told = live.querySelector("[data-say]")?.dataset.say, toldAt = -Infinity;

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
  if (says === "left") return at > now ? span(at - now) : `${span(now - at)} over`;
  if (says === "for") return span(now - at);
  if (says === "over") return `${span(now - at)} over`;
  if (says === "breached") return `breached ${span(now - at)} ago`;
  return at > now ? `in ${span(at - now)}` : `${span(now - at)} ago`;
}

function tell(root, now) {
  for (const time of root.querySelectorAll("time[data-at]")) {
    const text = words(time.dataset.says, Number(time.dataset.at), now);
    if (time.textContent !== text) time.textContent = text;
  }
  for (const row of root.querySelectorAll("[data-due]")) {
    const soon = Number(row.dataset.due) - now < RISK_MS;
    if (row.classList.contains("soon") !== soon) row.classList.toggle("soon", soon);
  }
  for (const bar of root.querySelectorAll("rect[data-from]")) {
    const from = Number(bar.dataset.from), to = Number(bar.dataset.to);
    const width = String(Math.round(Math.min(1, Math.max(0, (now - from) / Math.max(1, to - from))) * 1000) / 10);
    if (bar.getAttribute("width") !== width) bar.setAttribute("width", width);
  }
}

const still = () => document.hidden || body.classList.contains("paused");

function show() {
  const face = lostAt && new Date(lostAt).toLocaleTimeString();
  const text = signedOut ? "Signed out: sign in again" : lostAt ? `Connection lost at ${face}; trying again`
    : body.classList.contains("paused") ? "Paused" : "Live";
  if (pulse.textContent !== text) pulse.textContent = text;
  body.classList.toggle("lost", signedOut || lostAt > 0);
  const say = signedOut || lostAt ? text : live.querySelector("[data-say]")?.dataset.say;
  if (say && say !== told && performance.now() - toldAt >= SAID_MS) {
    said.textContent = told = say;
    toldAt = performance.now();
  }
}

// Something changed, or may have: ask soon, once for all that changes meanwhile.
function news() {
  stale = true;
  if (still() || signedOut || timer !== null) return;
  const wait = Math.max(askedAt + APART_MS - performance.now(), 0) + Math.random() * SPREAD_MS;
  timer = setTimeout(() => {
    timer = null;
    if (still()) return;
    stale = false;
    askedAt = performance.now();
    htmx.trigger(live, "news");
  }, wait);
}

function lost(status) {
  if (status === 401) signedOut = true;
  else lostAt = lostAt || Date.now();
  show();
}

document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  if (ctx.sourceElement === stream || !ctx.response.raw.ok) return;
  const sent = Date.parse(ctx.response.headers.get("Date"));
  if (Math.abs(sent - Date.now() - ahead) > 2 * SECOND) ahead = sent - Date.now();
  lostAt = 0;
});
document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  if (ctx.sourceElement === stream) setTimeout(() => htmx.trigger(stream, "again"), 3 * ALONE_MS);
  if (ctx.sourceElement === live || ctx.response.status === 401) lost(ctx.response.status);
});
document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
  if (ctx?.sourceElement === stream) setTimeout(() => htmx.trigger(stream, "again"), ALONE_MS);
  else lost(0);
});

// Both are told at the same instant, so that a part is morphed for its news and never for the passing of time.
// Whoever stands on something stands on it afterwards, at the same height; if it is gone, on what was around it.
let held = [], height = null;
document.addEventListener("htmx:before:swap", (event) => {
  const { detail } = event;
  if (detail.ctx.sourceElement === live && detail.ctx.request.action !== location.pathname + location.search) {
    event.preventDefault(); // an answer to what was asked before somebody chose something else
    return news();
  }
  const now = Date.now() + ahead;
  for (const task of detail.tasks) tell(task.fragment, now);
  tell(document, now);
  const at = document.activeElement, top = at.getBoundingClientRect().top;
  held = [];
  for (let one = at; one !== body && one; one = one.parentElement) held.push(one.id);
  height = live.contains(at) && top >= 0 && top < innerHeight ? top : null;
});
document.addEventListener("htmx:after:swap", () => {
  for (const field of live.querySelectorAll("form[data-follows] :is(select, input[type=search]):not(:focus)")) {
    const chosen = field.tagName === "SELECT" && field.querySelector("option[selected]");
    const value = chosen ? chosen.value : field.defaultValue ?? "";
    if (field.value !== value) field.value = value;
  }
  const stands = (one) => one && (one.tabIndex >= 0 || one.hasAttribute("tabindex"));
  const again = held.map((id) => document.getElementById(id)).find(stands);
  if (again && document.activeElement === body) again.focus({ preventScroll: true });
  if (again && again.id === held[0] && height !== null) scrollBy(0, again.getBoundingClientRect().top - height);
  show();
});

// What somebody opened or is choosing stays as it is when its page is morphed.
htmx.registerExtension("gateway", {
  htmx_config_request: (element, { ctx }) => { // an address says what is chosen, and nothing of what isn't
    if (!element.matches("form[data-follows]")) return;
    for (const [name, value] of [...ctx.request.body]) if (value === "") ctx.request.body.delete(name);
  },
  htmx_before_morph_node: (element) => !element.matches("select:focus, dialog[open], form[data-keep]"),
  htmx_before_morph_attr: (element, { attrName }) => !(element.tagName === "DETAILS" && attrName === "open"),
});

for (const name of EVENTS) {
  stream.addEventListener(name, ({ detail }) => {
    const about = body.dataset.about;
    if (about && name.startsWith("contact.") && JSON.parse(detail.data).id !== about) return;
    news();
  });
}
stream.addEventListener("htmx:sse:after:connection", () => { connected = true; lostAt = 0; show(); });
stream.addEventListener("htmx:sse:error", ({ detail }) => { connected = false; lost(detail.status); });
stream.addEventListener("htmx:sse:close", () => { connected = false; });

// What somebody has typed is asked for even where its own question was lost, such as one typed before this script ran.
let typed = null, asked = null;
function catchUp() {
  const field = live.querySelector("form[data-follows] input[type=search]");
  const waits = field && field.value !== (new URLSearchParams(location.search).get(field.name) ?? "") ? field.value : null;
  if (waits !== null && waits === typed && waits !== asked) htmx.trigger(field.form, "submit");
  asked = waits === null ? null : waits === typed ? waits : asked;
  typed = waits;
}

setInterval(() => {
  if (still()) return;
  tell(document, Date.now() + ahead);
  catchUp();
  const every = Number(body.dataset.every) * SECOND;
  if (stale || performance.now() - askedAt > (connected ? every : Math.min(every, ALONE_MS))) news();
  show();
}, SECOND);
for (const name of ["visibilitychange", "pausing"]) {
  document.addEventListener(name, () => {
    show();
    if (!still()) { tell(document, Date.now() + ahead); news(); }
  });
}
// After htmx has looked at the page itself, so that it sees the stream once.
setTimeout(() => {
  stream.setAttribute("hx-sse:connect", stream.dataset.from);
  htmx.process(stream);
  show();
});
