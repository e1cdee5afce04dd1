// ---------------------------------------------------------------- one operation

function field(id, parameter) {
  const example = parameter.example ?? (parameter.schema || {}).default ?? "";
  const about = [typeOf(parameter.schema), parameter.required ? "required" : "optional"].join(", ");
  const value = parameter.required ? String(example) : "";
  const options = choices(parameter.schema).map(String);
  const props = { id, required: !!parameter.required, "aria-describedby": `${id}-note` };
  const input = options.length
    ? el("select", props, (parameter.required ? options : ["", ...options]).map((one) => el("option", { value: one, selected: one === value }, one || "(not sent)")))
    : el("input", { ...props, spellcheck: false, autocomplete: "off", value, placeholder: String(example) });
  const label = el("label", { htmlFor: id, className: "name" }, parameter.name);
  const where = parameter.in === "path" ? "" : `, in the ${parameter.in}`;
  return [input, el("div", { className: "field" }, label, input,
    el("small", { id: `${id}-note` }, inline(parameter.description), " ", `(${about}${where})`))];
}

function answer(status, response) {
  const content = Object.entries(response.content || {});
  const headers = Object.entries(response.headers || {});
  const kind = status < 400 ? "get" : "delete";
  const schema = content.length ? shape(content[0][1].schema, 0) : null;
  const examples = (one) => one.example === undefined
    ? Object.entries(one.examples || {}).map(([name, { value }]) => fold(name, copyable(pretty(value), `example ${name}`)))
    : copyable(pretty(one.example), `example of ${status}`);
  return el("details", { className: "answer", open: status < 300 },
    el("summary", null, el("span", { className: `status ${kind}` }, status), " ", inline(response.description)),
    el("div", null,
      headers.map(([name, header]) => el("p", null, el("code", null, name), " ", inline(header.description))),
      content.map(([media, one]) => [el("p", { className: "quiet" }, media), examples(one)]),
      schema && fold("Fields", schema),
      headers.length || content.length ? null : el("p", { className: "quiet" }, "No body.")));
}

// What is sent along, in a sentence.
function credentials(operation) {
  const names = { bearer: "your access token", apiKey: "your API key" };
  const sent = needs(operation).map((scheme) => names[scheme]).filter(Boolean);
  return sent.length ? `Sends ${sent.join(" and ")}: the fields at the top of this page.` : "Sends no token and no API key.";
}

function bodyField(id, bodies) {
  const text = el("textarea", { id: `${id}-body`, spellcheck: false, ariaLabel: "Request body" });
  const media = el("select", { id: `${id}-media`, ariaLabel: "Media type" }, bodies.map(([name]) => el("option", null, name)));
  const put = () => {
    text.value = pretty((bodies[media.selectedIndex] || [0, {}])[1].example ?? {});
    text.rows = Math.min(18, text.value.split("\n").length + 1);
  };
  media.addEventListener("change", put);
  if (bodies.length) put();
  const made = bodies.length ? [el("h3", null, "Body"), bodies.length > 1 ? media : el("p", { className: "quiet" }, bodies[0][0]), text,
    fold("Fields", shape(bodies[0][1].schema, 0) || "")] : null;
  return { made, read: () => (bodies.length ? [media.value, text.value] : null) };
}

function fill(target, path, method, operation) {
  const id = operation.operationId;
  const parameters = (operation.parameters || []).map((one, i) => ({ one, parts: field(`${id}-${i}`, one) }));
  const body = bodyField(id, Object.entries((operation.requestBody || {}).content || {}));
  const values = () => parameters.map(({ one, parts }) => [one, parts[0].value.trim()]);
  const request = () => compose(path, method, values(), body.read(), needs(operation));
  const code = samples(request);
  const go = el("button", { className: "go" }, "Try it");
  const result = el("div", { role: "status" });
  const form = el("form", { ariaLabel: `${method.toUpperCase()} ${path}` },
    parameters.length ? el("h3", null, "Parameters") : null, parameters.map(({ parts }) => parts[1]), body.made,
    el("p", { className: "quiet" }, credentials(operation)), el("p", null, go), code.made, result);
  form.addEventListener("input", code.update);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    go.disabled = true;
    await send(result, request());
    go.disabled = false;
  });
  target.append(...prose(operation.description), form, el("h3", null, "Answers"),
    ...Object.entries(operation.responses || {}).map(([status, response]) => answer(status, response)));
}

// ---------------------------------------------------------------- trying

function compose(template, method, values, body, asked) {
  const query = new URLSearchParams();
  const headers = body ? [["content-type", body[0]]] : [];
  let path = template;
  for (const [parameter, value] of values) {
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (!value) continue;
    else if (parameter.in === "query") query.append(parameter.name, value);
    else headers.push([parameter.name, value]);
  }
  const url = new URL(`.${path}`, base);
  url.search = query;
  return { url: url.href, method: method.toUpperCase(), headers, body: body && body[1], needs: asked };
}

function keyHeader() {
  return (((api.components || {}).securitySchemes || {}).apiKey || {}).name || "X-Api-Key";
}

async function send(result, request) {
  const headers = new Headers(request.headers);
  const [token, key] = [$("token").value.trim(), $("key").value.trim()];
  if (token && request.needs.includes("bearer")) headers.set("authorization", `Bearer ${token}`);
  if (key && request.needs.includes("apiKey")) headers.set(keyHeader(), key);
  const began = performance.now();
  try {
    const options = { method: request.method, headers, credentials: "omit", cache: "no-store" };
    const response = await fetch(request.url, request.body === null ? options : { ...options, body: request.body });
    show(result, response, await response.text(), Math.round(performance.now() - began));
  } catch (error) {
    result.replaceChildren(el("div", { className: "result" }, el("p", { className: "bad" }, `No answer: ${error.message}`)));
  }
}

// The token or key in an answer, and the field that it is for.
function issued(json) {
  const inside = json && typeof json === "object" ? [json, json.data || {}] : [];
  const found = (names) => inside.flatMap((one) => names.map((name) => one[name])).find((text) => typeof text === "string");
  return { token: found(["token", "accessToken", "access_token", "Token"]), key: found(["key"]) };
}

function show(result, response, text, ms) {
  let json = null;
  try { json = JSON.parse(text); } catch { /* then it is shown as it is */ }
  const lines = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  const { token, key } = issued(json);
  const use = (label, act) => {
    const button = el("button", { type: "button" }, label);
    button.addEventListener("click", act);
    return button;
  };
  result.replaceChildren(el("div", { className: "result" },
    el("p", null, el("span", { className: `status ${response.ok ? "get" : "delete"}` }, `${response.status} ${response.statusText}`),
      el("span", { className: "quiet" }, ` in ${ms} ms`)),
    fold("Headers", copyable(lines, "headers of the answer")),
    text ? copyable(json === null ? text : pretty(json), "body of the answer") : el("p", { className: "quiet" }, "No body."),
    el("p", { className: "row" }, token ? use("Use this token", () => hold(token, "from an answer")) : "",
      key ? use("Use this API key", () => { $("key").value = key; }) : "")));
}
