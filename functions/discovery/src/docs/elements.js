// Nothing that comes over the network is ever parsed as HTML: elements are made here, and text is put into them as text.
const $ = (id) => document.getElementById(id);
const LOGIN = "/api/auth/login";
const METHODS = ["get", "post", "put", "patch", "delete"];
const NO_TOKEN = $("state").textContent;
const base = new URL(".", location.href);
let api = {};

function el(name, props, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(props || {})) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

// Paragraphs, and `code` between backticks; of Markdown no more is needed.
function prose(text) {
  return (text || "").split(/\n\s*\n/).filter(Boolean).map((one) => el("p", null, inline(one)));
}

function inline(text) {
  return (text || "").split("`").map((part, i) => (i % 2 ? el("code", null, part) : part));
}

function fold(title, inside) {
  return el("details", { className: "inner" }, el("summary", null, title), inside);
}

function pretty(value) {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

// A text that can be scrolled by keyboard, and copied.
function copyable(text, label) {
  const shown = el("pre", { tabIndex: 0, role: "group", ariaLabel: label }, text);
  const button = el("button", { type: "button", ariaLabel: `Copy: ${label}` }, "Copy");
  button.addEventListener("click", () => copy(button, shown));
  return el("div", { className: "copy" }, shown, button);
}

async function copy(button, shown) {
  try {
    await navigator.clipboard.writeText(shown.textContent);
    button.textContent = "Copied";
  } catch {
    // No clipboard without TLS: then the text is selected.
    getSelection().selectAllChildren(shown);
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}
