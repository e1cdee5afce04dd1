// The account contract: register, log in, look, change, administer, erase.

import assert from "node:assert/strict";
import { bearer, done, key, refused, until, usher } from "./usher.js";

const guest = usher(key);
const credentials = { Username: "ts-account", Password: "correct horse" };
assert.ok(refused(await usher().POST("/auth/login", { body: credentials }), 401).Message);
const registration = { ...credentials, Email: "ts.account@example.org", FirstName: "Jane" };
assert.ok(done(await guest.POST("/auth/register", { body: registration })).Message);
assert.ok(refused(await guest.POST("/auth/register", { body: registration }), 409).Message);
const { Token, ExpiresOn } = done(await guest.POST("/auth/login", { body: credentials }));
assert.ok(new Date(ExpiresOn) > new Date());

const jane = usher({ ...key, ...bearer(Token) });
done(await jane.POST("/user/update", { body: { LastName: "Doe", Address: { City: "Sofia" } } }));
done(await jane.POST("/user/change", { body: { Key: "Username", Old: "ts-account", New: "ts-janet" } }));
const profile = done(await jane.GET("/user/profile"));
assert.deepEqual([profile.Username, profile.LastName, profile.Address.City], ["ts-janet", "Doe", "Sofia"]);
assert.ok(refused(await jane.GET("/admin/users"), 403).Message);

const { Token: token } = done(await guest.POST("/auth/login", { body: { Username: "owner", Password: "Owner@12345" } }));
const owner = usher({ ...key, ...bearer(token) });
const users = await until(
  async () => done(await owner.GET("/owner/users")),
  (users) => users.some((user) => user.Username === "ts-janet"),
);
const found = users.find((user) => user.Username === "ts-janet");
assert.equal(found?.RoleName, "User");
const Id = found.Id;
done(await owner.POST("/owner/changerole", { body: { Id, RoleName: "Member" } }));
const [change] = done(await owner.POST("/owner/rightschanges", { body: { To: Id } }));
assert.equal(change?.To, Id);
assert.ok(done(await jane.GET("/member/logout")).Message);
assert.ok(refused(await jane.GET("/member/profile"), 401).Message);
done(await owner.POST("/owner/deleteuseraccount", { body: { Id } }));
refused(await owner.POST("/owner/deleteuseraccount", { body: { Id } }), 404);
