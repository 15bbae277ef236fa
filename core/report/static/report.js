// The report page without a framework: choose a section, walk through slides, full screen.
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

const select = document.getElementById("view");
if (select) startDropdown(select);
const bar = document.querySelector(".slides-bar");
if (bar) startSlides(bar);
