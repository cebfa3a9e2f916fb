// One host's own sheet: every cluster with its rule, every condition, and what DNS answers now.

import { $, age, h, many, stated, table } from "./elements.js";

export const HERE = location.origin + location.pathname.replace(/[^/]*$/, ""); // without a password that may stand in the address

export const sheet = { id: "", timer: 0, details: null, answers: null, drawn: "" };

export function openSheet(id) {
  Object.assign(sheet, { id, details: null, answers: null, drawn: "" });
  $("sheet-title").textContent = id.split("/").slice(1).join("/");
  $("sheet-body").replaceChildren(h("p", { class: "quiet" }, "Loading"));
  if (!$("sheet").open) $("sheet").showModal();
  $("sheet-body").focus();
  refreshSheet();
}

export function closeSheet() {
  const id = sheet.id;
  sheet.id = "";
  clearTimeout(sheet.timer);
  if ($("sheet").open) $("sheet").close();
  if (location.hash.startsWith("#host=")) history.replaceState(null, "", location.pathname + location.search);
  document.querySelector(`a[data-host="${CSS.escape(id)}"]`)?.focus();
}

export async function refreshSheet() {
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

export function drawSheet() {
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

export function answered(row) {
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

export function reply(one, name) {
  const same = one.values.length === name.wanted.length && one.values.every((value) => name.wanted.includes(value));
  const tone = same ? "good" : one.trouble && !one.values.length ? (name.wanted.length ? "bad" : "good") : "doubt";
  const word = same ? "as decided" : one.values.length ? "differs" : one.trouble || "nothing";
  const ttl = one.ttl === null ? "" : ` for ${one.ttl} s`;
  return h("p", {}, h("span", { class: "quiet" }, `${one.by}${one.authoritative ? ", authoritative" : ""} `), h("span", { class: "values" }, one.values.join(" ")),
    h("span", { class: "quiet" }, ttl + " "), stated(tone, word));
}
