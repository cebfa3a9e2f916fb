// Elements and words: nodes made of text, shapes for tones, times that have passed. Texts become text nodes, never markup.

const MARKED = new Set(["good", "wait", "doubt", "bad", "aside", "none"]);

export const $ = (id) => document.getElementById(id);

export function h(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, String(value));
  }
  made.append(...children.flat().filter((one) => one !== null && one !== undefined && one !== ""));
  return made;
}

export function mark(tone) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "mark");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", "#" + (MARKED.has(tone) ? tone : "none"));
  svg.append(use);
  return svg;
}

export const stated = (tone, word) => h("span", { class: "state", "data-tone": tone }, mark(tone), h("span", {}, word));
export const number = (value) => (value === null || value === undefined ? "" : Number(value).toLocaleString("en"));
export const many = (count, one, more) => `${number(count)} ${count === 1 ? one : more}`;

export function table(element) {
  // Rows become blocks on a narrow screen, and some browsers then forget that this is a table.
  element.setAttribute("role", "table");
  for (const part of element.querySelectorAll("thead, tbody")) part.setAttribute("role", "rowgroup");
  for (const row of element.querySelectorAll("tr")) row.setAttribute("role", "row");
  for (const cell of element.querySelectorAll("td")) cell.setAttribute("role", "cell");
  for (const cell of element.querySelectorAll("th")) {
    cell.setAttribute("role", cell.getAttribute("scope") === "row" ? "rowheader" : "columnheader");
  }
}

export const times = { skew: 0 }; // seconds by which the controller's clock is ahead of this one
export const now = () => Date.now() / 1000 + times.skew;

export function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h`;
  return `${Math.floor(whole / 86400)} d`;
}

export function age(since, before = "", after = "") {
  if (!since) return "";
  const made = h("time", { datetime: new Date(since * 1000).toISOString(), "data-since": since, "data-before": before, "data-after": after });
  made.textContent = before + span(now() - since) + after;
  return made;
}

export const clock = (at) => new Date(at * 1000).toLocaleTimeString("en-GB");
export const day = (at) => new Date(at * 1000).toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long" });
