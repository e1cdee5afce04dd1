// What `.ci/pages` does in the browser. Each check is a line; the last line counts them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import path from "node:path";

const { USHER, API_KEY, CHROMIUM, TOOLS, SCREENSHOTS } = process.env;
const load = createRequire(path.join(TOOLS, "package.json"));
const puppeteer = load("puppeteer-core");
const axe = readFileSync(load.resolve("axe-core/axe.min.js"), "utf8");
const SIZES = [[1280, 900], [400, 800]];
const OWNER = ["owner", "Owner@12345"];

const browser = await puppeteer.launch({
  executablePath: CHROMIUM,
  // As root it has no sandbox. Two names that lead here, as a page's own would.
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-quic", "--host-resolver-rules=MAP evil.example 127.0.0.1"],
});
let passed = 0, failed = 0;

async function check(name, run) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (line) => line.type() === "error" && /Content Security Policy/.test(line.text()) && complaints.push(line.text()));
  try {
    await run(page);
    assert.deepEqual(complaints, []);
    passed += 1;
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}\n  ${error.message.replaceAll("\n", "\n  ")}`);
  }
  await context.close();
}

// No rule of axe's is broken, and nothing is wider than the page.
async function accessible(page, name) {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => (await globalThis.axe.run(document)).violations.map((one) =>
    `${one.id} (${one.impact}): ${one.help}\n${one.nodes.slice(0, 3).map((node) => "  " + node.html.slice(0, 160)).join("\n")}`));
  assert.ok(!found.length, `${name}\n${found.join("\n")}`);
  const [width, shown] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(width <= shown, `${name}: ${width} px wide on a screen of ${shown}`);
  if (SCREENSHOTS) await page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`) });
}

const text = (page, selector) => page.$eval(selector, (one) => one.textContent);
const type = async (page, selector, words) => {
  await page.$eval(selector, (one) => { one.value = ""; });
  await page.type(selector, words);
};

async function docs(page) {
  await page.goto(`${USHER}/docs`);
  await page.waitForSelector(".op");
}

async function opened(page, id) {
  await page.$eval(`#${id}`, (one) => { one.open = true; });
  await page.waitForSelector(`#${id} form`);
}

async function signIn(page) {
  await page.$eval(".sign", (one) => { one.open = true; });
  await page.type("#name", OWNER[0]);
  await page.type("#password", OWNER[1]);
  await page.click("#login button");
  await page.waitForFunction(() => document.getElementById("state").textContent.startsWith("Token: owner"));
  await page.type("#key", API_KEY);
}

// What an operation answers when it is tried, and what was sent.
async function tried(page, id) {
  await opened(page, id);
  const [request] = await Promise.all([
    page.waitForRequest((one) => one.method() !== "OPTIONS" && !one.url().endsWith("openapi.json")),
    page.$eval(`#${id} form button.go`, (one) => one.click()),
  ]);
  await page.waitForSelector(`#${id} .result`);
  return { headers: request.headers(), said: await text(page, `#${id} .result .status`) };
}

// ---------------------------------------------------------------- accessibility

for (const [width, height] of SIZES) {
  for (const scheme of ["light", "dark"]) {
    const name = `${width}-${scheme}`;
    const sized = async (page) => {
      await page.setViewport({ width, height });
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    };
    await check(`axe: /docs at ${name}`, async (page) => {
      await sized(page);
      await docs(page);
      await accessible(page, `docs-${name}`);
      await signIn(page);
      await accessible(page, `docs-${name}-signed-in`);
      for (const id of ["users_create", "users_list", "auth_login"]) await opened(page, id);
      await tried(page, "users_list");
      await page.$$eval("#users_list details, #users_create details", (all) => all.forEach((one) => { one.open = true; }));
      await page.$eval("#users_list", (one) => one.scrollIntoView());
      await accessible(page, `docs-${name}-operation`);
    });
    await check(`axe: /set-password at ${name}`, async (page) => {
      await sized(page);
      await page.goto(`${USHER}/set-password`);
      await page.waitForSelector("#email");
      await accessible(page, `set-password-${name}-ask`);
      await page.goto(`${USHER}/set-password#token=usher_ot_x`);
      await page.waitForSelector("#choose:not([hidden])");
      await page.click("#choose button.go");
      await accessible(page, `set-password-${name}`);
    });
  }
}

// ---------------------------------------------------------------- /docs at work

await check("the bare address leads to /docs, and /docs/ works", async (page) => {
  for (const from of ["", "/", "/docs/"]) {
    await page.goto(`${USHER}${from}`);
    assert.equal(page.url(), `${USHER}/docs`);
    await page.waitForSelector(".op");
  }
});

await check("an API key is sent where an operation asks for one, and a token to no guest's", async (page) => {
  await docs(page);
  await signIn(page);
  const profile = await tried(page, "account_user_profile");
  assert.equal(profile.said.slice(0, 3), "200");
  assert.equal(profile.headers["x-api-key"], API_KEY);
  assert.match(profile.headers.authorization, /^Bearer eyJ/);
  const guest = await tried(page, "account_auth_login");
  assert.equal(guest.headers["x-api-key"], API_KEY);
  assert.equal(guest.headers.authorization, undefined);
  const open = await tried(page, "auth_login");
  assert.equal(open.headers["x-api-key"], undefined);
  assert.equal(open.headers.authorization, undefined);
  const own = await tried(page, "me_profile");
  assert.equal(own.headers["x-api-key"], undefined);
  assert.match(own.headers.authorization, /^Bearer eyJ/);
});

await check("search finds fields, words and descriptions", async (page) => {
  await docs(page);
  const all = await page.$$eval(".op", (found) => found.length);
  for (const [words, id] of [["lastName post", "users_create"], ["mustChangePassword patch", "users_patch"], ["user_name put", "admin_update"]]) {
    await type(page, "#filter", words);
    const shown = await page.$$eval(".op:not([hidden])", (found) => found.map((one) => one.id));
    assert.ok(shown.includes(id), `${words}: ${shown}`);
    assert.ok(shown.length < all / 2, `${words}: ${shown.length} of ${all}`);
  }
});

await check("code samples carry what was entered, and no secret; they can be copied", async (page) => {
  await page.browserContext().overridePermissions(USHER, ["clipboard-read", "clipboard-write", "clipboard-sanitized-write"]);
  await docs(page);
  await signIn(page);
  await opened(page, "admin_update");
  await type(page, "#admin_update-0", "jane doe");
  const fold = "#admin_update form > details:last-of-type";
  await page.$eval(fold, (one) => { one.open = true; });
  for (const [language, words] of [
    ["curl", ["curl -i -X PUT", "jane%20doe", "$TOKEN", "--data-raw"]],
    ["JavaScript", ["await fetch(", "jane%20doe", "\"Bearer \" + TOKEN", "JSON.stringify({"]],
    ["Python", ["import requests", "jane%20doe", "\"Bearer \" + TOKEN", "data=\"{"]],
  ]) {
    for (const button of await page.$$(`${fold} .languages button`)) {
      if (await button.evaluate((one) => one.textContent) === language) await button.click();
    }
    const shown = await text(page, `${fold} pre`);
    for (const word of words) assert.ok(shown.includes(word), `${language}: ${word} in\n${shown}`);
    assert.ok(!shown.includes("eyJ") && !shown.includes(API_KEY), shown);
    await page.$eval(`${fold} .copy > button`, (one) => one.click());
    await page.waitForFunction((at) => ["Copied", "Selected"].includes(document.querySelector(at).textContent), {}, `${fold} .copy > button`);
    await page.waitForFunction((at) => document.querySelector(at).textContent === "Copy", {}, `${fold} .copy > button`);
  }
});

// ---------------------------------------------------------------- pages of other origins

const other = createServer((_, answer) => answer.setHeader("content-type", "text/html").end("<!doctype html><title>Another</title>"));
await new Promise((ready) => other.listen(0, "127.0.0.1", ready));
const { port } = other.address();

// In the page: signs in and lists through one contract; how many it listed.
const LISTS = {
  directory: async (base) => {
    const headers = { "content-type": "application/json" };
    const login = await fetch(`${base}/api/auth/login`, { method: "POST", headers, body: JSON.stringify({ username: "owner", password: "Owner@12345" }) });
    const { token } = await login.json();
    const list = await fetch(`${base}/api/users`, { headers: { authorization: `Bearer ${token}`, "x-tenant": "main" } });
    if (!list.headers.get("x-request-id")) throw new Error("the page cannot read x-request-id");
    return (await list.json()).items.length;
  },
  account: async (base, key) => {
    const headers = { "content-type": "application/json", "x-api-key": key };
    const login = await fetch(`${base}/auth/login`, { method: "POST", headers, body: JSON.stringify({ Username: "owner", Password: "Owner@12345" }) });
    const session = await login.json();
    const token = session.Token || session.token;
    const list = await fetch(`${base}/owner/users`, { headers: { "x-api-key": key, authorization: `Bearer ${token}` } });
    return (await list.json()).length;
  },
  admin: async (base) => {
    const headers = { "content-type": "application/json" };
    const login = await fetch(`${base}/v1/auth/login`, { method: "POST", headers, body: JSON.stringify({ email: "owner@usher.local", password: "Owner@12345" }) });
    const session = await login.json();
    const list = await fetch(`${base}/v1/admin/users?limit=10`, { headers: { authorization: `Bearer ${session.access_token}` } });
    const said = await list.json();
    return (said.users || said.data || said.items || said).length;
  },
};

for (const [contract, list] of Object.entries(LISTS)) {
  await check(`a page of another origin signs in and lists: ${contract}`, async (page) => {
    await page.goto(`http://localhost:${port}/`);
    const listed = await page.evaluate(list, USHER, API_KEY);
    assert.ok(listed >= 1, `${listed}`);
  });
}

await check("a page of a foreign origin reads nothing, and no page another origin's letters", async (page) => {
  const read = (base, at) => fetch(base + at).then((answer) => answer.text()).catch((error) => error.name);
  await page.goto(`http://evil.example:${port}/`);
  assert.equal(await page.evaluate(read, USHER, "/health"), "TypeError");
  await page.goto(`http://localhost:${port}/`);
  assert.match(await page.evaluate(read, USHER, "/health"), /ok/);
  assert.equal(await page.evaluate(read, USHER, "/dev/outbox"), "TypeError");
});

other.close();
await browser.close();
console.log(`pages: ${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
