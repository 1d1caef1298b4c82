// Finds the sections that have every word; the sections are loaded when somebody comes to search.
const script = document.currentScript;
const root = script.dataset.root;
const form = document.querySelector("[role=search]");
const field = form.querySelector("input");
const list = document.getElementById("found");
const MOST = 20;

form.hidden = false;
form.addEventListener("submit", (event) => {
  event.preventDefault();
  list.querySelector("a")?.click();
});
field.addEventListener("focus", load);
field.addEventListener("input", search);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.closest("input") && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    field.focus();
  } else if (event.key === "Escape" && form.contains(event.target)) {
    field.value = "";
    search();
    field.focus();
  }
});
document.addEventListener("click", (event) => {
  if (!form.contains(event.target) || event.target.closest("a")) list.hidden = true;
});

function load() {
  if (window.sections || document.getElementById("sections")) return;
  const data = document.createElement("script");
  data.id = "sections";
  data.src = `${root}sections.js`;
  data.addEventListener("load", search);
  document.head.append(data);
}

function search() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  list.hidden = !words.length || !window.sections;
  if (list.hidden) return;
  const found = [];
  for (const [address, page, heading, text] of window.sections) {
    const title = `${page} ${heading}`.toLowerCase();
    const whole = `${title} ${text}`.toLowerCase();
    if (words.every((word) => whole.includes(word))) {
      found.push({ address, page, heading, text, rank: words.filter((word) => heading.toLowerCase().includes(word)).length });
    }
  }
  found.sort((one, other) => other.rank - one.rank);
  list.replaceChildren(...found.slice(0, MOST).map((section) => entry(section, words[0])));
  if (!found.length) list.append(Object.assign(document.createElement("li"), { textContent: "Nothing has all these words." }));
}

function entry({ address, page, heading, text }, word) {
  const link = Object.assign(document.createElement("a"), { href: root + address });
  link.append(heading === page ? page : `${page} · ${heading}`);
  const at = Math.max(0, text.toLowerCase().indexOf(word) - 40);
  link.append(Object.assign(document.createElement("small"), { textContent: text.slice(at, at + 140) }));
  const item = document.createElement("li");
  item.append(link);
  return item;
}
