// ---------------------------------------------------------------- the page

function hold(token, whose) {
  $("token").value = token;
  $("state").textContent = token ? `Token: ${whose}` : NO_TOKEN;
}

async function login(event) {
  event.preventDefault();
  $("complaint").textContent = "";
  const body = JSON.stringify({ username: $("name").value, password: $("password").value });
  const options = { method: "POST", headers: { "content-type": "application/json" }, body, credentials: "omit" };
  try {
    const response = await fetch(new URL(`.${LOGIN}`, base), options);
    const said = await response.json();
    if (!response.ok) throw new Error(said.detail || response.statusText);
    hold(said.token, `${$("name").value}, until ${new Date(said.expiresAt).toLocaleString()}`);
    $("password").value = "";
  } catch (error) {
    $("complaint").textContent = error.message;
  }
}

function guardOf(operation) {
  const asked = needs(operation);
  const roles = (operation.security || []).flatMap((one) => Object.values(one).flat());
  const token = asked.includes("bearer") ? roles.join(", ") || "signed in" : "";
  return [operation["x-dev-only"] ? "development only" : "", token, asked.includes("apiKey") ? "API key" : ""].filter(Boolean).join(", ");
}

// What an operation is found by: also its parameters, fields and descriptions, but not what every refusal has.
function searched(path, method, operation) {
  const contents = [operation.requestBody, ...Object.entries(operation.responses || {}).filter(([status]) => status < 400).map(([, one]) => one)];
  const schemas = contents.flatMap((one) => Object.values((one || {}).content || {}).map((content) => content.schema));
  const parameters = (operation.parameters || []).flatMap((one) => [one.name, one.description, ...choices(one.schema)]);
  const own = [method, path, operation.summary, operation.description, guardOf(operation), ...(operation.tags || [])];
  return [...own, ...parameters, ...schemas.flatMap((schema) => words(schema, 0))].filter(Boolean).join(" ").toLowerCase();
}

function entry(path, method, operation) {
  const inside = el("div");
  const made = el("details", { className: "op", id: operation.operationId },
    el("summary", null, el("span", { className: `method ${method}` }, method.toUpperCase()), el("span", { className: "path" }, path),
      el("span", { className: "summary" }, inline(operation.summary)),
      el("span", { className: "guard" }, guardOf(operation))), inside);
  made.addEventListener("toggle", () => made.open && !inside.firstChild && fill(inside, path, method, operation));
  made.words = searched(path, method, operation);
  return made;
}

function filter() {
  const asked = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const all = [...document.querySelectorAll(".op")];
  for (const one of all) one.hidden = !asked.every((word) => one.words.includes(word));
  for (const group of document.querySelectorAll("section")) group.hidden = !group.querySelector(".op:not([hidden])");
  const shown = all.filter((one) => !one.hidden).length;
  $("count").textContent = shown === all.length ? `${shown} operations` : `${shown} of ${all.length}`;
}

function open() {
  const target = location.hash && $(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  if (target.matches(".op")) target.open = true;
  target.scrollIntoView();
}

function render() {
  $("title").textContent = document.title = `${api.info.title} API`;
  $("version").textContent = api.info.version;
  $("about").append(...prose(api.info.description));
  $("login").hidden = !((api.paths || {})[LOGIN] || {}).post;
  const all = Object.entries(api.paths || {}).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => [path, method, item[method]]));
  const sections = (api.tags || []).map((tag, i) => el("section", null, el("h2", { id: `group-${i}` }, tag.name),
    prose(tag.description), all.filter(([, , one]) => (one.tags || []).includes(tag.name)).map((one) => entry(...one))));
  $("operations").replaceChildren(...sections);
  $("tags").append(...(api.tags || []).map((tag, i) => el("a", { href: `#group-${i}` }, tag.name)));
  filter();
  open();
}

$("login").addEventListener("submit", login);
$("token").addEventListener("input", () => hold($("token").value, "typed in"));
$("forget").addEventListener("click", () => { hold("", ""); $("key").value = ""; });
$("filter").addEventListener("input", filter);
addEventListener("hashchange", open);
addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, textarea, select");
  if (event.key === "/" && !typing) { event.preventDefault(); $("filter").focus(); }
  if (event.key === "Escape" && event.target === $("filter")) { $("filter").value = ""; filter(); }
});
fetch(new URL("openapi.json", base), { credentials: "omit" })
  .then((response) => response.ok ? response.json() : Promise.reject(new Error(`${response.status}`)))
  .then((document) => { api = document; render(); })
  .catch((error) => $("operations").replaceChildren(el("p", { className: "bad" }, `openapi.json cannot be read: ${error.message}`)));
