"""A busy server answers 503, and the SDK's own retry gets it done, once."""

import os
import select
import socket
import threading
import time
import urllib.parse

from conftest import created

# The server takes so many bodies of the largest size at a time, and asks whoever comes then to come again.
BODIES = 256
BODY_BYTES = 256 * 1024


def slow_clients(token):
    """Clients that announce large bodies and send none of them."""
    server = urllib.parse.urlsplit(os.environ["PASARELA_SERVER"])
    head = (
        f"POST /v1/payments HTTP/1.1\r\nhost: {server.netloc}\r\nauthorization: Bearer {token}\r\n"
        f"content-length: {BODY_BYTES}\r\n\r\n"
    ).encode()
    clients = []
    for _ in range(BODIES + 1):
        client = socket.create_connection((server.hostname, server.port), timeout=20)
        client.sendall(head)
        clients.append(client)
    # One more than there is room for: when it is told to come again, there is no room.
    assert select.select(clients, [], [], 20)[0], "the server is busy"
    return clients


def test_a_busy_server_is_asked_again_and_cancels_once(seller):
    # The SDK repeats what may be repeated (GET, PUT), after as long as the answer's Retry-After says.
    payment = created(seller.pay_by_pix())
    clients = slow_clients(seller.credentials["access_token"])
    release = threading.Timer(0.4, lambda: [client.close() for client in clients])
    release.start()
    started = time.monotonic()
    answer = seller.sdk.payment().update(payment["id"], {"status": "cancelled"})
    waited = time.monotonic() - started
    release.join()
    assert (answer["status"], answer["response"]["status"]) == (200, "cancelled"), answer
    assert waited >= 0.9, "the first answer was 503 with Retry-After: 1"
