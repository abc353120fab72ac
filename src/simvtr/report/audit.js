"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const states = {
    p: "found", o: "under another name", m: "missed",
    g: "right", b: "lies badly", x: "on another object", u: "on an object, unmatched", f: "on nothing true",
  };
  const shapes = { // top and height, pixels
    p: [1, 14], o: [1.5, 13], m: [1.5, 13], g: [1, 14], b: [8, 7], x: [1.5, 13], u: [2, 12], f: [6, 4],
  };
  const drawnStates = 12; // told to a screen reader, per track

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  function drawn(name, attributes = {}) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  }

  // Tables: a click on a head sorts, a second click the other way; what is undefined stays last.

  function worth(cell) {
    const text = cell.dataset.v ?? cell.textContent.trim();
    if (text === "" || text === "–") return null;
    const number = Number.parseFloat(text.replace("−", "-").replace("+", ""));
    return cell.tagName === "TD" && !Number.isNaN(number) ? number : text;
  }

  function ordered(a, b) {
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), "en", { numeric: true });
  }

  function sortable(table) {
    const heads = [...table.tHead.rows[0].cells];
    const bodies = [...table.tBodies].filter((body) => !body.classList.contains("fixed"));
    const home = bodies.flatMap((body) => [...body.rows].map((row) => ({ row, body })));
    const records = home.filter(({ row }) => !row.classList.contains("family")).map(({ row }) => row);
    const regroup = table.classList.contains("matrix") && table.closest("section").querySelector(".regroup");

    function sort(column, falling) {
      const keyed = records.map((row) => ({ row, key: worth(row.cells[column]) }));
      keyed.sort((a, b) => {
        if (a.key === null || b.key === null) return (a.key === null) - (b.key === null);
        return falling ? ordered(b.key, a.key) : ordered(a.key, b.key);
      });
      for (const { row } of keyed) {
        const panel = row.nextElementSibling?.classList.contains("panel") ? row.nextElementSibling : null;
        bodies[0].append(row);
        if (panel) bodies[0].append(panel);
      }
      heads.forEach((head, i) => {
        if (head.hasAttribute("aria-sort")) {
          head.setAttribute("aria-sort", i !== column ? "none" : falling ? "descending" : "ascending");
        }
      });
      table.classList.add("flat");
      if (regroup) regroup.hidden = false;
    }

    heads.forEach((head, column) => {
      head.querySelector("button")?.addEventListener("click", () => {
        const now = head.getAttribute("aria-sort");
        sort(column, now === "none" ? head.classList.contains("n") : now === "ascending");
      });
    });
    if (regroup) {
      regroup.addEventListener("click", () => {
        for (const { row, body } of home) body.append(row);
        for (const head of heads) head.setAttribute("aria-sort", "none");
        table.classList.remove("flat");
        regroup.hidden = true;
        heads[0].querySelector("button").focus();
      });
    }
  }

  // The matrix: one stop of the tab key, arrows from cell to cell, the numbers of a cell beside it.

  const tip = document.getElementById("tip");

  function points(change) {
    const text = Math.abs(100 * change).toFixed(1);
    return text === "0.0" ? text : (change > 0 ? "+" : "−") + text;
  }

  function show(cell) {
    document.querySelector("[aria-describedby=tip]")?.removeAttribute("aria-describedby");
    const table = cell.closest("table");
    const row = cell.parentElement;
    const head = table.tHead.rows[0].cells[cell.cellIndex];
    const perfect = table.dataset.against === "perfect";
    const honest = perfect ? null : table.querySelector("tbody.fixed tr").cells[cell.cellIndex];
    const before = perfect ? "1" : honest.dataset.v;
    const named = row.cells[0].firstChild.textContent.trim();
    const lines = [perfect ? ["perfect", "100.0"] : ["honest", honest.textContent]];
    if (!row.parentElement.classList.contains("fixed")) {
      lines.push(["after", cell.textContent]);
      if (cell.dataset.v !== "" && before !== "") {
        const change = cell.dataset.v - before;
        const relative = Number(before) === 0 ? "" : ` (${Math.round(100 * change / before)} %)`.replace("-", "−");
        lines.push(["change", points(change) + relative]);
      }
    }
    const list = element("dl");
    for (const [name, text] of lines) list.append(element("div", {}, element("dt", {}, name), element("dd", {}, text)));
    tip.replaceChildren(element("b", {}, named), element("p", {}, head.textContent + ": " + head.dataset.says), list);
    if (row.hasAttribute("data-refused") && head.textContent.endsWith("strict")) {
      tip.append(element("p", {}, "Refused by strict scoring; what is missing counts as missing."));
    }
    if (row.classList.contains("unchanged")) tip.append(element("p", {}, "There was nothing to change in these results."));
    tip.hidden = false;
    const at = cell.getBoundingClientRect();
    const left = Math.min(at.left, document.documentElement.clientWidth - tip.offsetWidth - 8);
    const below = at.bottom + tip.offsetHeight + 8 < window.innerHeight;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${below ? at.bottom + 6 : at.top - tip.offsetHeight - 6}px`;
    cell.setAttribute("aria-describedby", "tip");
  }

  function hide() {
    tip.hidden = true;
    document.querySelector("[aria-describedby=tip]")?.removeAttribute("aria-describedby");
  }

  function matrix(table) {
    const values = [...table.querySelectorAll("td")];
    values[0].tabIndex = 0;
    table.addEventListener("pointerover", (event) => {
      const cell = event.target.closest("td");
      if (cell) show(cell);
    });
    table.addEventListener("pointerleave", hide);
    table.addEventListener("focusin", (event) => {
      const cell = event.target.closest("td");
      if (!cell) return;
      for (const value of values) value.tabIndex = value === cell ? 0 : -1;
      show(cell);
    });
    table.addEventListener("focusout", hide);
    table.addEventListener("keydown", (event) => {
      if (event.key === "Escape") return hide();
      const cell = event.target.closest("td");
      const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
      if (!cell || !step) return;
      event.preventDefault();
      const rows = [...table.querySelectorAll("tbody tr:not(.family)")];
      const row = rows[rows.indexOf(cell.parentElement) + step[0]];
      const next = row?.cells[cell.cellIndex + step[1]];
      if (next?.tagName === "TD") next.focus();
    });
  }

  // A video: every true track with its partner below it, then what has no partner.

  function lane(track, length, kind) {
    const [label, , runs] = track;
    const svg = drawn("svg", { class: "track", role: "img" });
    svg.append(drawn("rect", { class: "lane", width: "100%", height: 16, rx: 2 }));
    const present = [];
    let at = 0;
    for (const [, count, state] of runs.matchAll(/(\d+)(.)/g)) {
      const last = at + Number(count) - 1;
      if (state in shapes) present.push([at, last, state]);
      at = last + 1;
    }
    const told = present.map(([first, last, state]) => `${first === last ? first : `${first} to ${last}`} ${states[state]}`);
    if (present.length > 1) {
      const [start, end] = [present[0][0], present[present.length - 1][1] + 1].map((frame) => `${(100 * frame) / length}%`);
      svg.append(drawn("line", { class: "gap", x1: start, x2: end, y1: 8, y2: 8 }));
    }
    present.forEach(([first, last, state], i) => {
      const [y, height] = shapes[state];
      const x = `${(100 * first) / length}%`;
      const width = `${(100 * (last - first + 1)) / length}%`;
      if (state === "b" || state === "f") svg.append(drawn("rect", { class: "clear", x, width, y: 6, height: 4 }));
      const bar = drawn("rect", { class: `s-${state}`, x, width, y, height });
      const title = drawn("title");
      title.textContent = `frames ${told[i]}`;
      bar.append(title);
      svg.append(bar);
    });
    svg.append(drawn("line", { class: "cursor", x1: 0, x2: 0, y1: 0, y2: 16, visibility: "hidden" }));
    const more = told.length > drawnStates ? `, and ${told.length - drawnStates} more stretches` : "";
    const text = told.length ? `frames ${told.slice(0, drawnStates).join(", ")}${more}` : "never present";
    svg.setAttribute("aria-label", `${kind} ${label}: ${text}`);
    return element("div", { class: `lane-row ${kind}` }, element("span", { class: "label" }, element("i", {}, kind), ` ${label}`), svg);
  }

  function tracks(video) {
    const box = element("div", { class: "tracks" });
    const matched = new Set();
    for (const track of video.true) {
      const pair = element("div", { class: "pair" }, lane(track, video.length, "true"));
      if (track[1] !== null && video.found[track[1]]) {
        matched.add(track[1]);
        pair.append(lane(video.found[track[1]], video.length, "found"));
      }
      box.append(pair);
    }
    const others = video.found.filter((_, i) => !matched.has(i));
    if (others.length) {
      box.append(element("p", { class: "says" }, "Found, without a true partner"));
      box.append(element("div", { class: "pair" }, ...others.map((track) => lane(track, video.length, "found"))));
    }
    if (!video.true.length && !others.length) box.append(element("p", { class: "says" }, "No track, true or found."));
    const last = video.length - 1;
    const ticks = [...new Set(last > 3 ? [0, Math.floor(last / 2), last] : [0, last])].map((t) => element("span", {}, String(t)));
    box.append(element("div", { class: "lane-row axis", "aria-hidden": "true" }, element("span", { class: "label" }, "frame"), element("div", { class: "ticks" }, ...ticks)));
    return box;
  }

  function scrubber(panel, id, length) {
    const frames = data.frames[id];
    const slider = element("input", { type: "range", min: 0, max: frames.length - 1, value: 0, id: `frame-${id}` });
    const output = element("output", { for: `frame-${id}` });
    const names = ["truth", data.systems.length > 1 ? data.systems[0].name : "result"];
    const [truth, result] = names.map((name) => ({ name, image: element("img", { alt: "" }) }));
    function draw() {
      const [frame, ...addresses] = frames[slider.value];
      output.textContent = `${frame} of ${length - 1}`;
      slider.setAttribute("aria-valuetext", `frame ${frame}`);
      [truth, result].forEach(({ name, image }, i) => {
        image.src = addresses[i];
        image.alt = `frame ${frame} with the masks of the ${name}`;
      });
      for (const line of panel.querySelectorAll(".cursor")) {
        const x = `${(100 * (frame + 0.5)) / length}%`;
        line.setAttribute("x1", x);
        line.setAttribute("x2", x);
        line.setAttribute("visibility", "visible");
      }
    }
    slider.addEventListener("input", draw);
    const figures = [truth, result].map(({ name, image }) => element("figure", {}, image, element("figcaption", {}, name)));
    panel.append(
      element("div", { class: "scrub" }, element("label", { for: `frame-${id}` }, "Frame"), slider, output),
      element("div", { class: "two frames" }, ...figures),
    );
    draw();
  }

  function filled(id) {
    const panel = element("div", { class: "inside" });
    data.systems.forEach((system) => {
      if (data.systems.length > 1) panel.append(element("h3", {}, system.name));
      panel.append(tracks(system.videos[id]));
    });
    if (data.frames[id]) scrubber(panel, id, data.systems[0].videos[id].length);
    return panel;
  }

  function toggle(button, open) {
    const row = button.closest("tr");
    const id = row.dataset.video;
    let panel = document.getElementById(`panel-${id}`);
    if (!panel) {
      const cell = element("td", { colspan: row.cells.length }, filled(id));
      panel = element("tr", { class: "panel", id: `panel-${id}`, hidden: "" }, cell);
      row.after(panel);
      button.setAttribute("aria-controls", panel.id);
    }
    panel.hidden = !(open ?? panel.hidden);
    button.setAttribute("aria-expanded", String(!panel.hidden));
  }

  function follow() {
    const id = /^#(video-\d+)$/.exec(location.hash)?.[1];
    const button = id && document.getElementById(id)?.querySelector("button.open");
    if (!button) return;
    toggle(button, true);
    button.focus({ preventScroll: true });
    button.scrollIntoView({ block: "start" });
  }

  document.querySelectorAll("table.sortable").forEach(sortable);
  document.querySelectorAll("table.matrix").forEach(matrix);
  document.querySelectorAll("button.open").forEach((button) => button.addEventListener("click", () => toggle(button)));
  // Focus may scroll its cell into view: the numbers move along. Those under the mouse go.
  window.addEventListener("scroll", () => {
    if (tip.hidden) return;
    const cell = document.activeElement?.closest("table.matrix td[aria-describedby]");
    if (cell) show(cell);
    else hide();
  }, { passive: true, capture: true });
  window.addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#video-"]');
    if (link && link.hash === location.hash) follow(); // a second click changes no address
  });
  follow();

  // On paper every explanation is open; videos stay as the reader left them.
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const details of closed) details.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const details of closed) details.open = false;
  });
})();
