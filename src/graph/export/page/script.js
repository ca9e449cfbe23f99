(() => {
  const at = (id) => document.getElementById(id);
  const data = JSON.parse(at("data").textContent);
  const canvas = at("canvas"), ink = canvas.getContext("2d"), detail = at("detail");
  const SHAPES = { Finding: "diamond", Dataset: "square", Experiment: "square" };
  const WEIGHTS = { Question: 1.5, Finding: 1.5, Concept: 1.4, Dataset: 1.4, Run: 1.4, Result: 0.8 };
  const COLOURED = ["SUPPORTS", "REFUTES", "CONTRADICTS", "REPLICATES"];

  const nodes = data.nodes.map(([label, id, title, properties], index) => ({
    index, id, title, properties, label: data.labels[label], links: [], x: 0, y: 0, vx: 0, vy: 0,
    text: (title + "\n" + id + "\n" + JSON.stringify(properties)).toLowerCase(),
  }));
  const edges = data.edges.map(([from, to, kind, properties]) => ({
    from: nodes[from], to: nodes[to], kind: data.kinds[kind], properties,
  }));
  for (const edge of edges) {
    edge.from.links.push({ edge, other: edge.to, out: true });
    if (edge.to !== edge.from) edge.to.links.push({ edge, other: edge.from, out: false });
  }
  for (const node of nodes) {
    node.r = Math.min(17, (3.2 + 1.5 * Math.sqrt(node.links.length)) * (WEIGHTS[node.label] || 1));
  }
  const hidden = new Set();
  const seen = (node) => !hidden.has(node.label);
  const drawn = (edge) => !hidden.has(edge.kind) && seen(edge.from) && seen(edge.to);

  const forces = layout(nodes, edges.filter((edge) => edge.from !== edge.to), seen, drawn);

  // The view.
  let scale = 1, left = 0, top = 0, width = 0, height = 0, over = null, chosen = null, moved = false;
  let found = null, colours = {};
  function themed() {
    const style = getComputedStyle(document.documentElement);
    const names = ["ink", "soft", "paper", "card", "edge", ...data.labels, ...COLOURED];
    colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue("--" + name).trim()]));
    redraw();
  }
  function sized() {
    const box = canvas.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
    width = box.width; height = box.height;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    redraw();
  }
  let touched = false;
  function fit() {
    const all = nodes.filter(seen);
    if (all.length === 0 || width === 0) return;
    const xs = all.map((node) => node.x), ys = all.map((node) => node.y);
    const min = (list) => list.reduce((a, b) => Math.min(a, b)), max = (list) => list.reduce((a, b) => Math.max(a, b));
    const [x0, x1, y0, y1] = [min(xs) - 40, max(xs) + 40, min(ys) - 40, max(ys) + 40];
    scale = Math.min(2.2, width / (x1 - x0), height / (y1 - y0));
    left = width / 2 - scale * (x0 + x1) / 2;
    top = height / 2 - scale * (y0 + y1) / 2;
    redraw();
  }
  function zoom(factor, x = width / 2, y = height / 2) {
    const next = Math.max(0.05, Math.min(8, scale * factor));
    left = x - (x - left) * next / scale;
    top = y - (y - top) * next / scale;
    scale = next;
    touched = true;
    redraw();
  }

  function shape(node, x, y, r) {
    ink.beginPath();
    const kind = SHAPES[node.label];
    if (kind === "square") ink.rect(x - r * 0.88, y - r * 0.88, r * 1.76, r * 1.76);
    else if (kind === "diamond") {
      ink.moveTo(x, y - r * 1.2); ink.lineTo(x + r * 1.2, y); ink.lineTo(x, y + r * 1.2); ink.lineTo(x - r * 1.2, y);
      ink.closePath();
    } else ink.arc(x, y, r, 0, 7);
  }
  function draw() {
    const ratio = canvas.width / (width || 1);
    ink.setTransform(ratio, 0, 0, ratio, 0, 0);
    ink.clearRect(0, 0, width, height);
    const focus = over || chosen;
    const near = focus && new Set([focus, ...focus.links.filter((link) => drawn(link.edge)).map((link) => link.other)]);
    const lit = (node) => (near ? near.has(node) : !found || found.has(node));
    const size = Math.sqrt(scale);
    const arrows = scale > 0.55 && edges.length < 3000;
    for (const edge of edges) {
      if (!drawn(edge)) continue;
      const bright = focus ? edge.from === focus || edge.to === focus : lit(edge.from) && lit(edge.to);
      ink.globalAlpha = bright ? (focus ? 0.95 : 0.6) : focus || found ? 0.09 : 0.4;
      ink.strokeStyle = ink.fillStyle = colours[edge.kind] || colours.edge;
      ink.lineWidth = (COLOURED.includes(edge.kind) ? 1.5 : 1) * (bright && focus ? 1.6 : 1);
      line(edge, size, arrows || (bright && focus));
    }
    for (const node of nodes) {
      if (!seen(node)) continue;
      const x = node.x * scale + left, y = node.y * scale + top, r = node.r * size;
      if (x < -30 || y < -30 || x > width + 30 || y > height + 30) continue;
      ink.globalAlpha = lit(node) ? 1 : 0.14;
      shape(node, x, y, r);
      ink.fillStyle = colours[node.label];
      ink.fill();
      ink.lineWidth = node === chosen ? 3 : 1.5;
      ink.strokeStyle = node === chosen ? colours.ink : colours.paper;
      ink.stroke();
    }
    names(focus, lit, size);
  }
  function line(edge, size, arrow) {
    const x0 = edge.from.x * scale + left, y0 = edge.from.y * scale + top;
    const x1 = edge.to.x * scale + left, y1 = edge.to.y * scale + top;
    if (edge.from === edge.to) {
      ink.beginPath();
      ink.arc(x0, y0 - edge.from.r * size - 5, 6, 0, 7);
      ink.stroke();
      return;
    }
    const length = Math.hypot(x1 - x0, y1 - y0) || 1, ux = (x1 - x0) / length, uy = (y1 - y0) / length;
    const end = edge.to.r * size + 3, tip = arrow && length > end + 12 ? 6 : 0;
    const x = x1 - ux * end, y = y1 - uy * end;
    ink.beginPath();
    ink.moveTo(x0, y0);
    ink.lineTo(x - ux * tip, y - uy * tip);
    ink.stroke();
    if (tip) {
      ink.beginPath();
      ink.moveTo(x, y);
      ink.lineTo(x - ux * tip - uy * 3, y - uy * tip + ux * 3);
      ink.lineTo(x - ux * tip + uy * 3, y - uy * tip - ux * 3);
      ink.fill();
    }
  }
  // Names, of the most important first, where they cover no other.
  const ranked = nodes.slice().sort((a, b) => b.r - a.r);
  function names(focus, lit, size) {
    ink.font = "12px system-ui, sans-serif";
    ink.textBaseline = "middle";
    ink.lineJoin = "round";
    ink.lineWidth = 3.5;
    ink.strokeStyle = colours.paper;
    ink.fillStyle = colours.ink;
    ink.globalAlpha = 1;
    const taken = [];
    const first = focus ? [focus, ...ranked] : ranked;
    for (const node of first) {
      if (taken.length > 140) break;
      if (!seen(node) || !lit(node)) continue;
      if (!focus && !found && node.r * size < 5) continue;
      const x = node.x * scale + left + node.r * size * 1.15 + 4, y = node.y * scale + top;
      if (x < 0 || y < 0 || x > width || y > height) continue;
      node.name ??= node.title.length > 34 ? node.title.slice(0, 33).trimEnd() + "…" : node.title;
      node.breadth ??= ink.measureText(node.name).width;
      const box = [x - 4, y - 9, x + node.breadth + 4, y + 9];
      if (taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) continue;
      taken.push(box);
      ink.strokeText(node.name, x, y);
      ink.fillText(node.name, x, y);
    }
  }
  let asked = false;
  function redraw() {
    if (asked) return;
    asked = true;
    requestAnimationFrame(frame);
  }
  function frame() {
    asked = false;
    if (!forces.settled()) {
      forces.run(14);
      if (!touched) { asked = true; fit(); asked = false; }
      redraw();
    }
    draw();
  }
  const warm = (least) => { forces.warm(least); redraw(); };

  // Reading a node.
  const element = (name, text, kind) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };
  const mark = (node) => element("span", undefined, "mark " + node.label + " " + (SHAPES[node.label] || ""));
  function list(properties) {
    const all = element("dl");
    for (const [name, value] of Object.entries(properties)) {
      all.append(element("dt", name));
      const plain = (one) => (one && one.n !== undefined ? one.n : String(one));
      const text = Array.isArray(value) ? value.map(plain).join("\n") || "(none)" : plain(value);
      const shown = element("dd", undefined, value && value.n !== undefined ? "num" : "");
      shown.append(element("bdi", text === "" ? "(empty)" : text));
      all.append(shown);
    }
    return all;
  }
  const open = (node) => {
    const button = element("button");
    button.type = "button";
    button.append(mark(node), element("bdi", node.title));
    button.addEventListener("click", () => choose(node, true));
    return button;
  };
  function choose(node, centre) {
    chosen = node;
    detail.replaceChildren();
    if (node) {
      const what = element("p", undefined, "what");
      what.append(mark(node), node.label);
      const title = element("h3");
      title.append(element("bdi", node.title));
      detail.append(what, title, element("code", node.id), list(node.properties));
      const groups = new Map();
      for (const link of node.links) {
        const key = link.edge.kind + (link.out ? " →" : " ←");
        groups.set(key, [...(groups.get(key) || []), link]);
      }
      for (const [key, links] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
        const head = element("h4"), kind = links[0].edge.kind;
        head.append(element("span", undefined, "mark stroke " + kind), key + (links.length > 1 ? " " + links.length : ""));
        const all = element("ul");
        for (const link of links.slice(0, 200)) {
          const item = element("li");
          item.append(open(link.other));
          if (Object.keys(link.edge.properties).length > 0) item.append(list(link.edge.properties));
          all.append(item);
        }
        if (links.length > 200) all.append(element("li", "… and " + (links.length - 200) + " more"));
        detail.append(head, all);
      }
      at("hint").hidden = true;
      if (hidden.has(node.label)) toggle(node.label);
      if (centre) {
        left = width / 2 - node.x * scale;
        top = height / 2 - node.y * scale;
        touched = true;
      }
      detail.scrollIntoView({ block: "nearest" });
    }
    redraw();
  }

  // The legend.
  const keys = new Map();
  function toggle(name) {
    if (!hidden.delete(name)) hidden.add(name);
    keys.get(name)?.setAttribute("aria-pressed", String(!hidden.has(name)));
    warm(0.3);
  }
  function legend(into, names, count, marked) {
    for (const name of names) {
      const number = count(name);
      if (number === 0) continue;
      const button = element("button");
      button.type = "button";
      button.setAttribute("aria-pressed", "true");
      button.append(marked(name), name, element("small", String(number)));
      button.addEventListener("click", () => toggle(name));
      keys.set(name, button);
      into.append(button);
    }
  }
  legend(at("labels"), data.labels, (name) => nodes.filter((node) => node.label === name).length, (label) => mark({ label }));
  legend(at("kinds"), data.kinds, (name) => edges.filter((edge) => edge.kind === name).length,
    (kind) => element("span", undefined, "mark stroke " + kind));

  // Searching.
  const search = at("search");
  function look() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    found = words.length ? new Set(nodes.filter((node) => words.every((word) => node.text.includes(word)))) : null;
    at("found").textContent = found ? (found.size === 1 ? "1 node" : found.size + " nodes") : "";
    if (found) {
      chosen = null;
      const all = element("ul");
      for (const node of [...found].sort((a, b) => b.r - a.r).slice(0, 50)) {
        const item = element("li");
        item.append(open(node));
        all.append(item);
      }
      detail.replaceChildren(all);
    } else choose(chosen, false);
    redraw();
  }
  search.addEventListener("input", look);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && found && found.size) choose([...found].sort((a, b) => b.r - a.r)[0], true);
    if (event.key === "Escape") { search.value = ""; look(); }
  });

  // Pointers: one drags a node or the view, two zoom.
  const pointers = new Map();
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  function under([x, y]) {
    let best = null, least = Infinity;
    for (const node of nodes) {
      if (!seen(node)) continue;
      const away = Math.hypot(node.x * scale + left - x, node.y * scale + top - y) - node.r * Math.sqrt(scale);
      if (away < 5 && away < least) { best = node; least = away; }
    }
    return best;
  }
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
    forces.held = pointers.size === 1 ? under(place(event)) : null;
    moved = false;
  });
  canvas.addEventListener("pointermove", (event) => {
    const now = place(event), before = pointers.get(event.pointerId);
    if (!before) {
      const node = under(now);
      if (node !== over) { over = node; canvas.classList.toggle("over", Boolean(node)); redraw(); }
      return;
    }
    if (!moved && Math.hypot(now[0] - before[0], now[1] - before[1]) < 4) return;
    moved = touched = true;
    const other = [...pointers].find(([id]) => id !== event.pointerId);
    if (other) {
      const span = ([x, y]) => Math.hypot(x - other[1][0], y - other[1][1]) || 1;
      zoom(span(now) / span(before), (now[0] + other[1][0]) / 2, (now[1] + other[1][1]) / 2);
    } else if (forces.held) {
      forces.held.x = (now[0] - left) / scale;
      forces.held.y = (now[1] - top) / scale;
      warm(0.25);
    } else {
      left += now[0] - before[0];
      top += now[1] - before[1];
      redraw();
    }
    pointers.set(event.pointerId, now);
  });
  const up = (event) => {
    if (event.type === "pointerup" && !moved && pointers.size === 1) choose(forces.held, false);
    pointers.delete(event.pointerId);
    forces.held = null;
  };
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("pointerleave", () => { over = null; redraw(); });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), ...place(event));
  }, { passive: false });
  const arrows = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = arrows[event.key];
    if (step) { left += step[0]; top += step[1]; touched = true; redraw(); }
    else if (event.key === "+" || event.key === "=") zoom(1.25);
    else if (event.key === "-") zoom(0.8);
    else if (event.key === "0") fit();
    else if (event.key === "Escape") choose(null, false);
    else return;
    event.preventDefault();
  });
  at("closer").addEventListener("click", () => zoom(1.3));
  at("farther").addEventListener("click", () => zoom(1 / 1.3));
  at("fit").addEventListener("click", () => { touched = false; fit(); });
  for (const button of document.querySelectorAll("#table button")) {
    button.addEventListener("click", () => {
      choose(nodes[button.dataset.node], true);
      canvas.scrollIntoView({ block: "nearest" });
      canvas.focus({ preventScroll: true });
    });
  }

  // A start that is not all motion.
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  forces.run(calm ? 4000 : 400);
  if (calm) forces.rest();
  new ResizeObserver(() => { sized(); if (!touched) fit(); }).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", themed);
  sized();
  themed();
  fit();
})();
