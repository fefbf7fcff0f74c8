"""Pix and boleto."""

import base64

from conftest import created


def crc16(text):
    """CRC-16/CCITT-FALSE, as field 63 of a BR Code wants it."""
    crc = 0xFFFF
    for byte in text.encode():
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return f"{crc:04X}"


def test_a_pix_answers_with_a_br_code_and_its_picture(seller):
    payment = created(seller.pay_by_pix())
    assert (payment["status"], payment["status_detail"]) == ("pending", "pending_waiting_transfer")
    data = payment["point_of_interaction"]["transaction_data"]
    assert data["qr_code"].startswith("000201")
    assert data["qr_code"][-4:] == crc16(data["qr_code"][:-4])
    assert base64.b64decode(data["qr_code_base64"], validate=True).startswith(b"\x89PNG\r\n\x1a\n")


def test_the_buyer_pays_the_pix(seller):
    payment = created(seller.pay_by_pix())
    seller.sandbox("pay", payment["id"])
    assert seller.payment(payment["id"])["status"] == "approved"


def test_a_pix_expires(seller):
    payment = created(seller.pay_by_pix())
    seller.sandbox("expire", payment["id"])
    expired = seller.payment(payment["id"])
    assert (expired["status"], expired["status_detail"]) == ("cancelled", "expired")


def test_a_boleto_has_a_barcode(seller):
    payer = seller.buyer() | {
        "address": {
            "zip_code": "06233-200",
            "street_name": "Avenida das Nações Unidas",
            "street_number": "3003",
            "neighborhood": "Bonfim",
            "city": "Osasco",
            "federal_unit": "SP",
        }
    }
    payment = created(seller.pay_by_pix(payment_method_id="bolbradesco", payer=payer))
    assert (payment["status"], payment["payment_type_id"]) == ("pending", "ticket")
    assert len(payment["barcode"]["content"]) == 44
    assert payment["transaction_details"]["external_resource_url"].startswith("http")
