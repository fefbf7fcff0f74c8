"""Refusals as the SDK shows them, and idempotency."""

import concurrent.futures

import mercadopago
import pytest
from conftest import Seller, created, unique, with_key
from mercadopago.errors import MPAuthenticationError, MPBadRequestError, MPNotFoundError


def test_a_wrong_amount_is_refused_with_its_code(seller):
    answer = seller.pay_by_pix(transaction_amount="a hundred")
    with pytest.raises(MPBadRequestError) as refused:
        answer.raise_for_status()
    assert refused.value.causes[0]["code"] == 4003
    assert refused.value.error == "bad_request"


def test_a_payment_that_is_not_there_is_not_found(seller):
    with pytest.raises(MPNotFoundError) as refused:
        seller.sdk.payment().get(1).raise_for_status()
    assert refused.value.causes[0]["code"] == 2000


def test_another_sellers_payment_is_not_found(seller):
    payment = created(seller.pay_by_pix())
    assert Seller("MLA").sdk.payment().get(payment["id"])["status"] == 404


def test_a_wrong_token_is_not_authenticated():
    with pytest.raises(MPAuthenticationError):
        mercadopago.SDK("invalid_access_token").payment().search().raise_for_status()


def test_a_card_token_pays_once(seller):
    token = seller.card_token()
    created(seller.pay_by_card(token=token))
    assert seller.pay_by_card(token=token)["status"] == 400


def test_the_same_key_gives_the_same_payment(seller):
    body = {"transaction_amount": 12.34, "payment_method_id": "pix", "payer": seller.buyer()}
    key = unique("key")
    first = seller.sdk.payment().create(body, with_key(key))
    again = seller.sdk.payment().create(body, with_key(key))
    assert (first["status"], again["status"]) == (201, 200)
    assert first["response"]["id"] == again["response"]["id"]


def test_the_same_key_at_the_same_time_gives_one_payment(seller):
    body = {"transaction_amount": 12.34, "payment_method_id": "pix", "payer": seller.buyer()}
    key = unique("race")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: seller.sdk.payment().create(body, with_key(key)), range(8)))
    assert len({answer["response"]["id"] for answer in answers}) == 1


def test_a_read_ignores_the_key_that_the_sdk_sends(seller):
    payment = created(seller.pay_by_pix())
    key = unique("read")
    seller.sdk.payment().get(payment["id"], with_key(key))
    other = created(seller.pay_by_pix())
    assert seller.sdk.payment().get(other["id"], with_key(key))["response"]["id"] == other["id"]
