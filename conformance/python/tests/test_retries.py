"""A busy server answers 503, and the SDK's own retry gets it done, once."""

import http.client
import os
import select
import socket
import time
import urllib.parse

from conftest import created
from urllib3.util import Retry

# The server holds so many bodies of the largest size at a time, and asks whoever comes then to come again.
BODIES = 256
BODY_BYTES = 256 * 1024
# So often in a row must it say so: a body that is being turned away gives its memory back in the same moment.
SURE = 5


def slow_client(server, token):
    """A client that sends a body of the largest size, and never its last byte."""
    head = (
        f"POST /v1/payments HTTP/1.1\r\nhost: {server.netloc}\r\nauthorization: Bearer {token}\r\n"
        f"content-length: {BODY_BYTES}\r\n\r\n"
    )
    client = socket.create_connection((server.hostname, server.port), timeout=120)
    client.sendall(head.encode() + b" " * (BODY_BYTES - 1))
    return client


def is_busy(server, token):
    """Whether there is no room for even a small body."""
    connection = http.client.HTTPConnection(server.hostname, server.port, timeout=120)
    try:
        connection.request("POST", "/v1/payments", "{}", {"Authorization": f"Bearer {token}"})
        return connection.getresponse().status == 503
    finally:
        connection.close()


def slow_clients(token):
    """As many slow clients as fill the server's memory for bodies, when it is full."""
    server = urllib.parse.urlsplit(os.environ["PASARELA_SERVER"])
    clients = [slow_client(server, token) for _ in range(BODIES)]
    in_a_row, deadline = 0, time.monotonic() + 300
    while in_a_row < SURE:
        assert time.monotonic() < deadline, "the server is busy"
        in_a_row = in_a_row + 1 if is_busy(server, token) else 0
        # Who was answered was turned away, or was too slow: somebody else takes the place.
        for answered in select.select(clients, [], [], 0)[0]:
            clients.remove(answered)
            answered.close()
            clients.append(slow_client(server, token))
            in_a_row = 0
    return clients


def test_a_busy_server_is_asked_again_and_cancels_once(seller, monkeypatch):
    # The SDK repeats what may be repeated (GET, PUT), after as long as the answer's Retry-After says.
    payment = created(seller.pay_by_pix())
    clients = slow_clients(seller.credentials["access_token"])
    told, wait = [], Retry.sleep

    def let_go_and_wait(retry, response=None):
        told.append(response and (response.status, response.headers.get("retry-after")))
        for client in clients:
            client.close()
        wait(retry, response)

    # Only looked at: the library below the SDK waits as it always does.
    monkeypatch.setattr(Retry, "sleep", let_go_and_wait)
    answer = seller.sdk.payment().update(payment["id"], {"status": "cancelled"})
    assert (answer["status"], answer["response"]["status"]) == (200, "cancelled"), answer
    assert told and set(told) == {(503, "1")}, told
