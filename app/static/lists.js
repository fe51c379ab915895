// Comforts for lists: choosing all rows, the progress of an export, and keyboard shortcuts. Every page works without.
(function () {
  "use strict";

  // Choose all: the heading's cell gets a box that stands for the page.
  const heading = document.querySelector("th.pick");
  const boxes = [...document.querySelectorAll("td.pick input")];
  if (heading && boxes.length) {
    const all = document.createElement("input");
    all.type = "checkbox";
    all.setAttribute("aria-label", heading.closest("table").dataset.choose);
    all.addEventListener("change", () => boxes.forEach((box) => { box.checked = all.checked; }));
    heading.prepend(all);
  }

  // An export tells how many rows have come, and saves them when they are all there.
  const link = document.querySelector("a[data-export]");
  const told = document.getElementById("exported");
  async function save(event) {
    event.preventDefault();
    if (link.getAttribute("aria-busy")) return;
    link.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(link.href);
      if (!answer.ok) { location.href = link.href; return; }
      const pieces = [];
      let rows = -1; // the heading is none
      const reader = answer.body.getReader();
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        pieces.push(piece.value);
        for (const byte of piece.value) if (byte === 10) rows += 1;
        told.textContent = link.dataset.export.replace("#", Math.max(rows, 0).toLocaleString(document.documentElement.lang));
      }
      const file = document.createElement("a");
      file.href = URL.createObjectURL(new Blob(pieces, {type: "text/csv"}));
      file.download = "documents.csv";
      file.click();
      setTimeout(() => URL.revokeObjectURL(file.href), 10000);
    } catch {
      told.textContent = link.dataset.failed;
    } finally {
      link.removeAttribute("aria-busy");
    }
  }
  if (link && told) link.addEventListener("click", save);

  // Shortcuts: one letter after g leads to a page, / to the search box, ? to the list of them. Never while typing.
  const places = {o: "/", d: "/documents", r: "/documents?direction=Received", s: "/documents?direction=Sent",
    f: "/files", n: "/attention", p: "/partners", c: "/companies", a: "/account"};
  let after = 0;
  const typing = (target) => target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || typing(event.target)) return;
    const search = document.getElementById("search");
    if (event.key === "/" && search) { event.preventDefault(); search.focus(); return; }
    if (event.key === "?") { location.href = "/shortcuts"; return; }
    if (event.key === "g") { after = Date.now(); return; }
    if (Date.now() - after < 1500 && Object.hasOwn(places, event.key)) location.href = places[event.key];
    after = 0;
  });
})();
