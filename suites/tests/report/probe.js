"use strict";
const all = (selector) => Array.from(document.querySelectorAll(selector));
const table = document.getElementById("claims-table");

/** Keys of the claims that the table shows, in its order. */
const keys = () => Array.from(table.tBodies[0].rows).filter((row) => row.offsetParent !== null || row.getClientRects().length).map((row) => row.cells[1].dataset.sort);
const shown = () => document.getElementById("shown").textContent;

/** Sets a filter as a person would; gives the keys left. */
function choose(name, value) {
  const field = document.getElementById("filters").elements[name];
  if (field.type === "checkbox") field.checked = value; else field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  return keys();
}

/** Presses a heading; gives the keys in their new order. */
function press(title) {
  all("#claims-table thead button").find((button) => button.textContent === title).click();
  return keys();
}
const sorted = () => all("#claims-table [aria-sort]:not([aria-sort=none])").map((head) => `${head.textContent} ${head.getAttribute("aria-sort")}`).join();

const unfold = () => all("details").forEach((details) => { details.open = true; });
const toggle = () => document.getElementById("theme").click();
const folds = (event) => { dispatchEvent(new Event(event)); return all("details:not([open])").length; };

const channels = (color) => { const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number); return { rgb: [r, g, b], a }; };
const luminance = (rgb) => {
  const [r, g, b] = rgb.map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
function ground(element) {
  for (let at = element; at; at = at.parentElement) {
    const { rgb, a } = channels(getComputedStyle(at).backgroundColor);
    if (a === 1) return rgb;
  }
  return [255, 255, 255];
}
const scheme = () => (luminance(ground(document.body)) > 0.5 ? "light" : "dark");

/** Texts whose contrast with their ground is below 4.5, figures apart. */
function faint() {
  const found = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || element.closest("svg, script, style, option") || !element.getClientRects().length) continue;
    const [low, high] = [luminance(channels(getComputedStyle(element).color).rgb), luminance(ground(element))].sort((a, b) => a - b);
    const contrast = (high + 0.05) / (low + 0.05);
    if (contrast < 4.5) found.add(`${element.tagName}.${element.className}: ${contrast.toFixed(2)}`);
  }
  return Array.from(found);
}

/** What sticks out to the right, unless it scrolls in a frame of its own. */
function overflow() {
  if (document.documentElement.scrollWidth <= innerWidth) return [];
  return all("body *").filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".scroll")).map((e) => `${e.tagName}.${e.className}`);
}

/** Controls, tables and pictures that a screen reader could not name. */
function nameless() {
  const bad = [];
  all("input, select").forEach((e) => { if (!e.labels.length) bad.push(e.name); });
  all("button, a").forEach((e) => { if (!e.textContent.trim()) bad.push(e.outerHTML); });
  all("table").forEach((e) => { if (!e.caption?.textContent.trim()) bad.push(e.className); });
  all("th").forEach((e) => { if (!e.scope) bad.push(e.textContent); });
  all("svg:not([aria-hidden])").forEach((e) => { if (!e.querySelector("title") || !e.querySelector("desc")) bad.push("svg"); });
  all("[role=group]").forEach((e) => { if (!e.getAttribute("aria-label")) bad.push("group"); });
  return bad;
}

function report(probe) {
  addEventListener("load", () => {
    let found = null;
    try { found = probe(); } catch (error) { faults.push(String(error)); }
    const text = JSON.stringify({ found, faults });
    if (parent !== window) { parent.postMessage(text, "*"); return; }
    const pre = document.createElement("pre");
    pre.id = "probe";
    pre.textContent = text;
    document.body.append(pre);
  });
}
