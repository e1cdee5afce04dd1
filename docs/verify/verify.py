"""Verifies Usher's access tokens by its published keys. Needs the package pyjwt[crypto]."""

import threading
import time
from typing import Any

import jwt

# Seconds: how long keys are used before they are fetched again, and how soon a token that names another key has them fetched.
KEPT, REST = 600, 30


class Verifier:
    def __init__(self, issuer: str, algorithm: str, audience: str = "usher", tenant: str = "main") -> None:
        self.issuer, self.algorithm, self.audience, self.tenant = issuer, algorithm, audience, tenant
        self.keys = jwt.PyJWKClient(f"{issuer}/.well-known/jwks.json", lifespan=KEPT)
        self.lock, self.fetched = threading.Lock(), float("-inf")

    def verify(self, token: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(token)
        if header.get("typ") != "at+jwt":
            raise jwt.InvalidTokenError("not an access token")
        claims: dict[str, Any] = jwt.decode(
            token,
            self.key(header.get("kid")),
            algorithms=[self.algorithm],
            issuer=self.issuer,
            audience=self.audience,
            options={"require": ["iss", "aud", "sub", "exp", "iat", "tid", "sid", "roles"]},
        )
        if claims["tid"] != self.tenant:
            raise jwt.InvalidTokenError("of another tenant")
        return claims

    def key(self, kid: object) -> jwt.PyJWK:
        with self.lock:
            known = {key.key_id: key for key in self.keys.get_signing_keys()}
            if kid not in known and time.monotonic() - self.fetched > REST:
                self.fetched = time.monotonic()
                known = {key.key_id: key for key in self.keys.get_signing_keys(refresh=True)}
        if kid not in known:
            raise jwt.InvalidTokenError("it names a key that is not published")
        return known[str(kid)]
