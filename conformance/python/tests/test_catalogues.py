"""What a client may ask about its account and its country, on each of the seven sites."""

import json

import pytest
from conftest import AMOUNTS, CURRENCIES, DATA, SITES, Seller, created

DOCUMENT_TYPES = json.loads((DATA / "identification_types.json").read_text())


@pytest.mark.parametrize("site", SITES)
def test_the_account_is_known(site):
    seller = Seller(site)
    user = seller.sdk.user().get()["response"]
    assert (user["id"], user["site_id"]) == (seller.credentials["user_id"], site)


@pytest.mark.parametrize("site", SITES)
def test_a_card_payment_is_approved_and_refunded(site):
    seller = Seller(site)
    payment = created(seller.pay_by_card())
    assert (payment["status"], payment["currency_id"]) == ("approved", CURRENCIES[site])
    assert created(seller.sdk.refund().create(payment["id"]))["amount"] == AMOUNTS[site]


@pytest.mark.parametrize("site", SITES)
def test_the_payment_methods_are_those_of_the_country(site):
    methods = Seller(site).sdk.payment_methods().list_all()["response"]
    assert {"id", "name", "payment_type_id", "status"} <= methods[0].keys()
    assert any(method["id"] == "pix" for method in methods) == (site == "MLB")


@pytest.mark.parametrize("site", [site for site in SITES if DOCUMENT_TYPES.get(site)])
def test_the_document_types_are_those_of_the_country(site):
    types = Seller(site).sdk.identification_type().list_all()["response"]
    assert [kind["id"] for kind in types] == [kind["id"] for kind in DOCUMENT_TYPES[site]]
