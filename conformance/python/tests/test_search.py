"""Searching payments."""

from conftest import created, unique


def test_a_payment_is_found_by_its_reference(seller):
    reference = unique("found")
    payment = created(seller.pay_by_card(external_reference=reference))
    created(seller.pay_by_pix(external_reference=reference))
    found = seller.sdk.payment().search({"external_reference": reference, "status": "approved"})
    assert found["status"] == 200
    assert found["response"]["paging"]["total"] == 1
    assert found["response"]["results"][0]["id"] == payment["id"]


def test_payments_are_found_by_date_in_order(seller):
    reference = unique("dated")
    made = [created(seller.pay_by_pix(external_reference=reference))["id"] for _ in range(3)]
    found = seller.sdk.payment().search(
        {
            "external_reference": reference,
            "range": "date_created",
            "begin_date": "NOW-1DAYS",
            "end_date": "NOW",
            "sort": "date_created",
            "criteria": "desc",
            "limit": 2,
        }
    )["response"]
    assert found["paging"] == {"total": 3, "limit": 2, "offset": 0}
    assert [payment["id"] for payment in found["results"]] == made[::-1][:2]


def test_a_search_without_any_filter_is_answered(seller):
    created(seller.pay_by_pix())
    assert seller.sdk.payment().search()["response"]["paging"]["total"] >= 1
