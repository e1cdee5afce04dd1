// The directory contract: a token, an account, a role, a grant, a search, a profile, and the end of it.

import assert from "node:assert/strict";
import * as oauth from "oauth4webapi";
import { bearer, done, refused, until, usher } from "./usher.js";

const guest = usher();
const credentials = { email: "admin@gauth.local", password: "Admin@123" };
const pair = done(await guest.POST("/api/auth/token", { body: credentials }));
assert.equal(pair.tokenType, "Bearer");
const admin = usher(bearer(pair.accessToken));

const body = { email: "ts@example.org", username: "ts-directory", password: "correct horse", firstName: "Jane" };
const jane = done(await admin.POST("/api/users", { body }), 201);
assert.deepEqual([jane.email, jane.firstName, jane.status, jane.roles], ["ts@example.org", "Jane", "active", ["user"]]);
assert.equal(refused(await admin.POST("/api/users", { body }), 409).type, "/problems/email-taken");
const wrong = refused(await admin.POST("/api/users", { body: { email: "nobody", password: "short" } }), 400);
assert.deepEqual(wrong.errors?.map((place) => place.pointer), ["/email", "/password"]);

const role = done(await admin.POST("/api/roles", { body: { name: "ts-desk", permissions: ["admin.users"], maxCount: 1 } }), 201);
assert.equal(role.memberCount, 0);
const user = { params: { path: { user: jane.id } } };
const grant = done(await admin.POST("/api/users/{user}/roles", { ...user, body: { role: role.name } }), 201);
assert.equal(grant.effective, true);

const query = { q: "TS-DIRECT", limit: 1 };
const page = await until(
  async () => done(await admin.GET("/api/users", { params: { query } })),
  (page) => page.items.length === 1,
);
assert.equal(page.items[0]?.id, jane.id);

const login = done(await guest.POST("/api/auth/login", { body: { username: "ts-directory", password: "correct horse" } }));
assert.equal(login.user.id, jane.id);
const herself = usher(bearer(login.token));
const profile = done(await herself.PATCH("/api/me/profile", { body: { displayName: "J.", address: { city: "Sofia" } } }));
assert.deepEqual([profile.displayName, profile.address.city, profile.permissions], ["J.", "Sofia", ["admin.users"]]);
assert.equal(done(await herself.GET("/api/me/login-history")).items[0]?.kind, "login");

// A service account's key asks what her token opens: with a client of OAuth's that knows the issuer and nothing else.
const robot = done(await admin.POST("/api/users", { body: { kind: "service", username: "ts-robot" } }), 201);
const account = { params: { path: { user: robot.id } } };
const made = done(await admin.POST("/api/users/{user}/keys", { ...account, body: { name: "Deployed" } }), 201);
const issuer = new URL(done(await guest.GET("/.well-known/openid-configuration")).issuer);
const overHttp = { [oauth.allowInsecureRequests]: true };
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, overHttp));
const client = { client_id: "ts-robot" };
const byKey: oauth.ClientAuth = (_server, _client, _body, headers) => headers.set("authorization", bearer(made.key).authorization);
const asked = async (token: string) => {
  const reply = await oauth.introspectionRequest(server, client, byKey, token, overHttp);
  return oauth.processIntrospectionResponse(server, client, reply);
};
const hers = await asked(login.token);
assert.deepEqual([hers.active, hers.sub, hers.username, hers.scope], [true, jane.id, "ts-directory", "admin.users"]);
assert.equal((await asked(pair.refreshToken ?? "")).active, false);

done(await admin.DELETE("/api/users/{user}/roles/{grant}", { params: { path: { user: jane.id, grant: grant.userRoleId } } }), 204);
assert.equal(refused(await herself.GET("/api/users"), 403).type, "/problems/missing-permission");
done(await admin.PUT("/api/users/{user}", { ...user, body: { status: "inactive" } }), 204);
assert.equal((await asked(login.token)).active, false);
done(await admin.DELETE("/api/users/{user}/keys/{key}", { params: { path: { user: robot.id, key: made.id } } }), 204);
await assert.rejects(asked(login.token));
done(await admin.DELETE("/api/users/{user}", account), 204);
assert.equal(refused(await herself.GET("/api/me/profile"), 401).type, "/problems/invalid-token");
done(await admin.DELETE("/api/users/{user}", user), 204);
done(await admin.DELETE("/api/roles/{role}", { params: { path: { role: role.id } } }), 204);
