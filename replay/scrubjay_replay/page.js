// Everything here is a convenience: the page says all it has to say without it.
for (const table of document.querySelectorAll("table.sorted")) {
  const body = table.tBodies[0];
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    head.classList.add("sorts");
    head.tabIndex = 0;
    const sort = () => {
      const down = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down === 1 ? "ascending" : "descending");
      const value = (row) => {
        const text = row.cells[column].textContent.trim();
        const number = Number(text.replaceAll(",", ""));
        return text === "–" ? null : Number.isNaN(number) ? text : number;
      };
      const order = (a, b) => {
        if (a === null || b === null) return (a === null) - (b === null);
        const words = typeof a === "string" || typeof b === "string";
        return down * (words ? String(a).localeCompare(String(b)) : a - b);
      };
      const rows = [...body.rows].map((row) => [value(row), row]);
      rows.sort((a, b) => order(a[0], b[0]));
      body.append(...rows.map(([, row]) => row));
    };
    head.addEventListener("click", sort);
    head.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); sort(); }
    });
  });
}
for (const section of document.querySelectorAll("section.contest")) {
  let pinned = null;
  const lift = (policy) => {
    section.classList.toggle("lifted", policy !== null);
    for (const mark of section.querySelectorAll("[data-p]"))
      mark.classList.toggle("on", mark.dataset.p === policy);
  };
  for (const mark of section.querySelectorAll(".legend [data-p], svg [data-p]")) {
    mark.addEventListener("mouseenter", () => lift(mark.dataset.p));
    mark.addEventListener("mouseleave", () => lift(pinned));
    mark.addEventListener("click", () => {
      pinned = pinned === mark.dataset.p ? null : mark.dataset.p;
      lift(pinned);
    });
  }
}
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
