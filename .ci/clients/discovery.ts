// What any client can read: health, where things are, the keys.

import assert from "node:assert/strict";
import { done, usher } from "./usher.js";

const guest = usher();
assert.equal(done(await guest.GET("/health")).status, "ok");
const discovery = done(await guest.GET("/.well-known/openid-configuration"));
assert.ok(discovery.jwks_uri.startsWith(discovery.issuer));
assert.ok(discovery.id_token_signing_alg_values_supported.length > 0);
assert.ok(done(await guest.GET("/.well-known/jwks.json")).keys.length >= 2);
assert.ok(done(await guest.GET("/openapi.json")));
