// What the pages need beyond Furo. Without scripts they can be read all the same.
(() => {
  "use strict";

  // A box that scrolls sideways is a stop for the keyboard, and says so (site.css); one that does not is none.
  const WIDE = ".highlight pre, .cell_output > .output, .table-wrapper, .math-wrapper";
  const LABEL = "Scrolls sideways";
  const mark = (box) => {
    const hidden = box.scrollWidth - box.clientWidth;
    const scrolls = hidden > 4; // less is the edge of a frame
    box.style.overflowX = hidden > 0 && !scrolls ? "hidden" : "";
    if (scrolls && !box.hasAttribute("tabindex")) {
      box.tabIndex = 0;
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", LABEL);
    } else if (!scrolls && box.getAttribute("aria-label") === LABEL) {
      for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
    }
  };
  // Several lines may be a table, which must not break. One line is a sentence, such as what check says: it may.
  for (const text of document.querySelectorAll(".cell_output > .output:is(.stream, .text_plain) pre")) {
    if (!text.textContent.trim().includes("\n")) text.style.whiteSpace = "pre-wrap";
  }

  // A few words of code read as one: `output[2] = 22` does not go on in the next line.
  for (const code of document.querySelectorAll("article code.literal")) {
    if (code.textContent.length <= 24) code.style.whiteSpace = "nowrap";
  }

  const boxes = [...document.querySelectorAll(WIDE)];
  const markAll = () => boxes.forEach(mark);
  const watch = new ResizeObserver((changes) => changes.forEach((change) => mark(change.target)));
  boxes.forEach((box) => watch.observe(box));
  document.addEventListener("toggle", markAll, true); // a fold does not bubble
  window.addEventListener("load", () => {
    markAll();
    window.MathJax?.startup?.promise?.then(markAll); // a formula may grow wide in a box that stays as it was
  });

  // Nobody can unfold paper.
  const shut = [];
  window.addEventListener("beforeprint", () => {
    shut.push(...document.querySelectorAll("article details:not([open])"));
    for (const fold of shut) fold.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const fold of shut.splice(0)) fold.open = false;
  });

  // Furo opens its two drawers by labels of hidden checkboxes, which only a pointer reaches.
  for (const label of document.querySelectorAll("label.nav-overlay-icon, label.toc-overlay-icon")) {
    const drawer = document.getElementById(label.htmlFor);
    const button = document.createElement("button");
    button.type = "button";
    button.className = label.className;
    button.setAttribute("aria-label", drawer.getAttribute("aria-label"));
    button.append(...label.childNodes);
    const say = () => button.setAttribute("aria-expanded", String(drawer.checked));
    say();
    drawer.addEventListener("change", say);
    button.addEventListener("click", () => drawer.click());
    label.replaceWith(button);
  }
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const drawer of document.querySelectorAll(".sidebar-toggle:checked")) drawer.click();
  });
})();
