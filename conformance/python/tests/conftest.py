"""The world that the tests live in: the well-known sellers, cards and buyers of each site."""

import csv
import http.server
import json
import os
import pathlib
import threading
import urllib.parse
import uuid

import mercadopago
import pytest
import requests
from mercadopago.config import RequestOptions

DATA = pathlib.Path(os.environ["PASARELA_DOMAIN_DATA"])
CREDENTIALS = json.loads(pathlib.Path(os.environ["PASARELA_CREDENTIALS"]).read_text())
SITES = ["MLB", "MLA", "MLM", "MLC", "MCO", "MPE", "MLU"]
AMOUNTS = {"MLB": 100.5, "MLA": 1500.5, "MLM": 250.5, "MLC": 12000, "MCO": 45000, "MPE": 80.5, "MLU": 950.5}
CURRENCIES = {"MLB": "BRL", "MLA": "ARS", "MLM": "MXN", "MLC": "CLP", "MCO": "COP", "MPE": "PEN", "MLU": "UYU"}
DOCUMENTS = {
    "MLB": {"type": "CPF", "number": "12345678909"},
    "MLA": {"type": "DNI", "number": "12345678"},
    "MLM": None,
    "MLC": {"type": "Otro", "number": "123456789"},
    "MCO": {"type": "CC", "number": "123456789"},
    "MPE": {"type": "DNI", "number": "12345678"},
    "MLU": {"type": "CI", "number": "12345672"},
}


def rows(name):
    """The rows of one of the project's data files."""
    with (DATA / name).open() as file:
        return list(csv.DictReader(file))


class Seller:
    """A well-known seller's integration, written with the official SDK."""

    def __init__(self, site="MLB", mode="test"):
        self.site = site
        self.credentials = next(
            entry for entry in CREDENTIALS if entry["site"] == site and entry["mode"] == mode
        )
        self.sdk = mercadopago.SDK(self.credentials["access_token"])

    def card(self, kind="credit_card"):
        return next(row for row in rows("test_cards.csv") if row["site"] == self.site and row["type"] == kind)

    def buyer(self):
        buyer = {"email": "test_user_5551234@testuser.com", "first_name": "Joana", "last_name": "Souza"}
        if DOCUMENTS[self.site]:
            buyer["identification"] = DOCUMENTS[self.site]
        return buyer

    def card_token(self, holder="APRO", card=None):
        card = card or self.card()
        cardholder = {"name": holder}
        if DOCUMENTS[self.site]:
            cardholder["identification"] = DOCUMENTS[self.site]
        answer = self.sdk.card_token().create(
            {
                "card_number": card["number"],
                "security_code": card["cvv"],
                "expiration_month": 11,
                "expiration_year": 2030,
                "cardholder": cardholder,
            }
        )
        assert answer["status"] == 201, answer
        return answer["response"]["id"]

    def pay_by_card(self, holder="APRO", **changes):
        """The answer to a card payment; `changes` go over the body."""
        body = {
            "transaction_amount": AMOUNTS[self.site],
            "token": self.card_token(holder),
            "installments": 1,
            "payer": self.buyer(),
        }
        return self.sdk.payment().create(body | changes)

    def pay_by_pix(self, **changes):
        body = {"transaction_amount": 105.1, "payment_method_id": "pix", "payer": {"email": self.buyer()["email"]}}
        return self.sdk.payment().create(body | changes)

    def payment(self, payment_id):
        answer = self.sdk.payment().get(payment_id)
        assert answer["status"] == 200, answer
        return answer["response"]

    def sandbox(self, action, payment_id):
        """What a buyer, a bank or a clerk does later."""
        answer = requests.post(
            f"{os.environ['PASARELA_SERVER']}/sandbox/payments/{payment_id}/{action}",
            headers={"Authorization": f"Bearer {self.credentials['access_token']}"},
            json={},
            timeout=120,
        )
        assert answer.ok, answer.text


def created(answer):
    assert answer["status"] == 201, answer
    return answer["response"]


def with_key(key):
    """Options that carry an idempotency key."""
    return RequestOptions(custom_headers={"x-idempotency-key": key})


def unique(what):
    return f"{what}-{uuid.uuid4()}"


@pytest.fixture
def seller():
    return Seller()


class Receiver:
    """A shop's webhook address: keeps what it gets and lets a test wait for it."""

    WAIT_SECONDS = 120

    def __init__(self):
        self.deliveries = []
        self.news = threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()
                query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
                with receiver.news:
                    receiver.deliveries.append((query, dict(self.headers), json.loads(body or b"{}")))
                    receiver.news.notify_all()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/notifications?source_news=webhooks"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait_for(self, payment_id, action):
        """The first delivery about this payment with this action, past or to come."""

        def wanted():
            return next(
                (
                    delivery
                    for delivery in self.deliveries
                    if delivery[0].get("data.id") == str(payment_id) and delivery[2].get("action") == action
                ),
                None,
            )

        with self.news:
            found = self.news.wait_for(wanted, timeout=self.WAIT_SECONDS)
        assert found, f"no {action} of {payment_id} within {self.WAIT_SECONDS} s; there were {self.deliveries}"
        return found

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()
