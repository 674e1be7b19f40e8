"""Prints what a decision costs the caller: from the cache, and from a server on loopback beside a bare httpx client."""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from verdict_sdk import Verdict

REQUEST = {"action_type": "tool_call", "action_name": "crm.get_customer", "arguments": {"id": "cus_42"}}
LARGER = {
    **REQUEST,
    "arguments": {"charge": "ch_1", "amount": 12.5, "lines": [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}]},
    "identity": {"name": "support-agent", "roles": ["support", "night"]},
    "session_id": "run-42",
}
ANSWER = json.dumps(
    {
        "decision": "allow",
        "reason": "Reading is ordinary.",
        "reason_code": "rule_matched",
        "request_id": "018f0000-0000-7000-8000-000000000001",
        "rules": ["baseline/read"],
        "obligations": [],
        "errors": [],
        "policy_revision": "sha256:aa",
        "cache_ttl_seconds": 3600,
    }
).encode()
ROUNDS = 20


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet."""


Clock = Callable[[], float]


def microseconds(work: Callable[[], object], clock: Clock, times: int) -> tuple[float, float]:
    """Of one call: the best round, and the median of the rounds."""
    results = []
    for _ in range(ROUNDS):
        began = clock()
        for _ in range(times):
            work()
        results.append((clock() - began) / times * 1e6)
    return min(results), statistics.median(results)


def show(name: str, work: Callable[[], object], clock: Clock, times: int) -> None:
    best, median = microseconds(work, clock, times)
    print(f"{name:<40} {best:8.2f} us best {median:8.2f} us median")


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    with Verdict(url, "key", cache_ttl_seconds=3600) as cached, Verdict(url, "key", cache_ttl_seconds=0) as uncached:
        show("cached, processor time", lambda: cached.evaluate(REQUEST), time.thread_time, 2000)
        show("cached, larger request, processor time", lambda: cached.evaluate(LARGER), time.thread_time, 2000)
        with httpx.Client(trust_env=False) as bare:
            address = f"{url}/v1/policy/evaluate"
            show("bare httpx.Client", lambda: bare.post(address, json=REQUEST).json(), time.perf_counter, 50)
            show("uncached", lambda: uncached.evaluate(REQUEST), time.perf_counter, 50)
    server.shutdown()


if __name__ == "__main__":
    main()
