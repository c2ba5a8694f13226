"use strict";
// The page round the pictures: search, keys, light and dark, the table, the address.

class Page {
  constructor(data) {
    this.unit = data.unit;
    this.panels = data.trees.map((tree) => new Panel(this, new Tree(tree), tree.flipped));
    this.isDifference = this.panels.some((panel) => panel.tree.before);
    this.isBefore = false;
    for (const panel of this.panels) byId("main").append(panel.box);
    for (const panel of this.panels) panel.keepInView();
    this.active = this.panels[0];
    this.listen();
    this.setTheme(null);
    this.drawLegend();
    byId("basis").hidden = !this.isDifference;
    this.recall();
    this.active.choose(this.active.zoom);
  }

  get isDark() {
    const theme = document.documentElement.dataset.theme;
    return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }

  look() {
    const style = getComputedStyle(document.documentElement);
    const isDark = this.isDark;
    const colours = (this.colours ??= new Map());
    return {
      ink: style.getPropertyValue("--ink").trim(), line: style.getPropertyValue("--line").trim(),
      focus: style.getPropertyValue("--focus").trim(), hit: style.getPropertyValue("--hit").trim(),
      colour(tree, node) {
        if (tree.before) return changeColour(tree.before[node], tree.after[node], isDark);
        const key = tree.kind(node) + (isDark ? " " : "\n") + (tree.where(node) || tree.name(node));
        let colour = colours.get(key);
        if (!colour) colours.set(key, (colour = kindColour(tree.kind(node), tree.where(node) || tree.name(node), isDark)));
        return colour;
      },
    };
  }

  describe(panel, node) {
    const tree = panel.tree;
    const value = tree.values[node];
    const parts = [tree.name(node)];
    if (tree.where(node)) parts.push(tree.where(node));
    parts.push(`${sayValue(value, this.unit)}, ${sayShare(value, tree.values[0])} of all`);
    if (panel.zoom) parts.push(`${sayShare(value, tree.values[panel.zoom])} of what is shown`);
    if (tree.before) {
      const [before, after] = [tree.before[node], tree.after[node]];
      parts.push(`${sayChange(before, after, this.unit)}: ${sayValue(before, this.unit)} before, ${sayValue(after, this.unit)} after`);
    }
    return parts;
  }

  tell(panel, node) {
    if (this.active !== panel) this.active.paintSoon(); // what was chosen there is no more
    this.active = panel;
    byId("detail").textContent = this.describe(panel, node).join(" · ");
  }

  hover(panel, node, event) {
    const tip = byId("tip");
    if (node < 0) { tip.style.display = "none"; return; }
    tip.textContent = this.describe(panel, node).join("\n");
    tip.style.display = "block";
    const room = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - room.width - 6))}px`;
    tip.style.top = `${event.clientY + 20 + room.height > innerHeight ? event.clientY - room.height - 10 : event.clientY + 18}px`;
  }

  listen() {
    byId("search").addEventListener("input", () => { this.search(); this.remember(); });
    byId("search").addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.active.next(event.shiftKey ? -1 : 1);
      if (event.key === "Escape") { byId("search").value = ""; this.search(); this.remember(); this.active.canvas.focus(); }
    });
    const presses = {
      reset: () => this.reset(), flip: () => this.flip(), table: () => this.toggleTable(),
      theme: () => this.setTheme(this.isDark ? "light" : "dark"), keys: () => byId("help").showModal(),
      basis: () => this.changeBasis(),
    };
    for (const [id, press] of Object.entries(presses)) byId(id).addEventListener("click", press);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.setTheme(null));
    addEventListener("hashchange", () => this.recall());
    addEventListener("keydown", (event) => this.press(event, presses));
  }

  press(event, presses) {
    const isFind = event.key === "f" && (event.ctrlKey || event.metaKey);
    if (isFind || (event.key === "/" && event.target.tagName !== "INPUT")) {
      event.preventDefault();
      byId("search").focus();
      byId("search").select();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "INPUT") return;
    const keys = {
      0: presses.reset, i: presses.flip, t: presses.table, d: presses.theme, "?": presses.keys,
      b: presses.basis, n: () => this.active.next(1), N: () => this.active.next(-1),
    };
    if (keys[event.key]) { keys[event.key](); event.preventDefault(); }
  }

  search() {
    const text = byId("search").value;
    const told = byId("matched");
    let pattern = null;
    told.textContent = "";
    try {
      if (text) pattern = new RegExp(text, /[A-Z]/.test(text) ? "" : "i");
    } catch {
      told.textContent = "no regular expression";
    }
    for (const panel of this.panels) {
      panel.found = pattern && panel.tree.search(pattern);
      panel.paintSoon();
    }
    if (pattern) {
      const { share, places } = this.panels[0].found;
      told.textContent = places ? `matched ${sayShare(share, 1)}` : "no match";
    }
    if (!byId("list").hidden) this.fillTable();
  }

  reset() {
    byId("search").value = "";
    this.search();
    for (const panel of this.panels) { panel.zoom = 0; panel.choose(0); }
    this.remember();
  }

  flip() {
    for (const panel of this.panels) panel.flip();
    byId("flip").setAttribute("aria-pressed", String(this.panels[0].isFlipped));
  }

  changeBasis() {
    if (!this.isDifference) return;
    this.isBefore = !this.isBefore;
    byId("basis").textContent = `Width: ${this.isBefore ? "before" : "after"}`;
    for (const panel of this.panels) { panel.tree.useBasis(this.isBefore); panel.zoom = 0; panel.paintSoon(); }
    this.search();
  }

  setTheme(theme) {
    if (theme) document.documentElement.dataset.theme = theme;
    byId("theme").textContent = this.isDark ? "Light" : "Dark";
    this.drawLegend();
    for (const panel of this.panels) panel.paintSoon();
  }

  drawLegend() {
    const legend = byId("legend");
    legend.replaceChildren();
    const entries = this.isDifference
      ? [["+ more", changeColour(1, 2, this.isDark)], ["− less", changeColour(2, 1, this.isDark)], ["= the same", changeColour(1, 1, this.isDark)]]
      : [...new Set(this.panels.flatMap((panel) => panel.tree.names.slice(1).map((name) => name[1])))].map((kind) => [
          (KINDS[kind] || [kind])[0], kindColour(kind, "legend", this.isDark)]);
    for (const [text, colour] of entries) {
      const key = Object.assign(document.createElement("span"), { className: "key" });
      key.style.background = colour;
      const entry = document.createElement("span");
      entry.append(key, text);
      legend.append(entry);
    }
  }

  toggleTable() {
    const list = byId("list");
    list.hidden = !list.hidden;
    byId("main").hidden = !list.hidden;
    byId("table").setAttribute("aria-pressed", String(!list.hidden));
    if (!list.hidden) this.fillTable();
  }

  fillTable() {
    const { tree, found } = this.active;
    const all = tree.functions().filter((row) => !found || found.hits[row.index]);
    const order = this.isDifference ? (row) => Math.abs(row.own - row.ownBefore) : (row) => row.own;
    const rows = all.sort((a, b) => order(b) - order(a) || b.total - a.total).slice(0, 200);
    const heads = this.isDifference ? ["own before", "own after", "change", "function"] : ["own", "own %", "total", "total %", "function"];
    const table = document.createElement("table");
    const head = table.createTHead().insertRow();
    for (const text of heads) head.append(Object.assign(document.createElement("th"), { textContent: text, scope: "col" }));
    const body = table.createTBody();
    for (const row of rows) {
      const cells = this.isDifference
        ? [sayValue(row.ownBefore, this.unit), sayValue(row.own, this.unit), sayChange(row.ownBefore, row.own, this.unit)]
        : [sayValue(row.own, this.unit), sayShare(row.own, tree.values[0]), sayValue(row.total, this.unit), sayShare(row.total, tree.values[0])];
      const line = body.insertRow();
      for (const text of cells) line.insertCell().textContent = text;
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: tree.names[row.index][0] });
      button.addEventListener("click", () => this.searchFor(tree.names[row.index][0]));
      line.insertCell().append(button);
    }
    byId("list").replaceChildren(table);
  }

  searchFor(name) {
    byId("search").value = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    if (!byId("list").hidden) this.toggleTable();
    this.search();
    this.remember();
    this.active.next(1);
    this.active.canvas.focus();
  }

  // Zoom and search are in the address, so that a link shows what its sender saw.
  remember() {
    const parts = new URLSearchParams();
    if (this.active.zoom) parts.set("z", `${this.panels.indexOf(this.active)}.${this.active.zoom}`);
    if (byId("search").value) parts.set("q", byId("search").value);
    history.replaceState(null, "", `#${parts}`);
  }

  recall() {
    const parts = new URLSearchParams(location.hash.slice(1));
    const [panel, node] = (parts.get("z") || "").split(".").map(Number);
    if (this.panels[panel] && node > 0 && node < this.panels[panel].tree.size) {
      this.active = this.panels[panel];
      this.active.zoom = node;
    }
    byId("search").value = parts.get("q") || "";
    this.search();
  }
}

function byId(id) { return document.getElementById(id); }

// The data is deflated: a tree of 100 000 nodes is 300 KB then.
async function readData() {
  const packed = Uint8Array.from(atob(JSON.parse(byId("data").textContent)), (c) => c.charCodeAt(0));
  const opened = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(opened).text());
}

readData().then((data) => { window.otxFlame = new Page(data); }, (error) => { byId("detail").textContent = `This browser cannot open the data: ${error}`; });
