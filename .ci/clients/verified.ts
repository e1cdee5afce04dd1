// The example of docs/verify.md with tokens of the running server, which signs with ALGORITHM.

import assert from "node:assert/strict";
import { verifier } from "./verify.js";

const { BASE = "http://127.0.0.1:3000", ALGORITHM = "EdDSA" } = process.env;

async function post(path: string, body: unknown): Promise<Record<string, string>> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(BASE + path, { method: "POST", headers, body: JSON.stringify(body) });
  assert.equal(answer.status, 200);
  return (await answer.json()) as Record<string, string>;
}

const { accessToken = "", refreshToken = "" } = await post("/api/auth/token", {
  email: "admin@gauth.local",
  password: "Admin@123",
});
const verify = verifier(BASE, ALGORITHM);
const claims = await verify(accessToken);
assert.deepEqual([claims.tid, claims.roles.includes("admin")], ["main", true]);
assert.match(claims.sub + claims.sid, /^[0-9a-f-]{72}$/);

const [header = "", payload = "", signature = ""] = accessToken.split(".");
const changed = (part: string, changes: object) =>
  Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(part, "base64url").toString()), ...changes })).toString("base64url");
const brief = await post("/api/auth/dev-token", { username: "brief", roles: ["user"], expiresIn: 1 });
await new Promise((resolve) => setTimeout(resolve, 2000));
const refused: [string, string][] = [
  ["other roles", `${header}.${changed(payload, { roles: ["owner"] })}.${signature}`],
  ["a cut signature", accessToken.slice(0, -8)],
  ["the algorithm none", `${changed(header, { alg: "none" })}.${payload}.`],
  ["a secret's algorithm", `${changed(header, { alg: "HS256" })}.${payload}.${signature}`],
  ["another type", `${changed(header, { typ: "JWT" })}.${payload}.${signature}`],
  ["another key", `${changed(header, { kid: "other" })}.${payload}.${signature}`],
  ["a life that is over", brief["token"] ?? ""],
  ["a refresh token", refreshToken],
  ["nothing", ""],
];
for (const [what, token] of refused) await assert.rejects(verify(token), what);

const other = ALGORITHM === "RS256" ? "EdDSA" : "RS256";
await assert.rejects(verifier(BASE, other)(accessToken), "another algorithm");
await assert.rejects(verifier(BASE, ALGORITHM, "invoices")(accessToken), "another audience");
await assert.rejects(verifier(BASE, ALGORITHM, "usher", "acme")(accessToken), "another tenant");
await assert.rejects(verifier(BASE.replace("127.0.0.1", "localhost"), ALGORITHM)(accessToken), "another issuer");
