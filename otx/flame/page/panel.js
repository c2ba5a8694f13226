"use strict";
// One picture: a canvas that is painted as far as it is seen, and what is chosen in it.

const ROW = 19;
const FONT = '12px ui-monospace, "DejaVu Sans Mono", monospace';

class Panel {
  constructor(page, tree, isFlipped) {
    this.page = page;
    this.tree = tree;
    this.isFlipped = isFlipped;
    this.zoom = 0;
    this.chosen = 0;
    this.found = null;
    this.box = document.createElement("section");
    this.box.className = "panel";
    if (tree.title) this.box.append(Object.assign(document.createElement("h2"), { textContent: tree.title }));
    this.scroll = document.createElement("div");
    this.scroll.className = "scroll";
    this.spacer = document.createElement("div");
    this.canvas = document.createElement("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "application");
    this.canvas.setAttribute("aria-label", `Flame graph${tree.title ? ": " + tree.title : ""}. Arrows move, Enter zooms; what is chosen is read out below.`);
    this.scroll.append(this.canvas, this.spacer);
    this.box.append(this.scroll);
    this.listen();
  }

  listen() {
    this.scroll.addEventListener("scroll", () => this.paintSoon());
    new ResizeObserver(() => { this.keepInView(); this.paintSoon(); }).observe(this.scroll);
    this.canvas.addEventListener("mousemove", (event) => this.page.hover(this, this.nodeAt(event), event));
    this.canvas.addEventListener("mouseleave", () => this.page.hover(this, -1, null));
    this.canvas.addEventListener("click", (event) => {
      const node = this.nodeAt(event);
      if (node < 0) return;
      this.choose(node);
      this.zoomTo(node);
    });
    this.canvas.addEventListener("focus", () => this.choose(this.chosen));
    this.canvas.addEventListener("keydown", (event) => this.press(event));
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const up = this.isFlipped ? "ArrowDown" : "ArrowUp";
    const down = this.isFlipped ? "ArrowUp" : "ArrowDown";
    const steps = {
      [up]: () => this.tree.parents[this.chosen],
      [down]: () => this.largestChild(this.chosen),
      ArrowLeft: () => this.beside(-1),
      ArrowRight: () => this.beside(1),
    };
    if (steps[event.key]) {
      const node = steps[event.key]();
      if (node >= 0) this.choose(node, true);
    } else if (event.key === "Enter") this.zoomTo(this.chosen);
    else if (event.key === "Escape") this.zoomTo(Math.max(0, this.tree.parents[this.zoom]));
    else return;
    event.preventDefault();
  }

  largestChild(node) {
    let best = -1;
    for (let child = node + 1; child < this.tree.ends[node]; child = this.tree.ends[child]) {
      if (best < 0 || this.tree.values[child] > this.tree.values[best]) best = child;
    }
    return best;
  }

  beside(step) {
    const parent = this.tree.parents[this.chosen];
    if (parent < 0) return -1;
    const children = [];
    for (let child = parent + 1; child < this.tree.ends[parent]; child = this.tree.ends[child]) children.push(child);
    return children[children.indexOf(this.chosen) + step] ?? -1;
  }

  choose(node, keepVisible = false) {
    this.chosen = node;
    if (keepVisible) {
      if (!this.tree.isBelow(node, this.zoom) && !this.tree.isBelow(this.zoom, node)) this.zoom = 0;
      const top = this.rowTop(this.tree.depths[node]);
      const seen = this.scroll.clientHeight;
      if (top < this.scroll.scrollTop) this.scroll.scrollTop = top;
      else if (top + ROW > this.scroll.scrollTop + seen) this.scroll.scrollTop = top + ROW - seen;
    }
    this.page.tell(this, node);
    this.paintSoon();
  }

  zoomTo(node) {
    this.zoom = node;
    this.keepInView();
    this.page.tell(this, this.chosen);
    this.page.remember();
    this.paintSoon();
  }

  next(step) {
    if (!this.found) return;
    const { hits } = this.found;
    for (let i = 1; i <= this.tree.size; i++) {
      const node = (this.chosen + step * i + this.tree.size * 2) % this.tree.size;
      if (node && hits[this.tree.at[node]]) { this.choose(node, true); return; }
    }
  }

  nodeAt(event) {
    const box = this.canvas.getBoundingClientRect();
    const y = event.clientY - box.top + this.scroll.scrollTop;
    const row = Math.floor(y / ROW);
    const depth = this.isFlipped ? this.height / ROW - 1 - row : row;
    if (depth < 0 || depth >= this.tree.rows) return -1;
    return this.tree.find(this.zoom, (event.clientX - box.left) / box.width, depth);
  }

  get height() { return Math.max(this.tree.rows * ROW, this.isFlipped ? Math.floor(this.scroll.clientHeight / ROW) * ROW : 0); }

  rowTop(depth) { return this.isFlipped ? this.height - (depth + 1) * ROW : depth * ROW; }

  keepInView() {
    this.spacer.style.height = `${Math.max(0, this.height - this.scroll.clientHeight)}px`;
    if (!this.isPlaced && this.isFlipped) this.scroll.scrollTop = this.height;
    this.isPlaced = true;
  }

  flip() {
    this.isFlipped = !this.isFlipped;
    this.isPlaced = false;
    this.keepInView();
    this.scroll.scrollTop = this.isFlipped ? this.height : 0;
    this.paintSoon();
  }

  paintSoon() {
    if (this.isWaiting) return;
    this.isWaiting = true;
    requestAnimationFrame(() => { this.isWaiting = false; this.paint(); });
  }

  paint() {
    const width = this.scroll.clientWidth, height = this.scroll.clientHeight;
    if (!width || !height) return;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    pen.font = FONT;
    pen.textBaseline = "middle";
    const look = this.page.look();
    const letter = pen.measureText("x").width;
    const top = this.scroll.scrollTop;
    const rows = this.isFlipped
      ? [Math.floor((this.height - top - height) / ROW), Math.ceil((this.height - top) / ROW)]
      : [Math.floor(top / ROW), Math.ceil((top + height) / ROW)];
    this.painted = 0;
    this.tree.visit(this.zoom, width, rows[0], rows[1], (node, x, wide, depth, last) => {
      this.painted++;
      this.paintBox(pen, look, letter, node, x, this.rowTop(depth) - top, wide, last !== node);
    });
  }

  paintBox(pen, look, letter, node, x, y, wide, isRun) {
    const tree = this.tree;
    const isHit = this.found && this.found.hits[tree.at[node]];
    const gap = wide > 3 ? 1 : 0;
    pen.globalAlpha = this.found && !isHit ? 0.45 : 1;
    if (tree.depths[node] < tree.depths[this.zoom]) pen.globalAlpha *= 0.55;
    pen.fillStyle = isRun ? look.line : look.colour(tree, node);
    pen.fillRect(x, y, Math.max(wide - gap, LEAST_PX), ROW - 1);
    if (isHit) {
      pen.fillStyle = look.hit;
      pen.fillRect(x, y + ROW - 4, Math.max(wide - gap, 1), 3);
    }
    pen.globalAlpha = this.found && !isHit ? 0.7 : 1;
    const room = Math.floor((wide - 8) / letter);
    if (!isRun && room >= 2) {
      const sign = tree.before && node ? signOf(tree.before[node], tree.after[node]) + " " : "";
      const text = sign + tree.name(node);
      pen.fillStyle = look.ink;
      pen.fillText(text.length <= room ? text : text.slice(0, room - 1) + "…", x + 4, y + ROW / 2);
    }
    pen.globalAlpha = 1;
    if (node === this.chosen && !isRun && this.page.active === this) {
      pen.strokeStyle = look.focus;
      pen.lineWidth = 2;
      pen.strokeRect(x + 1, y + 1, Math.max(wide - gap - 2, 1), ROW - 3);
    }
  }
}
