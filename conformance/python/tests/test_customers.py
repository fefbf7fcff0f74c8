"""Customers and saved cards: `sdk.customer()` and `sdk.card()`, and a payment by a saved card."""

import random

from conftest import AMOUNTS, created


def email():
    return f"test_payer_{random.randrange(1, 9_999_999_999)}@testuser.com"


def new_customer(seller, **fields):
    return created(seller.sdk.customer().create({"email": email(), "first_name": "Joana"} | fields))


def saved_card(seller, customer, **of):
    return created(seller.sdk.card().create(customer["id"], {"token": seller.card_token(**of)}))


def test_a_customer_is_made_read_changed_found_and_deleted(seller):
    customer = new_customer(seller, phone={"area_code": "11", "number": "998877665"})
    customers = seller.sdk.customer()
    assert customers.get(customer["id"])["response"] == customer
    changed = customers.update(customer["id"], {"last_name": "Souza"})
    assert changed["status"] == 200
    assert (changed["response"]["first_name"], changed["response"]["last_name"]) == ("Joana", "Souza")
    found = customers.search(filters={"email": customer["email"]})["response"]
    assert found["paging"]["total"] == 1
    assert found["results"][0]["id"] == customer["id"]
    deleted = customers.delete(customer["id"])
    assert (deleted["status"], deleted["response"]["id"]) == (200, customer["id"])
    assert customers.get(customer["id"])["status"] == 404


def test_an_email_is_one_customer(seller):
    customer = new_customer(seller)
    again = seller.sdk.customer().create({"email": customer["email"].upper()})
    assert again["status"] == 400
    assert again["response"]["cause"][0]["code"] == "101"


def test_a_card_is_saved_listed_read_changed_and_deleted(seller):
    customer = new_customer(seller)
    card = saved_card(seller, customer)
    cards = seller.sdk.card()
    assert isinstance(card["id"], str) and isinstance(card["issuer"]["id"], int) and isinstance(card["user_id"], str)
    listed = cards.list_all(customer["id"])
    assert listed["status"] == 200
    assert listed["response"] == [card]
    changed = cards.update(customer["id"], card["id"], {"expiration_month": 12, "expiration_year": 2031})
    assert (changed["response"]["expiration_month"], changed["response"]["expiration_year"]) == (12, 2031)
    assert cards.get(customer["id"], card["id"])["response"] == changed["response"]
    deleted = cards.delete(customer["id"], card["id"])
    assert (deleted["status"], deleted["response"]["id"]) == (200, card["id"])
    assert cards.list_all(customer["id"])["response"] == []


def test_a_saved_card_pays_with_its_cvv(seller):
    customer = new_customer(seller)
    card = saved_card(seller, customer)
    token = created(seller.sdk.card_token().create({"card_id": card["id"], "security_code": seller.card()["cvv"]}))
    payment = created(
        seller.sdk.payment().create(
            {
                "transaction_amount": AMOUNTS["MLB"],
                "token": token["id"],
                "installments": 1,
                "payer": {"type": "customer", "id": customer["id"]},
            }
        )
    )
    assert payment["status"] == "approved"
    assert payment["card"]["id"] == card["id"]
    assert payment["payer"]["email"] == customer["email"]
