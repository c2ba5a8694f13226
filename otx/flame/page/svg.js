"use strict";
// Zoom and search of a drawn picture; without this script it is a picture with titles.
(() => {
  const svg = document.documentElement;
  const frames = [...svg.querySelectorAll("g.f")].map((group) => {
    const rect = group.querySelector("rect"), text = group.querySelector("text");
    const [x, y, width] = ["x", "y", "width"].map((name) => Number(rect.getAttribute(name)));
    return { group, rect, text, x, y, width, name: text ? text.getAttribute("data-n") : "" };
  });
  const byId = (id) => svg.getElementById(id);
  const [left, whole] = [frames[0].x, frames[0].width];

  function place(frame, x, width) {
    frame.rect.setAttribute("x", x);
    frame.rect.setAttribute("width", Math.max(0.1, width));
    if (!frame.text) return;
    const room = Math.floor((width - 6) / 7.23);
    frame.text.setAttribute("x", x + 3);
    frame.text.textContent = room < 2 ? "" : frame.name.length <= room ? frame.name : frame.name.slice(0, room - 1) + "…";
  }

  function zoom(target) {
    for (const frame of frames) {
      const isAncestor = isAbove(frame, target) && frame.x <= target.x + 1e-6 && frame.x + frame.width >= target.x + target.width - 1e-6;
      const isInside = frame.x >= target.x - 1e-6 && frame.x + frame.width <= target.x + target.width + 1e-6;
      const isSeen = frame === target || isAncestor || isInside;
      frame.group.style.display = isSeen ? "" : "none";
      frame.group.classList.toggle("passed", isAncestor && frame !== target);
      if (isAncestor) place(frame, left, whole);
      else if (isSeen) place(frame, left + ((frame.x - target.x) / target.width) * whole, (frame.width / target.width) * whole);
    }
    byId("reset").style.display = target === frames[0] ? "none" : "";
  }

  function isAbove(frame, target) { return svg.dataset.flipped ? frame.y > target.y : frame.y < target.y; }

  function search(text) {
    let pattern = null;
    try { if (text) pattern = new RegExp(text, /[A-Z]/.test(text) ? "" : "i"); } catch { byId("matched").textContent = "no regular expression"; return; }
    const hits = [];
    for (const frame of frames) {
      const isHit = Boolean(pattern && frame.name && pattern.test(frame.name));
      frame.rect.classList.toggle("hit", isHit);
      if (isHit) hits.push([frame.x, frame.x + frame.width]);
    }
    hits.sort((a, b) => a[0] - b[0]);
    let covered = 0, end = -1;
    for (const [from, to] of hits) { covered += Math.max(0, to - Math.max(from, end)); end = Math.max(end, to); }
    byId("matched").textContent = pattern ? `matched ${((100 * covered) / whole).toFixed(1)} %` : "";
  }

  const ask = () => { const text = prompt("Search: a regular expression"); if (text !== null) search(text); };
  const reset = () => { zoom(frames[0]); search(""); };
  const onKey = (press) => (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); press(); } };
  for (const frame of frames) {
    frame.group.addEventListener("click", () => zoom(frame));
    frame.group.addEventListener("keydown", onKey(() => zoom(frame)));
  }
  for (const [id, press] of [["search", ask], ["reset", reset]]) {
    byId(id).addEventListener("click", press);
    byId(id).addEventListener("keydown", onKey(press));
  }
  addEventListener("keydown", (event) => {
    if (event.key === "/" || (event.key === "f" && (event.ctrlKey || event.metaKey))) { event.preventDefault(); ask(); }
    if (event.key === "Escape") reset();
  });
  byId("search").style.display = "";
  byId("reset").style.display = "none";
  window.otxFlame = { search, zoom: (number) => zoom(frames[number]), reset };
})();
