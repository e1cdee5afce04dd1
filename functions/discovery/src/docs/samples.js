// ---------------------------------------------------------------- the same request in other languages

// Tokens and API keys are not in it: such lines are copied into chats.
const PLACEHOLDERS = { TOKEN: "<your access token>", API_KEY: "<your API key>" };
const LANGUAGES = { curl, JavaScript: javascript, Python: python };
let language = "curl";

// The headers of a request, each with its text, or with the name of a secret and what stands before that.
function headersOf(request) {
  const secret = { bearer: ["authorization", { before: "Bearer ", name: "TOKEN" }], apiKey: [keyHeader(), { before: "", name: "API_KEY" }] };
  const secrets = request.needs.map((scheme) => secret[scheme]).filter(Boolean);
  return secrets.concat(request.headers.map(([name, text]) => [name, { text }]));
}

function secretsOf(request) {
  return headersOf(request).map(([, value]) => value.name).filter(Boolean);
}

function curl(request) {
  const quote = (part) => `'${part.replaceAll("'", `'\\''`)}'`;
  const lines = [["curl -i", request.method === "GET" ? "" : `-X ${request.method}`, quote(request.url)].filter(Boolean).join(" ")];
  for (const [name, value] of headersOf(request)) {
    lines.push("-H " + (value.name ? `"${name}: ${value.before}$${value.name}"` : quote(`${name}: ${value.text}`)));
  }
  if (request.body !== null) lines.push("--data-raw " + quote(request.body));
  return lines.join(" \\\n  ");
}

function javascript(request) {
  const headers = headersOf(request).map(([name, value]) => `    ${JSON.stringify(name)}: `
    + (value.name ? [value.before && JSON.stringify(value.before), value.name].filter(Boolean).join(" + ") : JSON.stringify(value.text)));
  const lines = secretsOf(request).map((name) => `const ${name} = ${JSON.stringify(PLACEHOLDERS[name])};`);
  lines.push(`const response = await fetch(${JSON.stringify(request.url)}, {`, `  method: "${request.method}",`);
  if (headers.length) lines.push(`  headers: {\n${headers.join(",\n")},\n  },`);
  if (request.body !== null) lines.push(`  body: ${literal(request.body)},`);
  lines.push("});", "console.log(response.status, await response.text());");
  return lines.join("\n");
}

// JSON as what it is, any other text as text.
function literal(body) {
  try {
    return `JSON.stringify(${JSON.stringify(JSON.parse(body), null, 2).replaceAll("\n", "\n  ")})`;
  } catch {
    return JSON.stringify(body);
  }
}

function python(request) {
  // What JSON writes as a string is one for Python as well.
  const headers = headersOf(request).map(([name, value]) => `        ${JSON.stringify(name)}: `
    + (value.name ? [value.before && JSON.stringify(value.before), value.name].filter(Boolean).join(" + ") : JSON.stringify(value.text)));
  const lines = ["import requests  # pip install requests", ""];
  lines.push(...secretsOf(request).map((name) => `${name} = ${JSON.stringify(PLACEHOLDERS[name])}`));
  lines.push("response = requests.request(", `    "${request.method}",`, `    ${JSON.stringify(request.url)},`);
  if (headers.length) lines.push(`    headers={\n${headers.join(",\n")},\n    },`);
  if (request.body !== null) lines.push(`    data=${JSON.stringify(request.body)}.encode(),`);
  lines.push(")", "print(response.status_code, response.text)");
  return lines.join("\n");
}

// The samples of a request that is put together anew whenever it is asked for.
function samples(request) {
  const shown = copyable("", "the request as code");
  const buttons = Object.keys(LANGUAGES).map((name) => el("button", { type: "button" }, name));
  const update = () => {
    shown.querySelector("pre").textContent = LANGUAGES[language](request());
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.textContent === language));
  };
  for (const button of buttons) {
    button.addEventListener("click", () => { language = button.textContent; update(); });
  }
  const made = fold("As code", [el("div", { className: "languages", role: "group", ariaLabel: "Language" }, buttons), shown]);
  made.addEventListener("toggle", update);
  return { made, update };
}
