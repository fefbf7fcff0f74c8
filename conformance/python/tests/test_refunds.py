"""Refunds, whole and in parts."""

from conftest import created


def test_a_payment_is_refunded_whole(seller):
    payment = created(seller.pay_by_card())
    refund = created(seller.sdk.refund().create(payment["id"]))
    assert (refund["payment_id"], refund["amount"], refund["status"]) == (payment["id"], 100.5, "approved")
    after = seller.payment(payment["id"])
    assert (after["status"], after["transaction_amount_refunded"]) == ("refunded", 100.5)


def test_a_payment_is_refunded_in_parts(seller):
    payment = created(seller.pay_by_card())
    first = created(seller.sdk.refund().create(payment["id"], {"amount": 10}))
    second = created(seller.sdk.refund().create(payment["id"], {"amount": 20.5}))
    assert seller.payment(payment["id"])["status_detail"] == "partially_refunded"
    listed = seller.sdk.refund().list_all(payment["id"])
    assert sorted(refund["id"] for refund in listed["response"]) == sorted([first["id"], second["id"]])
    assert seller.sdk.refund().get(payment["id"], second["id"])["response"]["amount"] == 20.5


def test_more_than_was_paid_is_not_refunded(seller):
    payment = created(seller.pay_by_card())
    refused = seller.sdk.refund().create(payment["id"], {"amount": 1000})
    assert refused["status"] == 400
    assert refused["response"]["cause"][0]["code"] == 2017
