// Verifies Usher's access tokens by its published keys. Needs the package jose.

import { createRemoteJWKSet, jwtVerify } from "jose";

export interface Claims {
  sub: string;
  tid: string;
  sid: string;
  roles: string[];
}

export function verifier(issuer: string, algorithm: string, audience = "usher", tenant = "main") {
  // Kept for ten minutes; a token that names another key has them fetched again, every thirty seconds at the most.
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
  const options = {
    issuer,
    audience,
    algorithms: [algorithm],
    typ: "at+jwt",
    requiredClaims: ["sub", "exp", "iat", "tid", "sid", "roles"],
  };
  return async (token: string): Promise<Claims> => {
    const { payload } = await jwtVerify<Claims>(token, keys, options);
    if (payload.tid !== tenant) throw new Error("of another tenant");
    return payload;
  };
}
