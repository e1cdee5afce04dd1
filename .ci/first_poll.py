"""Instructions of a Lambda binary from exec to its first poll: `first_poll.py target/release/discovery`. Six runs under
callgrind (Debian's valgrind) against a runtime API that never answers and a store that refuses the connection; the least."""
import os
import re
import signal
import socket
import subprocess
import sys


def count(binary: str) -> int:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    port = listener.getsockname()[1]
    dynamo = socket.socket()
    dynamo.bind(("127.0.0.1", 0))  # nobody listens: the connection is refused at once
    env = {"PATH": os.environ["PATH"], "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}", "AWS_LAMBDA_FUNCTION_NAME": "function",
           "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512", "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_LAMBDA_LOG_STREAM_NAME": "a", "AWS_LAMBDA_LOG_GROUP_NAME": "a",
           "AWS_REGION": "eu-central-1", "USHER_TABLE": "usher", "USHER_DYNAMODB_ENDPOINT": f"http://127.0.0.1:{dynamo.getsockname()[1]}",
           "USHER_MASTER_KEY": "k"*64, "USHER_CURSOR_KEY": "k"*64, "USHER_STORE_DEADLINE_MS": "300"}
    child = subprocess.Popen(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", binary], env=env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    connection, _ = listener.accept()
    connection.recv(100)
    child.send_signal(signal.SIGTERM)
    out = child.communicate(timeout=60)[1]
    return int(re.search(r"Collected : (\d+)", out)[1])


print(min(count(sys.argv[1]) for _ in range(6)))
