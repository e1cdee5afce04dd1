"""The functions' log as `sam local` prints it: JSON lines, one `answered` for each request, and no secret."""

import json
import re

# What `sam local` and the emulator of Lambda's runtime print between the functions' lines.
NOT_THE_FUNCTIONS = re.compile(
    r"^(START|END|REPORT|INIT_START|XRAY|EXTENSION) RequestId|^(START|END|REPORT|INIT_START)\b"
    r"|^\d\d \w{3} \d{4} \d\d:\d\d:\d\d,\d{3} \[\w+\] \(rapid\)|^$"
    # How a function ends that waits for its next event when the emulator is gone with its container.
    r"|^Error: hyper_util::client::legacy::Error\((SendRequest, hyper::Error\(IncompleteMessage\)|Connect, .*)\)$"
)
# Whatever looks like one, besides those that were used: tokens, keys, addresses.
FORBIDDEN = [r"\beyJ[\w-]{10,}", r"\busher_(ak|rt|ot)_\w", r"\$argon2", r"[\w.+-]+@[\w-]+\.\w+", r"(?i)bearer\s+\w"]
# What `sam local invoke` prints about itself on the same stream.
SAM = re.compile(
    r"^(Building image|Invoking |Local image |Lambda function |Mounting |No current session|Reading invoke payload"
    r"|Removing rapid images|Requested to skip|SAM_CONTAINER_ID|Using local image)"
)


def requests_in(text):
    """How many requests `sam local start-api` reports as answered. (What the emulator prints about an invocation can be
    missing at a container's beginning and end.)"""
    return len(re.findall(r"^.* - - \[.* HTTP/1\.1", text, re.MULTILINE))


def entries(texts, secrets):
    """The lines of the functions in these texts, each held to what a line may hold."""
    lines = [line.strip() for text in texts for line in text.splitlines()]
    for line in lines:
        if NOT_THE_FUNCTIONS.search(line) or SAM.search(line):
            continue
        try:
            entry = json.loads(line)
        except ValueError:
            raise SystemExit(f"a line of a function is no JSON: {line}") from None
        # A line of metrics has no level.
        assert entry.get("level") != "ERROR" and "panicked" not in line, f"a function failed: {line}"
        for pattern in FORBIDDEN:
            assert not re.search(pattern, line), f"a log holds what it must not: {line}"
        for secret in secrets:
            assert secret not in line, "a log holds a secret"
        yield entry


def check(texts, secrets, requests, containers):
    """How many lines so many containers wrote, asked so often by request or event."""
    found = list(entries(texts, secrets))
    answered = sum(entry.get("message") == "answered" for entry in found)
    # `sam local` begins to read when a container has begun to speak: of each, the first words can be missing.
    assert requests - containers <= answered <= requests, f"{requests} requests and {answered} lines `answered`"
    return len(found)
