"use strict";
// How values are said and boxes are painted.

const KINDS = {
  python: ["Python", 46], native: ["native", 18], kernel: ["kernel", 205], jit: ["made at run time", 150],
  process: ["process", 0], thread: ["thread", 0], span: ["span", 275],
};

function sayValue(value, unit) {
  const steps = { nanoseconds: [["s", 1e9], ["ms", 1e6], ["µs", 1e3], ["ns", 1]], bytes: [["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 1024], ["B", 1]] }[unit];
  if (!steps) return Math.round(value).toLocaleString("en").replaceAll(",", "\u202f") + (unit === "count" ? "" : " " + unit);
  const [name, size] = steps.find(([, size]) => Math.abs(value) >= size) || steps[steps.length - 1];
  return `${Number((value / size).toPrecision(3))} ${name}`;
}

function sayShare(part, whole) {
  return whole ? `${((100 * part) / whole).toFixed(part / whole < 0.001 ? 3 : 1)} %` : "0 %";
}

// A change in words and with its sign, so that nobody needs its colour.
function sayChange(before, after, unit) {
  if (!before && after) return "new";
  if (before && !after) return "gone";
  const change = after - before;
  if (Math.abs(change) < 1e-9) return "no change";
  const part = before ? ` (${change > 0 ? "+" : "−"}${Math.abs((100 * change) / before).toFixed(0)} %)` : "";
  return `${sayValue(Math.abs(change), unit)} ${change > 0 ? "more" : "less"}${part}`;
}

function signOf(before, after) {
  return after > before ? "+" : after < before ? "−" : "=";
}

function hashOf(text) {
  let hash = 2166136261;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
  return ((hash >>> 0) % 1000) / 1000;
}

function kindColour(kind, name, isDark) {
  const hue = (KINDS[kind] || KINDS.native)[1];
  const shade = hashOf(name);
  if (kind === "process" || kind === "thread") return isDark ? "hsl(220 6% 30%)" : "hsl(40 8% 82%)";
  return isDark
    ? `hsl(${hue + shade * 14 - 7} ${42 + shade * 10}% ${27 + shade * 9}%)`
    : `hsl(${hue + shade * 14 - 7} ${78 + shade * 12}% ${68 + shade * 11}%)`;
}

// Red for more and blue for less, the deeper the more of it changed.
function changeColour(before, after, isDark) {
  const most = Math.max(before, after);
  const part = most ? (after - before) / most : 0;
  const depth = Math.min(1, Math.abs(part) * 1.5);
  if (depth < 0.02) return isDark ? "hsl(220 5% 30%)" : "hsl(40 8% 86%)";
  const hue = part > 0 ? 6 : 214;
  return isDark ? `hsl(${hue} ${20 + 45 * depth}% ${30 + 8 * depth}%)` : `hsl(${hue} ${40 + 45 * depth}% ${86 - 20 * depth}%)`;
}
