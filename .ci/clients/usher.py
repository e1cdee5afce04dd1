"""A typed client of a running Usher, made from its own document, and what the flows beside this file say of answers."""

import os
import time
from collections.abc import Callable
from typing import TypeVar

from usher_client import AuthenticatedClient, Client
from usher_client.types import Response

BASE = os.environ.get("BASE", "http://127.0.0.1:3000")
API_KEY = os.environ.get("API_KEY", "")

T = TypeVar("T")


def guest() -> Client:
    return Client(base_url=BASE)


def program(key: str = API_KEY) -> AuthenticatedClient:
    """A client of the account contract before anybody has logged in: its API key is its credentials."""
    return AuthenticatedClient(base_url=BASE, token=key, prefix="", auth_header_name="X-Api-Key")


def bearer(token: str) -> AuthenticatedClient:
    return AuthenticatedClient(base_url=BASE, token=token, headers={"X-Api-Key": API_KEY} if API_KEY else {})


def done(answer: Response[T], status: int = 200) -> T:
    """What an answer of this status has in it."""
    assert answer.status_code == status, f"{answer.status_code}, not {status}: {answer.content!r}"
    return answer.parsed  # type: ignore[return-value]  # None where the answer has no body


def of(kind: type[T], answer: object) -> T:
    """The answer, which is of this type: what an operation answers is a union with its refusals."""
    assert isinstance(answer, kind), f"{answer!r} is no {kind.__name__}"
    return answer


def until(ask: Callable[[], T], holds: Callable[[T], bool]) -> T:
    """Asks again until it holds: listings are a moment behind."""
    for _ in range(50):
        if holds(answer := ask()):
            break
        time.sleep(0.1)
    return answer
