// The registration contract: sign up, log in, renew, change the password, be banned.

import assert from "node:assert/strict";
import { bearer, done, refused, usher } from "./usher.js";

const guest = usher();
const password = { password: "secret-7", confirm_password: "secret-7" };
const body = { username: "ts-registers", email: "ts.registers@example.org", ...password };
assert.ok(refused(await guest.POST("/v1/user/register", { body: { ...body, confirm_password: "secret-8" } }), 400).error);
assert.ok(done(await guest.POST("/v1/user/register", { body })).data.user_id);
assert.ok(refused(await guest.POST("/v1/user/register", { body }), 400).error);

const wrong = { login: "ts-registers", password: "secret-8" };
assert.equal(refused(await guest.POST("/v1/user/login", { body: wrong }), 403).error, "Invalid username/email or password");
const { data } = done(await guest.POST("/v1/user/login", { body: { ...wrong, password: "secret-7" } }));
assert.deepEqual([data.username, data.admin], ["ts-registers", false]);
const { token } = data;
assert.equal(done(await guest.POST("/v1/user/token/verify", { body: { token } })).data, "Token is valid.");
assert.equal(done(await guest.POST("/v1/user/token/renew", { body: { token } })).data.token, token);
assert.ok(refused(await guest.POST("/v1/user/token/renew", { body: { token: "nothing" } }), 401).error);

const jane = usher(bearer(token));
const user = { params: { path: { user: "ts-registers" } } };
const change = { current_password: "secret-7", password: "secret-9", confirm_password: "secret-9" };
const changed = done(await jane.POST("/v1/user/{user}/change-password", { ...user, body: change }));
assert.match(changed.data, /^Password changed for user with ID: /);
refused(await jane.DELETE("/v1/user/ban/{user}", user), 403);

const owner = done(await guest.POST("/v1/user/login", { body: { login: "owner", password: "Owner@12345" } })).data;
assert.equal(owner.admin, true);
const banning = usher(bearer(owner.token));
assert.equal(done(await banning.DELETE("/v1/user/ban/{user}", user)).data, "Banned user: ts-registers");
assert.equal(done(await guest.POST("/v1/user/token/verify", { body: { token } })).data, "Token invalid.");
done(await banning.DELETE("/v1/user/ban/{user}/lift", user));
assert.ok(done(await guest.POST("/v1/user/login", { body: { login: "ts-registers", password: "secret-9" } })).data.token);
