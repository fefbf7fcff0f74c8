"""Notifications, judged by the SDK's own validator."""

import json
import os
import subprocess
import time

import pytest
from conftest import Seller, created
from mercadopago.webhook import InvalidWebhookSignatureError, WebhookSignatureValidator


def validate(delivery, secret):
    query, headers, _ = delivery
    headers = {name.lower(): value for name, value in headers.items()}
    WebhookSignatureValidator.validate(
        headers.get("x-signature"), headers.get("x-request-id"), query.get("data.id"), secret, tolerance_seconds=600
    )


def test_a_payment_and_its_change_are_notified(seller, receiver):
    secret = seller.credentials["webhook_secret"]
    payment = created(seller.pay_by_pix(notification_url=receiver.url))
    delivery = receiver.wait_for(payment["id"], "payment.created")
    validate(delivery, secret)
    assert delivery[2]["data"]["id"] == str(payment["id"])
    seller.sandbox("pay", payment["id"])
    validate(receiver.wait_for(payment["id"], "payment.updated"), secret)


def test_a_forged_delivery_is_refused(seller, receiver):
    payment = created(seller.pay_by_card(notification_url=receiver.url))
    delivery = receiver.wait_for(payment["id"], "payment.created")
    with pytest.raises(InvalidWebhookSignatureError):
        validate(delivery, Seller("MLA").credentials["webhook_secret"])


@pytest.mark.parametrize("request_id", ["2066ca19-c6f1-498a-be75-1923005edd06", None])
@pytest.mark.parametrize(
    "resource_id",
    [
        "123456789012",
        "ORD01JQ4S4KY8HWQ6NA5PXB65B3D3",
        "2c938084726fca480172750000000000",
        "0d5020ed-1af6-469c-ae06-c3bec19954bb",
        None,
    ],
)
def test_the_signature_holds_for_every_shape_of_id(seller, resource_id, request_id):
    secret = seller.credentials["webhook_secret"]
    question = {"secret": secret, "id": resource_id, "request_id": request_id, "ts": int(time.time())}
    signer = subprocess.run(
        [os.environ["PASARELA_SIGNER"]], input=json.dumps(question).encode(), stdout=subprocess.PIPE, check=True
    )
    signed = json.loads(signer.stdout)
    WebhookSignatureValidator.validate(
        signed["x_signature"], request_id, signed["data_id"], secret, tolerance_seconds=600
    )
    with pytest.raises(InvalidWebhookSignatureError):
        WebhookSignatureValidator.validate(signed["x_signature"], request_id, "other", secret)
