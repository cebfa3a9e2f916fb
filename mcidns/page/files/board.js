// What the page shows of hosts, clusters, zones and changes; how it comes to know them is in page.js.

import { $, age, clock, day, h, many, mark, now, number, stated, table } from "./elements.js";

const COLUMNS = 6; // with more clusters than this they share one column

export const state = {
  hosts: new Map(), order: [], members: new Map(), memberOrder: [], zones: new Map(), zoneOrder: [], changes: new Map(),
  head: null, matching: 0, offset: 0, columns: [],
};

export const only = () => document.querySelector("input[name=only]:checked").value;

export function columns() {
  const found = new Set(state.memberOrder);
  for (const id of state.order) for (const cell of state.hosts.get(id)?.cells ?? []) found.add(cell.cluster);
  return [...found].sort();
}

export function drawHead() {
  const clusters = state.columns.length > COLUMNS
    ? [h("th", { scope: "col" }, "Clusters")]
    : state.columns.map((name) => h("th", { scope: "col" }, columnHead(name)));
  const cells = [h("th", { scope: "col" }, "Host"), h("th", { scope: "col" }, "State"), ...clusters, h("th", { scope: "col" }, "In DNS now")];
  $("host-table").tHead.replaceChildren(h("tr", {}, cells));
}

export function columnHead(name) {
  const member = state.members.get(name);
  if (!member || member.tone === "good") return name;
  return h("span", { class: "state", "data-tone": member.tone }, mark(member.tone), h("span", {}, name), h("span", { class: "unseen" }, member.word));
}

export function verdict(cell, named) {
  const addresses = cell.addresses.length ? cell.addresses.join(", ") : "no address";
  return h("div", { class: "verdict", title: `${cell.cluster}: ${addresses}` }, named ? h("b", {}, cell.cluster) : null, stated(cell.tone, cell.word), age(cell.since));
}

export function verdicts(row) {
  if (state.columns.length > COLUMNS) {
    const shown = row.cells.filter((cell) => cell.tone !== "none");
    return [h("td", { "data-label": "Clusters" }, h("div", { class: "cells" }, shown.map((cell) => verdict(cell, true))))];
  }
  const by = new Map(row.cells.map((cell) => [cell.cluster, cell]));
  return state.columns.map((name) => (by.has(name)
    ? h("td", { "data-label": name }, verdict(by.get(name), false))
    : h("td", { "data-label": name, class: "blank" }, h("span", { class: "unseen" }, "takes no part"))));
}

export function held(name) {
  if (name.state === "unknown") return [h("span", { class: "values quiet" }, name.wanted.join(" ") || "nothing"), h("small", {}, "wished for; not programmed from here")];
  const values = h("span", { class: "values" }, name.holds.join(" ") || "nothing");
  if (name.state === "same") return [values];
  return [values, h("small", { class: "differs" }, `should hold ${name.wanted.join(" ") || "nothing"}`)];
}

export function hostRow(row) {
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

export function drawHosts(changed, all) {
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

export function drawEmpty(empty) {
  const box = $("hosts-empty");
  box.hidden = !empty;
  if (!empty) return;
  const text = $("q").value.trim();
  if (text) {
    const clear = h("button", { type: "button" }, "Clear the filter");
    clear.addEventListener("click", () => { $("q").value = ""; $("q").focus(); $("filter").requestSubmit(); });
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

export function drawMembers() {
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

export function drawZones() {
  const rows = state.zoneOrder.map((id) => state.zones.get(id)).filter(Boolean).map((one) => h("tr", {},
    h("th", { scope: "row" }, h("b", {}, one.id), h("small", {}, one.domain)),
    h("td", { "data-label": "State" }, h("div", {}, stated(one.tone, one.word), one.tone === "good" ? null : h("small", { class: "says-short" }, one.says))),
    ...[["Serial", one.serial === null ? "–" : String(one.serial)], ["Ours", number(one.owned)], ["Others'", number(one.foreign)], ["Writes", number(one.writes)],
      ["Held", number(one.held)], ["Refused", number(one.quarantined)]].map(([label, value]) => h("td", { "data-label": label, class: "number" }, h("span", {}, value))),
    h("td", { "data-label": "Last plan", class: one.plan ? null : "blank" }, h("div", {}, one.plan, one.plan ? h("small", {}, age(one.plan_at, "", " ago")) : null))));
  fill("zone-table", "zones-empty", rows, [h("p", {}, "No zone is programmed from here."),
    h("p", {}, "A DNSZone with a provider says where records go: ", h("code", {}, "kubectl explain dnszone.spec"))]);
}

export function fill(id, empty, rows, words) {
  $(id).tBodies[0].replaceChildren(...rows);
  table($(id));
  $(id).hidden = rows.length === 0;
  $(empty).hidden = rows.length > 0;
  if (!rows.length) $(empty).replaceChildren(...words);
}

export function drawChanges(fresh) {
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

export function announce(changes) {
  if (!changes.length) return;
  const one = changes[changes.length - 1];
  const more = changes.length > 1 ? ` And ${many(changes.length - 1, "more change", "more changes")}.` : "";
  $("announce").textContent = `${one.objects.join(", ")}: ${one.reason}. ${one.note}.${more}`;
}

export function drawTop() {
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

export function drawNotes(head, members, zones) {
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
