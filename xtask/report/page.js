// Reads the rendered page back: what it says, how it is drawn, and whether everything can be seen.
// The screen's width; the window's own may grow with what does not fit.
const screen = arguments[0];
// What is folded away is judged too.
const folded = document.querySelectorAll("details");
folded.forEach((node) => { node.open = true; });
const text = (node) => node.textContent.trim();
const one = (selector) => { const node = document.querySelector(selector); return node && text(node); };
const table = (id) => [...document.querySelectorAll(`#${id} tbody tr`)].map((row) =>
  [...row.cells].map((cell) => text(cell)));
const box = (node) => node.getBoundingClientRect();

// A color as the browser mixes it, on top of everything behind the element.
const rgba = (color) => color.match(/[\d.]+/g).map(Number);
const behind = (node) => {
  for (; node; node = node.parentElement) {
    const [r, g, b, a = 1] = rgba(getComputedStyle(node).backgroundColor);
    if (a === 1) return [r, g, b];
    if (a > 0) return null;
  }
  return [255, 255, 255];
};
const light = (rgb) => {
  const [r, g, b] = rgb.map((part) => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ratio = (one, two) => {
  const [low, high] = [light(one), light(two)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
};
const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const pale = [];
let read = 0;
while (words.nextNode()) {
  const node = words.currentNode.parentElement;
  if (!words.currentNode.data.trim() || node.closest("svg") || !node.checkVisibility()) continue;
  const style = getComputedStyle(node);
  const paper = behind(node);
  const contrast = paper ? ratio(rgba(style.color).slice(0, 3), paper) : 0;
  read += 1;
  if (contrast < 4.5) pale.push(`${contrast.toFixed(2)}: ${text(node).slice(0, 40)}`);
}
const bar = document.querySelector(".bar.pool");
const found = {
  pool: { total: one("#pool-total"), used: one("#pool-used"), free: one("#pool-free") },
  bar: bar && box(bar.querySelector(".part")).width / box(bar).width,
  timeline: table("timeline-table"),
  columns: [...document.querySelectorAll(".column")].map((column) =>
    [text(column.querySelector("title")), box(column.querySelector(".part")).height]),
  models: table("models-table"),
  reasons: table("reasons-table"),
  refused: table("refused-table"),
  open: one("#refused-open"),
  paper: light(behind(document.body)),
  width: document.documentElement.scrollWidth,
  outside: [...document.body.querySelectorAll("*")].filter((node) => box(node).right > screen + 0.5)
    .map((node) => node.outerHTML.slice(0, 80)),
  pale, read,
  headings: [...document.querySelectorAll("h1, h2, h3")].map((node) => node.tagName + " " + text(node)),
  uncaptioned: document.querySelectorAll("table:not(:has(caption))").length,
  nameless: document.querySelectorAll("svg:not([aria-hidden]):not([aria-label]):not([aria-labelledby])").length,
  active: document.querySelectorAll("script, iframe, object, embed, form, img, base").length,
};
folded.forEach((node) => { node.open = false; });
return found;
