"""The address of an emulated HTTP API: passes requests on to where the emulator has the API, with the headers that API
Gateway adds. (By a host of its own the API would be without the paths that the emulator has itself, `/health` first.)
"""

import http.client
import http.server
import threading
import urllib.parse

# Of one connection, and of no other.
HOP = {"connection", "host", "keep-alive", "transfer-encoding"}


class Gateway(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    emulator = api = ""

    def forward(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        at = http.client.HTTPConnection(urllib.parse.urlsplit(self.emulator).netloc, timeout=60)
        at.putrequest(self.command, f"/_aws/execute-api/{self.api}/$default{self.path}", skip_accept_encoding=True)
        given = [(name, value) for name, value in self.headers.items() if name.lower() not in HOP]
        added = [("x-forwarded-for", "198.51.100.7"), ("x-forwarded-port", "443"), ("x-forwarded-proto", "https")]
        for name, value in given + added:
            at.putheader(name, value)
        at.endheaders(body or None)
        answer = at.getresponse()
        content = answer.read()
        at.close()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP | {"content-length"}:
                self.send_header(name, value)
        length = answer.getheader("content-length") if self.command == "HEAD" else len(content)
        self.send_header("content-length", str(length or 0))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = forward

    def log_message(self, *_):
        pass


def opened(emulator, api):
    """Where the API is from now on."""
    handler = type("Of", (Gateway,), {"emulator": emulator, "api": api})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"
