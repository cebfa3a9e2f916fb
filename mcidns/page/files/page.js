// The status page: draws what the controller tells, and asks for nothing but that. Texts become text nodes, never markup.
"use strict";

const COLUMNS = 6; // with more clusters than this they share one column
const SILENCE = 15000; // after so many ms without a word the stream counts as lost
const SLOWEST = 30000; // ms between two attempts to reconnect, at most
const HERE = location.origin + location.pathname.replace(/[^/]*$/, ""); // without a password that may stand in the address
const MARKED = new Set(["good", "wait", "doubt", "bad", "aside", "none"]);

const $ = (id) => document.getElementById(id);
const state = {
  hosts: new Map(), order: [], members: new Map(), memberOrder: [], zones: new Map(), zoneOrder: [], changes: new Map(),
  head: null, matching: 0, offset: 0, columns: [], skew: 0, heard: 0, tries: 0, retryAt: 0, stream: null, loaded: false, trouble: "",
};

// ---- elements -------------------------------------------------------------------------------------------------------

function h(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, String(value));
  }
  made.append(...children.flat().filter((one) => one !== null && one !== undefined && one !== ""));
  return made;
}

function mark(tone) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "mark");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", "#" + (MARKED.has(tone) ? tone : "none"));
  svg.append(use);
  return svg;
}

const stated = (tone, word) => h("span", { class: "state", "data-tone": tone }, mark(tone), h("span", {}, word));
const number = (value) => (value === null || value === undefined ? "" : Number(value).toLocaleString("en"));
const many = (count, one, more) => `${number(count)} ${count === 1 ? one : more}`;

function table(element) {
  // Rows become blocks on a narrow screen, and some browsers then forget that this is a table.
  element.setAttribute("role", "table");
  for (const part of element.querySelectorAll("thead, tbody")) part.setAttribute("role", "rowgroup");
  for (const row of element.querySelectorAll("tr")) row.setAttribute("role", "row");
  for (const cell of element.querySelectorAll("td")) cell.setAttribute("role", "cell");
  for (const cell of element.querySelectorAll("th")) {
    cell.setAttribute("role", cell.getAttribute("scope") === "row" ? "rowheader" : "columnheader");
  }
}

// ---- times ----------------------------------------------------------------------------------------------------------

const now = () => Date.now() / 1000 + state.skew;

function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h`;
  return `${Math.floor(whole / 86400)} d`;
}

function age(since, before = "", after = "") {
  if (!since) return "";
  const made = h("time", { datetime: new Date(since * 1000).toISOString(), "data-since": since, "data-before": before, "data-after": after });
  made.textContent = before + span(now() - since) + after;
  return made;
}

function tick() {
  for (const one of document.querySelectorAll("time[data-since]")) {
    const text = one.dataset.before + span(now() - Number(one.dataset.since)) + one.dataset.after;
    if (one.textContent !== text) one.textContent = text;
  }
  tellLink();
}

const clock = (at) => new Date(at * 1000).toLocaleTimeString("en-GB");
const day = (at) => new Date(at * 1000).toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long" });

// ---- hosts ----------------------------------------------------------------------------------------------------------

function columns() {
  const found = new Set(state.memberOrder);
  for (const id of state.order) for (const cell of state.hosts.get(id)?.cells ?? []) found.add(cell.cluster);
  return [...found].sort();
}

function drawHead() {
  const clusters = state.columns.length > COLUMNS
    ? [h("th", { scope: "col" }, "Clusters")]
    : state.columns.map((name) => h("th", { scope: "col" }, columnHead(name)));
  const cells = [h("th", { scope: "col" }, "Host"), h("th", { scope: "col" }, "State"), ...clusters, h("th", { scope: "col" }, "In DNS now")];
  $("host-table").tHead.replaceChildren(h("tr", {}, cells));
}

function columnHead(name) {
  const member = state.members.get(name);
  if (!member || member.tone === "good") return name;
  return h("span", { class: "state", "data-tone": member.tone }, mark(member.tone), h("span", {}, name), h("span", { class: "unseen" }, member.word));
}

function verdict(cell, named) {
  const addresses = cell.addresses.length ? cell.addresses.join(", ") : "no address";
  return h("div", { class: "verdict", title: `${cell.cluster}: ${addresses}` }, named ? h("b", {}, cell.cluster) : null, stated(cell.tone, cell.word), age(cell.since));
}

function verdicts(row) {
  if (state.columns.length > COLUMNS) {
    const shown = row.cells.filter((cell) => cell.tone !== "none");
    return [h("td", { "data-label": "Clusters" }, h("div", { class: "cells" }, shown.map((cell) => verdict(cell, true))))];
  }
  const by = new Map(row.cells.map((cell) => [cell.cluster, cell]));
  return state.columns.map((name) => (by.has(name)
    ? h("td", { "data-label": name }, verdict(by.get(name), false))
    : h("td", { "data-label": name, class: "blank" }, h("span", { class: "unseen" }, "takes no part"))));
}

function held(name) {
  if (name.state === "unknown") return [h("span", { class: "values quiet" }, name.wanted.join(" ") || "nothing"), h("small", {}, "wished for; not programmed from here")];
  const values = h("span", { class: "values" }, name.holds.join(" ") || "nothing");
  if (name.state === "same") return [values];
  return [values, h("small", { class: "differs" }, `should hold ${name.wanted.join(" ") || "nothing"}`)];
}

function hostRow(row) {
  const link = h("a", { href: "#host=" + encodeURIComponent(row.id), "data-host": row.id }, row.name);
  const kind = row.kind === "GlobalHost" ? "" : ` · ${row.kind}`;
  const names = row.names.map((name) => h("div", {}, h("span", { class: "name" }, name.name), held(name)));
  if (row.names_total > row.names.length) names.push(h("small", {}, `and ${many(row.names_total - row.names.length, "more name", "more names")}`));
  const calm = row.tone === "good";
  return h("tr", { "data-id": row.id },
    h("th", { scope: "row" }, link, h("small", {}, row.namespace + kind)),
    h("td", { "data-label": "State" }, h("div", {}, stated(row.tone, row.word), calm ? null : h("small", { class: "says-short" }, row.says))),
    ...verdicts(row),
    h("td", { "data-label": "In DNS now" }, names.length ? h("div", {}, names) : h("span", { class: "quiet" }, "no name accepted")));
}

function drawHosts(changed, all) {
  const body = $("host-table").tBodies[0];
  const focused = body.contains(document.activeElement) ? document.activeElement.dataset.host : null;
  const there = new Map([...body.rows].map((row) => [row.dataset.id, row]));
  const rows = state.order.filter((id) => state.hosts.has(id)).map((id) => {
    if (!all && !changed.has(id) && there.has(id)) return there.get(id);
    const made = hostRow(state.hosts.get(id));
    if (changed.get(id)) made.classList.add("fresh");
    return made;
  });
  if (rows.length !== body.rows.length || rows.some((row, index) => row !== body.rows[index])) body.replaceChildren(...rows);
  if (focused) body.querySelector(`a[data-host="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  table($("host-table"));
  $("host-table").hidden = rows.length === 0;
  drawEmpty(rows.length === 0);
  const last = state.offset + state.order.length;
  $("pager").hidden = state.matching <= state.order.length;
  $("range").textContent = state.matching ? `${number(state.offset + 1)} to ${number(last)} of ${number(state.matching)}` : "";
  $("back").disabled = state.offset === 0;
  $("next").disabled = last >= state.matching;
}

function drawEmpty(empty) {
  const box = $("hosts-empty");
  box.hidden = !empty;
  if (!empty) return;
  const text = $("q").value.trim();
  if (text) {
    const clear = h("button", { type: "button" }, "Clear the filter");
    clear.addEventListener("click", () => { $("q").value = ""; $("q").focus(); asked(); });
    box.replaceChildren(h("p", {}, `No host has all of “${text}”${only() ? " and wants attention" : ""}.`), h("p", {}, clear));
  } else if (only() && state.head?.hosts) {
    box.replaceChildren(h("p", {}, "No host wants attention."), h("p", {}, "Every host is served as it should be, or its change is on its way."));
  } else if (state.head && !state.head.decides) {
    box.replaceChildren(h("p", {}, "This controller programs zones and judges no hosts (", h("code", {}, "--only program"), ")."),
      h("p", {}, "Hosts are shown by the controller that decides; the zones below are written here."));
  } else if (state.head?.waiting.length) {
    box.replaceChildren(h("p", {}, "The controller is starting; hosts stand here as soon as they are decided."));
  } else {
    box.replaceChildren(h("p", {}, "No host claims a name yet."),
      h("p", {}, "Annotate a federated Ingress with ", h("code", {}, "mcidns.io/hostname"), ", or write a GlobalHost: ", h("code", {}, "kubectl explain globalhost.spec")));
  }
}

// ---- clusters, zones, changes ---------------------------------------------------------------------------------------

function drawMembers() {
  const rows = state.memberOrder.map((id) => state.members.get(id)).filter(Boolean).map((one) => h("tr", {},
    h("th", { scope: "row" }, h("b", {}, one.id), one.region && one.region !== one.id ? h("small", {}, one.region) : null),
    h("td", { "data-label": "State" }, h("div", {}, stated(one.tone, one.word), one.tone === "good" ? null : h("small", { class: "says-short" }, one.says))),
    h("td", { "data-label": "Answers" }, one.since ? age(one.since, one.reachable ? "for " : "last ", one.reachable ? "" : " ago") : h("span", {}, "not yet")),
    h("td", { "data-label": "Services", class: "number" }, h("span", {}, number(one.services))),
    h("td", { "data-label": "Ingresses", class: "number" }, h("span", {}, number(one.ingresses))),
    h("td", { "data-label": "Version", class: one.version ? null : "blank" }, h("span", { class: "quiet" }, one.version))));
  fill("cluster-table", "clusters-empty", rows, state.head && !state.head.decides
    ? [h("p", {}, "This controller programs zones and follows no clusters.")]
    : [h("p", {}, "No cluster is a member yet."), h("p", {}, "Put its kubeconfig into a Secret beside the controller and label it: ", h("code", {}, "kubectl label secret NAME mcidns.io/cluster=NAME"))]);
}

function drawZones() {
  const rows = state.zoneOrder.map((id) => state.zones.get(id)).filter(Boolean).map((one) => h("tr", {},
    h("th", { scope: "row" }, h("b", {}, one.id), h("small", {}, one.domain)),
    h("td", { "data-label": "State" }, h("div", {}, stated(one.tone, one.word), one.tone === "good" ? null : h("small", { class: "says-short" }, one.says))),
    ...[["Serial", one.serial === null ? "–" : String(one.serial)], ["Ours", number(one.owned)], ["Others'", number(one.foreign)], ["Writes", number(one.writes)],
      ["Held", number(one.held)], ["Refused", number(one.quarantined)]].map(([label, value]) => h("td", { "data-label": label, class: "number" }, h("span", {}, value))),
    h("td", { "data-label": "Last plan", class: one.plan ? null : "blank" }, h("div", {}, one.plan, one.plan ? h("small", {}, age(one.plan_at, "", " ago")) : null))));
  fill("zone-table", "zones-empty", rows, [h("p", {}, "No zone is programmed from here."),
    h("p", {}, "A DNSZone with a provider says where records go: ", h("code", {}, "kubectl explain dnszone.spec"))]);
}

function fill(id, empty, rows, words) {
  $(id).tBodies[0].replaceChildren(...rows);
  table($(id));
  $(id).hidden = rows.length === 0;
  $(empty).hidden = rows.length > 0;
  if (!rows.length) $(empty).replaceChildren(...words);
}

function drawChanges(fresh) {
  const lines = [];
  let last = day(now());
  const sorted = [...state.changes.values()].sort((one, other) => other.at - one.at || Number(other.id) - Number(one.id)).slice(0, 200);
  for (const one of sorted) {
    if (day(one.at) !== last) lines.push(h("li", { class: "day" }, (last = day(one.at))));
    const more = one.times > one.objects.length && one.objects.length > 1 ? ` and more` : "";
    const times = one.times > 1 ? h("span", { class: "quiet" }, `${number(one.times)} times`) : null;
    lines.push(h("li", { class: fresh.has(one.id) ? "fresh" : null },
      h("time", { datetime: new Date(one.at * 1000).toISOString() }, clock(one.at)),
      h("div", {}, h("div", { class: "what" }, stated(one.warning ? "bad" : "good", one.reason),
        h("span", {}, one.kind === "GlobalHost" ? null : h("span", { class: "quiet" }, one.kind + " "), h("b", {}, one.objects.join(", ") + more)), times),
        h("p", {}, one.note))));
  }
  for (const id of [...state.changes.keys()].filter((key) => !sorted.some((one) => one.id === key))) state.changes.delete(id);
  $("timeline").replaceChildren(...lines);
  $("timeline").hidden = lines.length === 0;
  $("changes-empty").hidden = lines.length > 0;
  $("changes-empty").textContent = "Nothing has changed since this controller started. Verdicts, conditions, clusters and zones stand here as they change, with the cause.";
}

function announce(changes) {
  if (!changes.length) return;
  const one = changes[changes.length - 1];
  const more = changes.length > 1 ? ` And ${many(changes.length - 1, "more change", "more changes")}.` : "";
  $("announce").textContent = `${one.objects.join(", ")}: ${one.reason}. ${one.note}.${more}`;
}

// ---- the top --------------------------------------------------------------------------------------------------------

function drawTop() {
  const head = state.head;
  if (!head) return;
  $("instance").textContent = head.instance;
  $("version").textContent = head.version;
  $("role").textContent = head.role;
  $("role").hidden = !head.role;
  $("attention").textContent = head.attention ? number(head.attention) : "";
  const members = [...state.members.values()], zones = [...state.zones.values()];
  const up = members.filter((one) => one.reachable).length, fine = zones.filter((one) => one.tone === "good").length;
  const sum = (key) => zones.reduce((total, one) => total + one[key], 0);
  const tiles = [
    ["#hosts", number(head.hosts), head.hosts === 1 ? "host" : "hosts", null],
    ["#hosts", number(head.attention), head.attention === 1 ? "wants attention" : "want attention", head.attention ? "doubt" : null],
    ["#clusters", `${up} of ${members.length}`, "clusters answer", up < members.length ? "bad" : null],
    ["#zones", `${fine} of ${zones.length}`, "zones are well", fine < zones.length ? "doubt" : null],
    ["#zones", number(sum("owned")), "names of ours", null],
  ];
  if (sum("held")) tiles.push(["#zones", number(sum("held")), "names held", "doubt"]);
  if (sum("quarantined")) tiles.push(["#zones", number(sum("quarantined")), "changes refused", "doubt"]);
  const focused = $("sums").contains(document.activeElement) ? [...$("sums").querySelectorAll("a")].indexOf(document.activeElement) : -1;
  $("sums").replaceChildren(...tiles.map(([to, value, label, tone]) => h("div", { "data-tone": tone }, h("dt", {}, label),
    h("dd", {}, h("a", { href: to, "aria-label": `${value} ${label}` }, value)))));
  if (focused >= 0) $("sums").querySelectorAll("a")[focused]?.focus({ preventScroll: true });
  const trouble = members.some((one) => one.tone === "bad") || zones.some((one) => one.tone === "bad") ? "✕ " : head.attention ? "▲ " : "";
  document.title = `${trouble}mcidns ${head.instance}`;
  drawNotes(head, members, zones);
}

function drawNotes(head, members, zones) {
  const notes = [
    ...head.stuck.map((text) => ["bad", "Stands still", text]),
    ...head.waiting.map((text) => ["wait", "Starting", text]),
    ...zones.filter((one) => one.tone === "bad").map((one) => ["bad", `Zone ${one.id}`, one.says]),
    ...zones.filter((one) => one.held).map((one) => ["doubt", `Zone ${one.id} holds a plan back`, one.says.split("; if that is meant")[0],
      `kubectl annotate --overwrite dnszone ${one.id} ${one.approval.replace(": ", "=")}`]),
    ...members.filter((one) => one.tone === "bad").map((one) => ["bad", `Cluster ${one.id} does not answer`, one.says]),
  ];
  const shown = notes.slice(0, 6).map(([tone, title, text, command]) => h("div", { class: "note", "data-tone": tone }, mark(tone),
    h("div", {}, h("b", {}, title + ". "), text, command ? [h("br"), h("code", {}, command)] : null)));
  if (notes.length > 6) shown.push(h("p", { class: "quiet" }, `and ${notes.length - 6} more below`));
  $("notes").replaceChildren(...shown);
}

function tellLink() {
  const silent = state.heard ? (performance.now() - state.heard) / 1000 : 0;
  const lost = !state.stream || silent * 1000 > SILENCE;
  document.body.dataset.link = lost ? "lost" : "live";
  const word = !lost ? "live" : state.trouble || (state.heard ? "disconnected" : "connecting");
  if ($("link").dataset.word !== word) {
    $("link").dataset.word = word;
    $("link").replaceChildren(stated(!lost ? "good" : state.trouble || state.heard ? "bad" : "wait", word));
  }
  const parts = [];
  if (state.heard && (lost || silent >= 7)) parts.push(`last heard ${span(silent)} ago`);
  if (lost && state.retryAt) parts.push(`trying again in ${span((state.retryAt - performance.now()) / 1000 + 0.999)}`);
  $("heard").textContent = parts.join(", ");
  $("again").hidden = !(lost && state.retryAt);
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
  state.skew = news.now - Date.now() / 1000;
  state.heard = performance.now();
  state.tries = 0;
  state.trouble = "";
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
  state.loaded = true;
  document.querySelector("main").removeAttribute("aria-busy");
  tellLink();
}

const only = () => document.querySelector("input[name=only]:checked").value;

function query() {
  const asked = new URLSearchParams();
  if ($("q").value.trim()) asked.set("q", $("q").value.trim());
  if (only()) asked.set("only", only());
  if (state.offset) asked.set("offset", state.offset);
  return asked;
}

async function listen() {
  const stream = new AbortController();
  state.stream?.abort();
  state.stream = stream;
  state.retryAt = 0;
  clearTimeout(state.retry);
  try {
    const answer = await fetch(HERE + "live?" + query(), { signal: stream.signal, cache: "no-store" });
    if (!answer.ok) throw new Error((await answer.text()).trim() || `HTTP ${answer.status}`, { cause: "refused" });
    await read(answer.body.getReader(), stream);
  } catch (error) {
    if (state.stream === stream) state.trouble = error.cause === "refused" ? error.message : "";
  }
  if (state.stream === stream) later();
}

async function read(reader, stream) {
  const decoder = new TextDecoder();
  let text = "", first = true, watch;
  try {
    for (;;) {
      clearTimeout(watch);
      watch = setTimeout(() => stream.abort(), SILENCE);
      const { done, value } = await reader.read();
      if (done || state.stream !== stream) return;
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
  state.stream = null;
  const wait = Math.min(SLOWEST, 500 * 2 ** Math.min(state.tries, 10)) * (0.7 + 0.6 * Math.random());
  state.tries += 1;
  state.retryAt = performance.now() + wait;
  state.retry = setTimeout(listen, wait);
  tellLink();
}

function asked(offset = 0) {
  state.offset = offset;
  const text = query().toString();
  history.replaceState(null, "", (text ? "?" + text : location.pathname) + location.hash);
  listen();
}

// ---- one host -------------------------------------------------------------------------------------------------------

const sheet = { id: "", timer: 0, details: null, answers: null, drawn: "" };

function openSheet(id) {
  Object.assign(sheet, { id, details: null, answers: null, drawn: "" });
  $("sheet-title").textContent = id.split("/").slice(1).join("/");
  $("sheet-body").replaceChildren(h("p", { class: "quiet" }, "Loading"));
  if (!$("sheet").open) $("sheet").showModal();
  $("sheet-body").focus();
  refreshSheet();
}

function closeSheet() {
  const id = sheet.id;
  sheet.id = "";
  clearTimeout(sheet.timer);
  if ($("sheet").open) $("sheet").close();
  if (location.hash.startsWith("#host=")) history.replaceState(null, "", location.pathname + location.search);
  document.querySelector(`a[data-host="${CSS.escape(id)}"]`)?.focus();
}

async function refreshSheet() {
  const id = sheet.id;
  clearTimeout(sheet.timer);
  await Promise.all(["host", "answers"].map(async (what) => {
    try {
      const answer = await fetch(`${HERE}${what}?id=${encodeURIComponent(id)}`, { cache: "no-store" });
      const told = answer.ok ? await answer.json() : { trouble: answer.status === 404 ? "There is no such host any more." : `HTTP ${answer.status}` };
      if (sheet.id === id) sheet[what === "host" ? "details" : "answers"] = told;
    } catch (error) {
      if (sheet.id === id && what === "host" && !sheet.details) sheet.details = { trouble: "The controller does not answer." };
    }
    if (sheet.id === id) drawSheet();
  }));
  if (sheet.id === id) sheet.timer = setTimeout(refreshSheet, 5000);
}

function drawSheet() {
  const told = sheet.details, drawn = JSON.stringify([told, sheet.answers?.names]);
  if (!told || drawn === sheet.drawn) return;
  sheet.drawn = drawn;
  if (told.trouble) return $("sheet-body").replaceChildren(h("p", {}, told.trouble));
  const row = told.row;
  const clusters = h("table", {}, h("thead", {}, h("tr", {}, ["Cluster", "Verdict", "For", "Addresses", "Why"].map((word) => h("th", { scope: "col" }, word)))),
    h("tbody", {}, row.cells.map((cell) => h("tr", {},
      h("th", { scope: "row" }, h("b", {}, cell.cluster), cell.region && cell.region !== cell.cluster ? h("small", {}, cell.region) : null),
      h("td", { "data-label": "Verdict" }, stated(cell.tone, cell.word)),
      h("td", { "data-label": "For" }, age(cell.since)),
      h("td", { "data-label": "Addresses", class: cell.addresses.length ? null : "blank" }, h("span", { class: "values" }, cell.addresses.join(" "))),
      h("td", { "data-label": "Why" }, h("div", {}, cell.message, cell.rule ? h("small", {}, cell.rule) : null))))));
  const conditions = h("table", {}, h("thead", {}, h("tr", {}, ["Condition", "State", "Says"].map((word) => h("th", { scope: "col" }, word)))),
    h("tbody", {}, told.conditions.map((one) => h("tr", {}, h("th", { scope: "row" }, one.type),
      h("td", { "data-label": "State" }, stated(one.tone, `${one.status} ${one.reason}`)), h("td", { "data-label": "Says" }, h("span", {}, one.message))))));
  table(clusters);
  table(conditions);
  $("sheet-body").replaceChildren(
    h("p", {}, stated(row.tone, row.word), told.source ? h("span", { class: "quiet" }, ` ${row.kind}, follows ${told.source}`) : null),
    h("p", { class: "says" }, row.says),
    h("h3", {}, "What DNS answers now"), ...answered(row), h("h3", {}, "Clusters"), row.cells.length ? clusters : h("p", { class: "quiet" }, "No cluster takes part."),
    h("h3", {}, "Conditions"), told.conditions.length ? conditions : h("p", { class: "quiet" }, "Nothing was decided yet."));
}

function answered(row) {
  if (!row.names.length) return [h("p", { class: "quiet" }, "No name of this host is accepted; the conditions say why.")];
  const list = row.names.map((name) => {
    const said = sheet.answers?.names?.[name.name];
    const lines = said ? said.map((one) => reply(one, name)) : [h("p", { class: "quiet" }, sheet.answers ? "not asked" : "asking")];
    return h("div", { class: "answer" },
      h("div", {}, h("span", { class: "name" }, name.name), h("small", { class: "quiet" }, `${name.type}, ${name.ttl} s${name.zone ? `, zone ${name.zone}` : ""}`)),
      h("div", {}, h("p", {}, h("span", { class: "quiet" }, "decided "), h("span", { class: "values" }, name.wanted.join(" ") || "nothing")),
        name.state === "unknown" ? null : h("p", {}, h("span", { class: "quiet" }, "in its zone "), h("span", { class: "values" }, name.holds.join(" ") || "nothing")),
        lines));
  });
  if (row.names_total > row.names.length) list.push(h("p", { class: "quiet" }, `and ${many(row.names_total - row.names.length, "more name", "more names")}`));
  return list;
}

function reply(one, name) {
  const same = one.values.length === name.wanted.length && one.values.every((value) => name.wanted.includes(value));
  const tone = same ? "good" : one.trouble && !one.values.length ? (name.wanted.length ? "bad" : "good") : "doubt";
  const word = same ? "as decided" : one.values.length ? "differs" : one.trouble || "nothing";
  const ttl = one.ttl === null ? "" : ` for ${one.ttl} s`;
  return h("p", {}, h("span", { class: "quiet" }, `${one.by}${one.authoritative ? ", authoritative" : ""} `), h("span", { class: "values" }, one.values.join(" ")),
    h("span", { class: "quiet" }, ttl + " "), stated(tone, word));
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
  $("back").addEventListener("click", () => asked(Math.max(0, state.offset - 50)));
  $("next").addEventListener("click", () => asked(state.offset + 50));
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
