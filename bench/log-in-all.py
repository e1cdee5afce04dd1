"""Logs in to every account of an export, and counts who is let in: all who are active, and nobody else.

Usage: log-in-all.py FILE URL PASSWORD, of a server that runs (docs/performance.md).
"""

import collections
import http.client
import itertools
import json
import sys
import threading
import time
import urllib.parse

AT_ONCE = 16
# What the right password is answered with, by the status of the account: nobody else learns that it is not active.
NOT_ACTIVE = (401, "/problems/account-not-active")
EXPECTED = {"active": (200, None), "inactive": NOT_ACTIVE, "banned": NOT_ACTIVE, "locked": (423, "/problems/locked")}


def accounts(path):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            account = json.loads(line)
            if account["type"] == "account" and "passwordHash" in account:
                yield account


def log_in(connection, account, password):
    body = json.dumps({"email": account["email"], "password": password})
    connection.request("POST", "/api/auth/token", body, {"content-type": "application/json"})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read()).get("type")


def work(source, lock, host, password, found):
    connection = http.client.HTTPConnection(host)
    while True:
        with lock:
            account = next(source, None)
        if account is None:
            return
        answered = log_in(connection, account, password)
        right = EXPECTED[account["status"]] == answered
        with lock:
            found[(account["status"], answered[0], right)] += 1


def main(path, url, password):
    first = {"admin@gauth.local", "owner@usher.local"}
    source = itertools.filterfalse(lambda account: account.get("email") in first, accounts(path))
    lock, found, host = threading.Lock(), collections.Counter(), urllib.parse.urlsplit(url).netloc
    begun = time.monotonic()
    workers = [threading.Thread(target=work, args=(source, lock, host, password, found)) for _ in range(AT_ONCE)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    seconds = time.monotonic() - begun
    for (status, answer, right), count in sorted(found.items()):
        print(f"{count} {status}: {answer}{'' if right else ', which is wrong'}")
    print(f"{sum(found.values())} logins in {seconds:.0f} s")
    return all(right for _, _, right in found)


if __name__ == "__main__":
    raise SystemExit(0 if main(*sys.argv[1:]) else 1)
