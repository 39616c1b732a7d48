"use strict";
(() => {
  const root = document.documentElement;
  const table = document.getElementById("claims-table");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const form = document.getElementById("filters");
  const shown = document.getElementById("shown");

  function filter() {
    const want = new FormData(form);
    const words = want.get("text").toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const fits = ["verdict", "family", "paper", "source"].every((key) => !want.get(key) || row.dataset[key] === want.get(key));
      row.hidden = !(fits && (!want.get("surprise") || "surprise" in row.dataset) && words.every((word) => text.includes(word)));
      count += row.hidden ? 0 : 1;
    }
    shown.textContent = count === rows.length ? `${count} claims` : `${count} of ${rows.length} claims`;
  }
  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  filter();

  const heads = Array.from(table.tHead.rows[0].cells);
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    heads.forEach((other) => other.setAttribute("aria-sort", other === head ? (down ? "descending" : "ascending") : "none"));
    const key = (row) => row.cells[column].dataset.sort;
    const numbers = rows.every((row) => key(row) !== "" && !Number.isNaN(Number(key(row))));
    const compare = numbers ? (a, b) => Number(key(a)) - Number(key(b)) : (a, b) => key(a).localeCompare(key(b), "en");
    // Sorting is stable, so rows that are equal keep the order of the papers.
    body.append(...rows.slice().sort((a, b) => (down ? -1 : 1) * compare(a, b)));
  }));

  const theme = document.getElementById("theme");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const dark = (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("residual-theme", root.dataset.theme); } catch { /* the choice lasts as long as the page */ }
  });

  // A link to a claim shows its checks.
  function unfold() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    target?.querySelectorAll(":scope.claim > details").forEach((details) => { details.open = true; });
  }
  addEventListener("hashchange", unfold);
  unfold();

  // Paper has no folds.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = Array.from(document.querySelectorAll("details:not([open])"));
    folded.forEach((details) => { details.open = true; });
  });
  addEventListener("afterprint", () => folded.forEach((details) => { details.open = false; }));
})();
