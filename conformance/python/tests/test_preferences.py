"""The redirect checkout: `sdk.preference()` and `sdk.merchant_order()`."""

import uuid

from conftest import created

ITEM = {"title": "Dummy Title", "quantity": 1, "unit_price": 100}


def preference(seller, **fields):
    return created(seller.sdk.preference().create({"items": [ITEM]} | fields))


def test_a_preference_is_made_read_changed_and_found(seller):
    reference = str(uuid.uuid4())
    made = preference(seller, external_reference=reference, back_urls={"success": "https://shop.example/ok"})
    preferences = seller.sdk.preference()
    assert preferences.get(made["id"])["response"] == made
    changed = preferences.update(made["id"], {"binary_mode": True})
    assert (changed["status"], changed["response"]["binary_mode"]) == (200, True)
    assert changed["response"]["external_reference"] == reference
    found = preferences.search(filters={"external_reference": reference})["response"]
    assert (found["total"], found["next_offset"], found["elements"][0]["id"]) == (1, 1, made["id"])


def test_a_fault_is_told_in_its_own_words(seller):
    refused = seller.sdk.preference().create({"items": [ITEM | {"unit_price": "100"}]})
    assert refused["status"] == 400
    assert refused["response"] == {
        "message": "unit_price invalid",
        "error": "invalid_items",
        "status": 400,
        "cause": None,
    }
    assert seller.sdk.preference().get("1-none")["status"] == 404


def test_a_merchant_order_is_made_read_changed_and_found(seller):
    made = preference(seller)
    orders = seller.sdk.merchant_order()
    order = created(orders.create({"preference_id": made["id"]}))
    assert (order["status"], order["order_status"], order["total_amount"]) == ("opened", "payment_required", 100)
    assert orders.get(order["id"])["response"] == order
    changed = orders.update(order["id"], {"notification_url": "https://shop.example/hook"})
    assert changed["response"]["notification_url"] == "https://shop.example/hook"
    found = orders.search(filters={"preference_id": made["id"]})["response"]
    assert [entry["id"] for entry in found["elements"]] == [order["id"]]
