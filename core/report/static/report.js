// The report page without a framework: choose a section, walk through slides, full screen, sort tables.
"use strict";

const sections = [...document.querySelectorAll("main .card")];

function showSection(key) {
  for (const section of sections) section.hidden = section.dataset.key !== key;
}

function startDropdown(select) {
  select.form.querySelector("button").hidden = true;
  select.addEventListener("change", () => {
    showSection(select.value);
    const address = new URL(location.href);
    address.searchParams.set("view", select.value);
    history.replaceState(null, "", address);
  });
}

function startSlides(bar) {
  const main = document.querySelector("main");
  const position = bar.querySelector(".position");
  let current = 0;

  function go(index) {
    current = Math.max(0, Math.min(sections.length - 1, index));
    sections.forEach((section, i) => section.classList.toggle("shown", i === current));
    position.textContent = `${current + 1} / ${sections.length}`;
    sections[current].focus({ preventScroll: true });
    sections[current].scrollIntoView({ block: "start" });
  }

  function toggleScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else main.requestFullscreen().then(() => go(current));
  }

  const steps = { previous: () => go(current - 1), next: () => go(current + 1), screen: toggleScreen };
  bar.addEventListener("click", (event) => steps[event.target.dataset.go]?.());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select, input, summary")) return;
    const key = { ArrowRight: "next", PageDown: "next", ArrowLeft: "previous", PageUp: "previous", f: "screen" }[event.key];
    if (!key) return;
    event.preventDefault();
    steps[key]();
  });
  document.addEventListener("fullscreenchange", () => {
    main.classList.toggle("presenting", document.fullscreenElement === main);
  });
  bar.hidden = sections.length === 0;
  sections[0]?.classList.add("shown");
  position.textContent = `1 / ${sections.length}`;
}

// Clicks on a column sort by it, then the other way round, then as it was; a total row stays the last.
function startSorting(table) {
  const body = table.tBodies[0];
  const total = body.querySelector("tr.total");
  const rows = [...body.rows].filter((row) => row !== total);
  const heads = [...table.tHead.rows[0].cells];
  const isNumber = (column) => rows.some((row) => row.cells[column].dataset.value !== undefined);

  function compared(column, direction) {
    const value = (row) => row.cells[column].dataset.value ?? "";
    return (one, other) => {
      if (!isNumber(column)) {
        const [a, b] = [one, other].map((row) => row.cells[column].textContent);
        return direction * a.localeCompare(b, document.documentElement.lang, { numeric: true });
      }
      if (value(one) === "" || value(other) === "") return (value(one) === "") - (value(other) === "");
      return direction * (Number(value(one)) - Number(value(other)));
    };
  }

  function sortBy(head, column) {
    const order = isNumber(column) ? ["descending", "ascending", null] : ["ascending", "descending", null];
    const next = order[(order.indexOf(head.getAttribute("aria-sort")) + 1) % order.length];
    for (const other of heads) other.removeAttribute("aria-sort");
    if (next) head.setAttribute("aria-sort", next);
    const direction = next === "descending" ? -1 : 1;
    body.append(...(next ? [...rows].sort(compared(column, direction)) : rows), ...(total ? [total] : []));
  }

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.textContent = head.textContent;
    button.addEventListener("click", () => sortBy(head, column));
    head.replaceChildren(button);
  });
}

const select = document.getElementById("view");
if (select) startDropdown(select);
const bar = document.querySelector(".slides-bar");
if (bar) startSlides(bar);
for (const table of document.querySelectorAll("table[data-sortable]")) startSorting(table);
