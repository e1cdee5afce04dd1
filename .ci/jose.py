"""A token of a running Usher, verified by another JOSE library (PyJWT) that is given nothing but the discovery URL.

Usage: jose.py BASE_URL. Prints what it verified; fails where anything does not hold.
"""

import json
import sys
import urllib.request

import jwt


def fetch(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def main(base):
    discovery = fetch(f"{base}/.well-known/openid-configuration")
    account = {"email": "admin@gauth.local", "password": "Admin@123"}
    token = fetch(f"{base}/api/auth/token", account)["accessToken"]
    key = jwt.PyJWKClient(discovery["jwks_uri"]).get_signing_key_from_jwt(token)
    algorithms = discovery["id_token_signing_alg_values_supported"]
    required = ["exp", "iat", "iss", "sub", "aud", "jti"]
    verify = {"algorithms": algorithms, "issuer": discovery["issuer"], "options": {"require": required}}
    claims = jwt.decode(token, key, audience="usher", **verify)
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"
    assert "admin" in claims["roles"]
    for what, changed in [
        ("a changed payload", token[: len(token) // 2] + ("A" if token[len(token) // 2] != "A" else "B") + token[len(token) // 2 + 1 :]),
        ("a cut signature", token[:-8]),
    ]:
        try:
            jwt.decode(changed, key, audience="usher", **verify)
        except jwt.InvalidTokenError:
            continue
        raise SystemExit(f"{what} was taken")
    print(f"verified by PyJWT {jwt.__version__}: {key.key_id} {algorithms} {claims['iss']} {claims['roles']}")


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))
