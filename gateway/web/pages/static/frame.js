// What every page can do by itself: colours, zone, shortcuts, pause. Without this script there are links and forms.
"use strict";

const YEAR_S = 365 * 24 * 3600;
const CHORD_MS = 1500;
const page = document.body;
const byId = (id) => document.getElementById(id);

function keep(name, value) {
  document.cookie = `${name}=${value}; path=/; max-age=${YEAR_S}; samesite=strict`;
}

// ── Colours: the system's, light, dark ──
const THEMES = ["auto", "light", "dark"];
const theme = byId("theme");

function paint(name) {
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  theme.textContent = `Theme: ${name}`;
}
theme.hidden = false;
theme.addEventListener("click", () => {
  const shown = document.documentElement.dataset.theme || "auto";
  const next = THEMES[(THEMES.indexOf(shown) + 1) % THEMES.length];
  keep("orion_theme", next);
  paint(next);
});

// ── The viewer's zone: the browser's, until another is chosen ──
if (!page.dataset.zone) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && /^[A-Za-z0-9_+\/-]+$/.test(zone) && zone !== byId("zone").textContent) {
    keep("orion_zone", zone);
    if (zone.includes("/") && document.cookie.includes("orion_zone=")) {
      byId("zone").textContent = zone;
      page.dataset.news = "wanted";
    }
  }
}

// ── Pause: nothing changes by itself until it is ended; for this tab ──
const pause = byId("pause");

function pausing(on) {
  if (on) sessionStorage.setItem("paused", "yes");
  else sessionStorage.removeItem("paused");
  page.classList.toggle("paused", on);
  pause.textContent = on ? "Resume" : "Pause";
  document.dispatchEvent(new Event("pausing"));
}
pause.hidden = false;
pause.addEventListener("click", () => pausing(!page.classList.contains("paused")));
if (sessionStorage.getItem("paused")) pausing(true);

// ── Shortcuts ──
const help = byId("help"), keys = byId("keys");
let chordUntil = 0;

function step(by) {
  const rows = [...document.querySelectorAll("#live a[data-row]")];
  const held = document.activeElement;
  const at = rows.findIndex((row) => row === held || row.closest("tr, li")?.contains(held));
  const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1)];
  if (next) next.focus();
}

function go(key) {
  const link = document.querySelector(`nav a[data-key="${key}"]`);
  if (link) location.assign(link.href);
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, dialog");
  if (page.dataset.keys !== "on" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const chord = performance.now() < chordUntil;
  chordUntil = 0;
  if (chord && /^[a-z]$/.test(event.key)) return go(event.key);
  if (event.key === "g") chordUntil = performance.now() + CHORD_MS;
  else if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === ".") pause.click();
  else if (event.key === "?") keys.showModal();
  else if (event.key === "/") {
    const filter = document.querySelector("[data-filter]");
    if (!filter) return;
    const fold = filter.closest("details");
    if (fold) fold.open = true;
    filter.focus();
    event.preventDefault();
  }
});
if (page.dataset.keys === "on") help.hidden = false;
help.addEventListener("click", () => keys.showModal());
