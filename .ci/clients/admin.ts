// The admin contract: an administrator's panel.

import assert from "node:assert/strict";
import { bearer, done, refused, until, usher } from "./usher.js";

const guest = usher();
assert.equal(refused(await guest.GET("/v1/admin/users"), 401).error, "Authentication required");
const credentials = { email: "admin@gauth.local", password: "Admin@123" };
const login = done(await guest.POST("/v1/auth/login", { body: credentials }));
assert.deepEqual([login.token_type, login.user.user_name], ["Bearer", "admin"]);
const admin = usher(bearer(login.access_token));

const body = { email: "ts.admin@example.org", password: "secret-7", user_name: "ts-admin", email_verified: true };
const made = done(await admin.POST("/v1/admin/users", { body }), 201);
assert.deepEqual(made.roles.map((role) => role.name), ["user"]);
assert.ok(refused(await admin.POST("/v1/admin/users", { body }), 409).error);
const wrong = refused(await admin.POST("/v1/admin/users", { body: { ...body, password: "short" } }), 400);
assert.equal(wrong.details?.[0]?.field, "password");

const user = { params: { path: { user: made.id } } };
assert.deepEqual(done(await admin.GET("/v1/admin/users/{user}", user)).social_accounts, []);
const page = await until(
  async () => done(await admin.GET("/v1/admin/users/search", { params: { query: { q: "TS.ADMIN" } } })),
  (page) => page.pagination.total === 1,
);
assert.deepEqual([page.users[0]?.id, page.pagination.totalPages], [made.id, 1]);
const put = done(await admin.PUT("/v1/admin/users/{user}", { ...user, body: { user_name: "ts-janet-admin" } }));
assert.equal(put.user.username, "ts-janet-admin");
const roles = done(await admin.POST("/v1/admin/users/{user}/roles", { ...user, body: { roles: ["member"] } }));
assert.equal(roles.message, "Roles assigned successfully");
const member = { params: { path: { user: made.id, role: "member" } } };
done(await admin.DELETE("/v1/admin/users/{user}/roles/{role}", member));
refused(await admin.DELETE("/v1/admin/users/{user}/roles/{role}", member), 404);

const settings = done(await admin.GET("/v1/settings"));
const days = { history_days: settings.history_days };
assert.equal(done(await admin.PATCH("/v1/settings", { body: days })).history_days, settings.history_days);
assert.equal(refused(await admin.PATCH("/v1/settings", { body: { history_days: 1 } }), 400).details?.[0]?.field, "history_days");
assert.equal(done(await admin.DELETE("/v1/admin/users/{user}", user)).message, "User deleted successfully");
const refresh_token = login.refresh_token ?? "";
done(await admin.POST("/v1/auth/logout", { body: { refresh_token } }), 204);
refused(await admin.GET("/v1/admin/users"), 401);
