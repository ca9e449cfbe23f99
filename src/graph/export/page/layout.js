"use strict";
// Where nodes stand: springs along edges, repulsion between all, a pull to the middle. It begins on a spiral and draws no
// lots, so that the same graph looks the same each time.
function layout(nodes, edges, seen, drawn) {
  nodes.slice().sort((a, b) => b.links.length - a.links.length).forEach((node, rank) => {
    const radius = 14 * Math.sqrt(rank + 0.5), angle = rank * 2.399963;
    node.x = radius * Math.cos(angle);
    node.y = radius * Math.sin(angle);
  });
  let heat = 1;
  const forces = {
    // The node that the reader has in hand.
    held: null,
    settled: () => heat < 0.012,
    warm: (least) => { heat = Math.max(heat, least); },
    rest: () => { heat = 0; },
    // At least one step, and as many as take that long.
    run(milliseconds) {
      const until = performance.now() + milliseconds;
      do step(); while (!forces.settled() && performance.now() < until);
    },
  };
  function apart(all) {
    const push = 900 * heat * (0.35 + 0.65 * Math.min(1, 40 / Math.sqrt(all.length + 1)));
    for (let i = 0; i < all.length; i++) {
      const a = all[i];
      for (let j = i + 1; j < all.length; j++) {
        const b = all[j];
        const dx = b.x - a.x || 0.01, dy = b.y - a.y || 0.01;
        const square = dx * dx + dy * dy;
        if (square > 360000) continue;
        const room = a.r + b.r + 6;
        let force = push / (square + 60);
        if (square < room * room) force += (room / Math.sqrt(square) - 1) * 0.4;
        a.vx -= dx * force; a.vy -= dy * force;
        b.vx += dx * force; b.vy += dy * force;
      }
      a.vx -= a.x * 0.028 * heat;
      a.vy -= a.y * 0.028 * heat;
    }
  }
  function together() {
    for (const edge of edges) {
      if (!drawn(edge)) continue;
      const a = edge.from, b = edge.to, fewer = Math.min(a.links.length, b.links.length);
      const dx = b.x - a.x, dy = b.y - a.y, length = Math.hypot(dx, dy) || 0.01;
      const rest = 34 + a.r + b.r + 3 * Math.sqrt(fewer);
      const force = (length - rest) / length * 0.75 * heat / fewer;
      const share = a.links.length / (a.links.length + b.links.length);
      a.vx += dx * force * (1 - share); a.vy += dy * force * (1 - share);
      b.vx -= dx * force * share; b.vy -= dy * force * share;
    }
  }
  function step() {
    const all = nodes.filter(seen);
    apart(all);
    together();
    for (const node of all) {
      if (node === forces.held) { node.vx = node.vy = 0; continue; }
      const speed = Math.hypot(node.vx, node.vy), slow = speed > 40 ? 40 / speed : 1;
      node.x += node.vx * slow; node.y += node.vy * slow;
      node.vx *= 0.6; node.vy *= 0.6;
    }
    heat *= 0.985;
  }
  return forces;
}
