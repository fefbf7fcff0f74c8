"""Paying by card: tokens, every outcome, reserve, capture and cancel."""

import pytest
from conftest import Seller, created, rows


def test_a_card_token_shows_what_may_be_shown(seller):
    token = seller.sdk.card_token().get(seller.card_token())["response"]
    card = seller.card()
    assert token["first_six_digits"] == card["number"][:6]
    assert token["last_four_digits"] == card["number"][-4:]
    assert token["status"] == "active"
    assert card["number"] not in str(token)


def test_a_card_payment_is_approved(seller):
    payment = created(seller.pay_by_card(description="Blue shirt", metadata={"orderNumber": "7"}))
    assert (payment["status"], payment["status_detail"]) == ("approved", "accredited")
    assert payment["payment_method_id"] == "master"
    assert payment["transaction_amount"] == 100.5
    assert payment["metadata"] == {"order_number": "7"}
    assert payment["card"]["last_four_digits"] == seller.card()["number"][-4:]
    assert seller.payment(payment["id"])["status"] == "approved"


@pytest.mark.parametrize("outcome", rows("test_outcomes.csv"), ids=lambda row: row["cardholder_name"])
def test_the_holder_decides_the_outcome(seller, outcome):
    payment = created(seller.pay_by_card(holder=outcome["cardholder_name"]))
    assert (payment["status"], payment["status_detail"]) == (outcome["status"], outcome["status_detail"])


def test_a_reserve_is_captured_whole(seller):
    reserve = created(seller.pay_by_card(capture=False))
    assert (reserve["status"], reserve["captured"]) == ("authorized", False)
    captured = seller.sdk.payment().capture(reserve["id"])
    assert captured["status"] == 200
    assert (captured["response"]["status"], captured["response"]["captured"]) == ("approved", True)


def test_a_reserve_is_captured_in_part(seller):
    reserve = created(seller.pay_by_card(capture=False))
    captured = seller.sdk.payment().capture(reserve["id"], 75)
    assert captured["response"]["status"] == "approved"
    assert captured["response"]["transaction_amount"] == 75


def test_a_reserve_is_cancelled(seller):
    reserve = created(seller.pay_by_card(capture=False))
    cancelled = seller.sdk.payment().update(reserve["id"], {"status": "cancelled"})
    assert cancelled["status"] == 200
    assert (cancelled["response"]["status"], cancelled["response"]["status_detail"]) == ("cancelled", "by_collector")


def test_a_debit_card_is_a_debit_card(seller):
    token = seller.card_token(card=seller.card("debit_card"))
    payment = created(seller.pay_by_card(token=token))
    assert payment["payment_type_id"] == "debit_card"


def test_test_and_live_do_not_meet(seller):
    payment = created(seller.pay_by_card())
    assert Seller(mode="live").sdk.payment().get(payment["id"])["status"] == 404
