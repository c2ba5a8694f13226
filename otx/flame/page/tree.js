"use strict";
// The tree, its layout and its search: nothing here touches the page.

const LEAST_PX = 0.1;

class Tree {
  // Columns of nodes, a node before all below it (otx.flame.picture_tree).
  constructor(data) {
    this.title = data.title;
    this.names = data.names;
    this.at = Int32Array.from(data.at);
    this.depths = Int32Array.from(data.depths);
    this.after = Float64Array.from(data.values);
    this.before = data.before.length ? Float64Array.from(data.before) : null;
    this.size = this.at.length;
    this.parents = new Int32Array(this.size);
    this.ends = new Int32Array(this.size); // the first node that is not below
    this.useBasis(false);
    this.rows = 0;
    const open = [];
    for (let node = 0; node < this.size; node++) {
      const depth = this.depths[node];
      while (open.length > depth) this.ends[open.pop()] = node;
      this.parents[node] = open.length ? open[open.length - 1] : -1;
      open.push(node);
      if (depth >= this.rows) this.rows = depth + 1;
    }
    while (open.length) this.ends[open.pop()] = this.size;
  }

  // Widths by the later profile, or by the earlier one.
  useBasis(isBefore) {
    this.values = isBefore && this.before ? this.before : this.after;
    this.starts = null;
  }

  // Where each node begins, in values; counted when it is first asked for.
  startOf(node) {
    if (!this.starts) {
      const starts = new Float64Array(this.size);
      const next = new Float64Array(this.size);
      for (let i = 1; i < this.size; i++) {
        const parent = this.parents[i];
        starts[i] = next[parent] || starts[parent];
        next[parent] = starts[i] + this.values[i];
      }
      this.starts = starts;
    }
    return this.starts[node];
  }

  name(node) { return this.names[this.at[node]][0]; }
  kind(node) { return this.names[this.at[node]][1]; }
  where(node) { return this.names[this.at[node]][2]; }

  isBelow(node, root) { return node >= root && node < this.ends[root]; }

  // Calls draw(node, x, width, depth, last) for what is to be seen: nodes of at least 0.1 px, and
  // runs of narrower siblings as one box, from `node` to before the end of `last`.
  visit(root, width, fromRow, toRow, draw) {
    const ancestors = [];
    for (let node = root; node >= 0; node = this.parents[node]) ancestors.push(node);
    ancestors.reverse();
    for (const node of ancestors.slice(0, -1)) draw(node, 0, width, this.depths[node], node);
    const whole = this.values[root] || 1;
    const origin = this.startOf(root);
    const scale = width / whole;
    let run = -1, runEnd = 0, runDepth = 0, runX = 0, runWidth = 0;
    const flush = () => {
      if (run >= 0 && runWidth >= LEAST_PX) draw(run, runX, runWidth, runDepth, runEnd);
      run = -1;
    };
    const end = this.ends[root];
    let node = root;
    while (node < end) {
      const depth = this.depths[node];
      const wide = this.values[node] * scale;
      const x = (this.startOf(node) - origin) * scale;
      if (depth > toRow) { node = this.nextAbove(node, toRow, end); continue; }
      if (wide < LEAST_PX) {
        if (run >= 0 && depth === runDepth && Math.abs(runX + runWidth - x) < 0.01) {
          runWidth += wide; runEnd = node;
        } else {
          flush();
          run = runEnd = node; runDepth = depth; runX = x; runWidth = wide;
        }
        node = this.ends[node];
        continue;
      }
      flush();
      if (depth >= fromRow) draw(node, x, wide, depth, node);
      node++;
    }
    flush();
  }

  // The first node behind what is below the last visible row.
  nextAbove(node, toRow, end) {
    let parent = node;
    while (this.depths[parent] > toRow) parent = this.parents[parent];
    return Math.min(this.ends[parent], end);
  }

  // The node at a place of a row under a zoom, or -1.
  find(root, fraction, depth) {
    const rootDepth = this.depths[root];
    let node = root;
    if (depth < rootDepth) {
      while (this.depths[node] > depth) node = this.parents[node];
      return node;
    }
    const wanted = this.startOf(root) + fraction * this.values[root];
    while (this.depths[node] < depth) {
      let child = node + 1;
      const end = this.ends[node];
      while (child < end && this.startOf(child) + this.values[child] <= wanted) child = this.ends[child];
      if (child >= end || this.startOf(child) > wanted) return -1;
      node = child;
    }
    return node;
  }

  // Which names match, and the share of the whole they are on, each path counted once.
  search(pattern) {
    const hits = this.names.map((name) => pattern.test(name[0]) || pattern.test(name[2]));
    let value = 0, places = 0, node = 1;
    while (node < this.size) {
      if (hits[this.at[node]]) {
        value += this.values[node]; places++;
        node = this.ends[node];
      } else node++;
    }
    return { hits, places, share: this.values[0] ? value / this.values[0] : 0 };
  }

  // Own and total values of each function; on a path where it recurs its total counts once.
  functions() {
    const rows = this.names.map((_, index) => ({ index, own: 0, total: 0, ownBefore: 0, totalBefore: 0 }));
    const open = new Int32Array(this.names.length);
    const path = [];
    for (let node = 0; node < this.size; node++) {
      while (path.length > this.depths[node]) open[this.at[path.pop()]]--;
      const row = rows[this.at[node]];
      const caller = node ? rows[this.at[this.parents[node]]] : null;
      const isOutermost = !open[this.at[node]];
      row.own += this.after[node];
      if (caller) caller.own -= this.after[node];
      if (isOutermost) row.total += this.after[node];
      if (this.before) {
        row.ownBefore += this.before[node];
        if (caller) caller.ownBefore -= this.before[node];
        if (isOutermost) row.totalBefore += this.before[node];
      }
      open[this.at[node]]++;
      path.push(node);
    }
    return rows.slice(1);
  }
}
