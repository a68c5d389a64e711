"""A relay between a client and a server, on which the first requests meet a fault, as they do on a bad day."""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from iamd.errors import ServiceError, ServiceUnavailable
from iamd.wire.encode import encode_error


class Throttling(ServiceError):
    """What AWS answers to a client that asks too often; iamd never does.

    https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
    """


FAULTS = {
    "unavailable": ServiceUnavailable("The request has failed due to a temporary failure of the server."),
    "throttled": Throttling("Rate exceeded"),
    "broken off": None,
}


class Relay:
    """Passes requests on to a server's port, unchanged, after ``faults`` of them met the fault."""

    def __init__(self, port: int, fault: str = "unavailable", faults: int = 0) -> None:
        self.asked = 0
        relay = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                relay.asked += 1
                error = FAULTS[fault]
                if relay.asked > faults:
                    passed_on = http.client.HTTPConnection("127.0.0.1", port)
                    passed_on.request("POST", self.path, body, dict(self.headers))
                    response = passed_on.getresponse()
                    self.answer(response.status, dict(response.headers), response.read())
                    passed_on.close()
                elif error is not None:
                    document = encode_error(None, error, "relay")
                    self.answer(error.status, {"Content-Length": str(len(document))}, document)
                self.close_connection = True

            def answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
                self.send_response_only(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Relay":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
