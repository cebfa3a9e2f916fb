// The status page: listens to the controller, says whether it still does, and obeys keys. Draws nothing itself but that.

import { columns, announce, drawChanges, drawHead, drawHosts, drawMembers, drawTop, drawZones, only, state } from "./board.js";
import { $, span, stated, now, times } from "./elements.js";
import { closeSheet, HERE, openSheet, refreshSheet, sheet } from "./sheet.js";

const SILENCE = 15000; // after so many ms without a word the stream counts as lost
const SLOWEST = 30000; // ms between two attempts to reconnect, at most
const PAGE = 50; // hosts that the controller shows at once

const link = { heard: 0, tries: 0, retryAt: 0, retry: 0, stream: null, trouble: "" };

function tick() {
  for (const one of document.querySelectorAll("time[data-since]")) {
    const text = one.dataset.before + span(now() - Number(one.dataset.since)) + one.dataset.after;
    if (one.textContent !== text) one.textContent = text;
  }
  tellLink();
}

function tellLink() {
  const silent = link.heard ? (performance.now() - link.heard) / 1000 : 0;
  const lost = !link.stream || silent * 1000 > SILENCE;
  document.body.dataset.link = lost ? "lost" : "live";
  const word = !lost ? "live" : link.trouble || (link.heard ? "disconnected" : "connecting");
  if ($("link").dataset.word !== word) {
    $("link").dataset.word = word;
    $("link").replaceChildren(stated(!lost ? "good" : link.trouble || link.heard ? "bad" : "wait", word));
  }
  const parts = [];
  if (link.heard && (lost || silent >= 7)) parts.push(`last heard ${span(silent)} ago`);
  if (lost && link.retryAt) parts.push(`trying again in ${span((link.retryAt - performance.now()) / 1000 + 0.999)}`);
  $("heard").textContent = parts.join(", ");
  $("again").hidden = !(lost && link.retryAt);
}

// ---- news -----------------------------------------------------------------------------------------------------------

function merge(map, order, changed) {
  const other = new Map();
  if (!changed) return [order, other];
  for (const row of changed.rows) {
    const before = map.get(row.id);
    if (!before || JSON.stringify(before) !== JSON.stringify(row)) other.set(row.id, Boolean(before));
    map.set(row.id, row);
  }
  if (changed.order) {
    order = changed.order;
    const kept = new Set(order);
    for (const id of [...map.keys()]) if (!kept.has(id)) map.delete(id);
  }
  return [order, other];
}

function take(news, first) {
  times.skew = news.now - Date.now() / 1000;
  link.heard = performance.now();
  link.tries = 0;
  link.trouble = "";
  if (news.head) state.head = news.head;
  if (news.matching !== null) [state.matching, state.offset] = [news.matching, news.offset];
  if (first) {
    news.members ??= { rows: [], order: [] };
    news.zones ??= { rows: [], order: [] };
    news.hosts ??= { rows: [], order: [] };
    state.changes.clear();
  }
  let hosts, members, zones;
  [state.order, hosts] = merge(state.hosts, state.order, news.hosts);
  [state.memberOrder, members] = merge(state.members, state.memberOrder, news.members);
  [state.zoneOrder, zones] = merge(state.zones, state.zoneOrder, news.zones);
  const wide = columns(), other = wide.join("\n") !== state.columns.join("\n");
  state.columns = wide;
  if (first || other || members.size || news.members?.order) { drawHead(); drawMembers(); }
  if (first || hosts.size || other || news.hosts || news.head || news.matching !== null) drawHosts(hosts, other);
  if (first || zones.size || news.zones?.order || news.head) drawZones();
  for (const one of news.changes) state.changes.set(one.id, one);
  if (first || news.changes.length) drawChanges(new Set(first ? [] : news.changes.map((one) => one.id)));
  if (!first) announce(news.changes);
  if (first || news.head || members.size || zones.size) drawTop();
  if (sheet.id && hosts.has(sheet.id)) refreshSheet();
  document.querySelector("main").removeAttribute("aria-busy");
  tellLink();
}

function query() {
  const asked = new URLSearchParams();
  if ($("q").value.trim()) asked.set("q", $("q").value.trim());
  if (only()) asked.set("only", only());
  if (state.offset) asked.set("offset", state.offset);
  return asked;
}

async function listen() {
  const stream = new AbortController();
  link.stream?.abort();
  link.stream = stream;
  link.retryAt = 0;
  clearTimeout(link.retry);
  try {
    const answer = await fetch(HERE + "live?" + query(), { signal: stream.signal, cache: "no-store" });
    if (!answer.ok) throw new Error((await answer.text()).trim() || `HTTP ${answer.status}`, { cause: "refused" });
    await read(answer.body.getReader(), stream);
  } catch (error) {
    if (link.stream === stream) link.trouble = error.cause === "refused" ? error.message : "";
  }
  if (link.stream === stream) later();
}

async function read(reader, stream) {
  const decoder = new TextDecoder();
  let text = "", first = true, watch;
  try {
    for (;;) {
      clearTimeout(watch);
      watch = setTimeout(() => stream.abort(), SILENCE);
      const { done, value } = await reader.read();
      if (done || link.stream !== stream) return;
      text += decoder.decode(value, { stream: true });
      const frames = text.split("\n\n");
      text = frames.pop();
      for (const frame of frames) {
        const data = frame.split("\n").find((line) => line.startsWith("data: "));
        if (!data) continue;
        take(JSON.parse(data.slice(6)), first);
        first = false;
      }
    }
  } finally {
    clearTimeout(watch);
  }
}

function later() {
  link.stream = null;
  const wait = Math.min(SLOWEST, 500 * 2 ** Math.min(link.tries, 10)) * (0.7 + 0.6 * Math.random());
  link.tries += 1;
  link.retryAt = performance.now() + wait;
  link.retry = setTimeout(listen, wait);
  tellLink();
}

function asked(offset = 0) {
  state.offset = offset;
  const text = query().toString();
  history.replaceState(null, "", (text ? "?" + text : location.pathname) + location.hash);
  listen();
}

// ---- hands ----------------------------------------------------------------------------------------------------------

function byHash() {
  const found = location.hash.match(/^#host=(.+)$/);
  if (!found) return sheet.id ? closeSheet() : undefined;
  let id = "";
  try { id = decodeURIComponent(found[1]); } catch { return undefined; }
  return sheet.id === id ? undefined : openSheet(id);
}

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || $("sheet").open) return;
  const typing = event.target.matches("input[type=search], textarea");
  if (event.key === "/" && !typing) {
    event.preventDefault();
    $("q").focus();
    $("q").select();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const links = [...$("host-table").querySelectorAll("tbody a[data-host]")];
    const at = links.indexOf(document.activeElement);
    if (at < 0 && !(typing && event.key === "ArrowDown")) return;
    const to = event.key === "ArrowDown" ? links[Math.min(at + 1, links.length - 1)] : at > 0 ? links[at - 1] : $("q");
    if (to) { event.preventDefault(); to.focus(); }
  }
}

function begin() {
  const asked_ = new URLSearchParams(location.search);
  $("q").value = asked_.get("q") ?? "";
  if (asked_.get("only") === "attention") document.querySelector("input[value=attention]").checked = true;
  state.offset = Number(asked_.get("offset")) || 0;
  let typing = 0;
  $("q").addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(asked, 200); });
  $("filter").addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(typing); asked(); });
  for (const one of document.querySelectorAll("input[name=only]")) one.addEventListener("change", () => asked());
  $("back").addEventListener("click", () => asked(Math.max(0, state.offset - PAGE)));
  $("next").addEventListener("click", () => asked(state.offset + PAGE));
  $("again").addEventListener("click", listen);
  $("close").addEventListener("click", closeSheet);
  $("sheet").addEventListener("cancel", (event) => { event.preventDefault(); closeSheet(); });
  $("sheet").addEventListener("click", (event) => { if (event.target === $("sheet")) closeSheet(); });
  $("host-table").addEventListener("click", (event) => {
    const row = event.target.closest("tbody tr");
    if (row && !event.target.closest("a") && !String(getSelection())) location.hash = "host=" + encodeURIComponent(row.dataset.id);
  });
  addEventListener("hashchange", byHash);
  addEventListener("keydown", keys);
  addEventListener("online", listen);
  $("zone-of-time").textContent = Intl.DateTimeFormat().resolvedOptions().timeZone;
  setInterval(tick, 1000);
  listen();
  byHash();
}

begin();
