"use strict";
// All text from outside goes through textContent, so that none of it can be markup.
const data = JSON.parse(document.getElementById("data").textContent);
const ROWS = 50, FEW = 10, LINE = 14;

function make(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null).map((child) =>
    child instanceof Node ? child : document.createTextNode(String(child))));
  return made;
}

function bytes(size) {
  if (size === null) return "unknown";
  for (const [power, unit] of [[40, "TiB"], [30, "GiB"], [20, "MiB"], [10, "KiB"]]) {
    if (size >= 2 ** power) return `${(size / 2 ** power).toFixed(1)} ${unit}`;
  }
  return `${size} B`;
}

// Long names break after their slashes first.
function parts(text) {
  return String(text).split(/(?<=[/@])/).flatMap((part) => [part, make("wbr")]);
}

function order(a, b) {
  if (a === null || b === null) return (a === null ? 0 : 1) - (b === null ? 0 : 1);
  return typeof a === "string" ? -a.localeCompare(b) : a - b;
}

// A table that is sorted by its heads' buttons, searched, and shown some rows at a time.
function table(spec, onName = null, rows = ROWS) {
  let by = 1, down = true, shown = rows, wanted = "";
  const columns = spec.columns;
  const body = make("tbody"), heads = [], found = make("span", {class: "dim", "aria-live": "polite"});
  const more = make("button", {class: "more", type: "button"}, "Show more");
  const search = make("input", {type: "search", "aria-label": `Search ${spec.title}`, placeholder: "Search"});
  const largest = columns.map((column, at) => column.form !== "bytes" ? 0 :
    spec.rows.reduce((most, row) => Math.max(most, row[at] || 0), 1));
  const kind = (at) => at === 0 ? "name" : columns[at].form === "text" ? "text" : "";
  function cell(row, at) {
    const form = columns[at].form;
    if (form !== "bytes") {
      const text = row[at] === null ? "unknown" : form === "money" ? row[at].toFixed(2) : row[at];
      if (at === 0 && onName) {
        const button = make("button", {type: "button"}, ...parts(text));
        button.addEventListener("click", () => onName(row));
        return make("td", {class: "name"}, button);
      }
      return make("td", {class: kind(at)}, ...(form === "text" ? parts(text) : [text]));
    }
    const made = make("td", {}, (at === 1 && row[at] && row.at(-1) === false ? "≥ " : "") + bytes(row[at]));
    if (at === 1 && row[at]) {
      const bar = make("span", {class: "bar"});
      bar.style.width = `${(100 * row[at]) / largest[at]}%`;
      made.append(bar);
    }
    return made;
  }
  function draw() {
    const match = spec.rows.filter((row) => !wanted || row.some((value) =>
      typeof value === "string" && value.toLowerCase().includes(wanted)));
    match.sort((a, b) => (down ? order(b[by], a[by]) : order(a[by], b[by])));
    body.replaceChildren(...match.slice(0, shown).map((row) =>
      make("tr", {}, ...columns.map((_, at) => cell(row, at)))));
    // Texts go from A to Z first, figures from the largest.
    const rising = down === (columns[by].form === "text");
    heads.forEach((head, at) =>
      head.setAttribute("aria-sort", at !== by ? "none" : rising ? "ascending" : "descending"));
    more.hidden = match.length <= shown;
    const left = spec.omitted ? `, ${spec.omitted} smaller ones left out` : "";
    found.textContent = `${Math.min(shown, match.length)} of ${match.length}${left}`;
  }
  columns.forEach((column, at) => {
    const button = make("button", {type: "button"}, column.title);
    button.addEventListener("click", () => {
      down = at === by ? !down : true;
      by = at;
      draw();
    });
    heads.push(make("th", {class: kind(at), scope: "col"}, button));
  });
  search.addEventListener("input", () => { wanted = search.value.toLowerCase(); shown = rows; draw(); });
  more.addEventListener("click", () => { shown += 10 * ROWS; draw(); });
  window.addEventListener("beforeprint", () => { shown = Math.max(shown, 4 * ROWS); draw(); });
  draw();
  const wide = make("div", {class: "wide", tabindex: "0", role: "region", "aria-label": spec.title},
    make("table", {"aria-label": spec.title}, make("thead", {}, make("tr", {}, ...heads)), body));
  return make("div", {}, make("div", {class: "tools"}, search, found), wide, more);
}

// https://www.win.tue.nl/~vanwijk/stm.pdf: rows as near to squares as can be.
function squares(items, x, y, width, height, put) {
  let total = items.reduce((sum, item) => sum + item.size, 0), from = 0;
  while (from < items.length && total > 0) {
    const side = Math.min(width, height), area = (width * height) / total;
    let sum = 0, to = from, worst = Infinity;
    while (to < items.length) {
      const next = (sum + items[to].size) * area;
      const ratio = Math.max((side * side * items[from].size * area) / (next * next),
        (next * next) / (side * side * items[to].size * area));
      if (ratio > worst) break;
      worst = ratio;
      sum += items[to].size;
      to += 1;
    }
    const thick = (sum * area) / side;
    let at = 0;
    for (const item of items.slice(from, to)) {
      const long = (item.size * area) / thick;
      if (width >= height) put(item, x, y + at, thick, long);
      else put(item, x + at, y, long, thick);
      at += long;
    }
    if (width >= height) { x += thick; width -= thick; } else { y += thick; height -= thick; }
    total -= sum;
    from = to;
  }
}

const map = document.getElementById("map"), chosen = document.getElementById("chosen");

// What is of no known image is the last kind; else no image stands for the smallest ones.
function called(image, kind) {
  if (image >= 0) return data.images[image];
  return kind === data.kinds.length - 1 ? data.kinds[kind] : data.others;
}

function draw(place) {
  const node = data.nodes[place];
  const groups = data.kinds.map((kind, number) => {
    const cells = node.cells.filter((cell) => cell[1] === number)
      .map(([image, , size]) => ({size, number, name: called(image, number)}))
      .sort((a, b) => b.size - a.size);
    return {cells, kind, size: cells.reduce((sum, cell) => sum + cell.size, 0)};
  }).filter((group) => group.size > 0).sort((a, b) => b.size - a.size);
  map.replaceChildren();
  const box = map.getBoundingClientRect();
  squares(groups, 0, 0, box.width - 2, box.height - 2, (group, left, top, width, height) =>
    squares(group.cells, left, top, width, height, (cell, x, y, w, h) => {
      const made = make("div", {class: `k${cell.number}`, title: `${cell.name}: ${bytes(cell.size)}, ${group.kind}`});
      const lines = Math.floor((h - 4) / LINE), sized = w > 64 && lines > 1;
      if (w > 46 && lines > 0) {
        const name = make("span", {}, cell.name.split("/").pop());
        name.style.webkitLineClamp = sized ? lines - 1 : lines;
        made.append(name, ...(sized ? [bytes(cell.size)] : []));
      }
      Object.assign(made.style, {left: `${x}px`, top: `${y}px`, width: `${w}px`, height: `${h}px`});
      map.append(made);
    }));
  const sums = groups.map((group) => `${group.kind} ${bytes(group.size)}`).join(", ");
  map.setAttribute("aria-label", `The image disk of ${node.name}: ${sums}`);
  document.getElementById("cells").replaceChildren(table({
    title: `Images on ${node.name}`,
    columns: [{title: "Image", form: "text"}, {title: "Bytes", form: "bytes"}, {title: "Part", form: "text"}],
    rows: node.cells.map(([image, kind, size]) =>
      [called(image, kind), size, data.kinds[kind]]),
  }, null, FEW));
}

data.nodes.forEach((node, place) => chosen.append(make("option", {value: place}, node.name)));
chosen.addEventListener("change", () => draw(Number(chosen.value)));
document.getElementById("legend").append(...data.kinds.map((kind, number) =>
  make("li", {}, make("i", {class: `k${number}`}), kind)));
const places = new Map(data.nodes.map((node, place) => [node.name, place]));
for (const spec of data.tables) {
  document.getElementById("tables").append(make("section", {}, make("h2", {}, spec.title),
    table(spec, spec.title !== "Nodes" ? null : (row) => {
      chosen.value = String(places.get(row[0]));
      draw(places.get(row[0]));
      chosen.focus();
    })));
}
if (data.nodes.length) {
  draw(0);
  let width = map.clientWidth;
  window.addEventListener("resize", () => {
    if (map.clientWidth !== width) { width = map.clientWidth; draw(Number(chosen.value)); }
  });
} else document.getElementById("disk").hidden = true;
