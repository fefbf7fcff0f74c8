"""OAuth: `sdk.oauth()` exchanges and refreshes; the secret of the application may be its access token."""

import os
import re
import urllib.parse
import uuid

import mercadopago
import requests
from conftest import Seller

SERVER = os.environ["PASARELA_SERVER"].rstrip("/")
BACK = "https://market.example/back"


def word(page):
    return re.search(r'name="word" value="([0-9a-f]+)"', page.text).group(1)


def granted_code(client_id):
    """The code that the marketplace gets once a new seller has said yes."""
    browser = requests.Session()
    browser.trust_env = False
    page = browser.get(f"{SERVER}/panel/signup")
    fields = {"word": word(page), "site": "MLA", "email": f"seller-{uuid.uuid4()}@example.com", "seller": "Tienda"}
    page = browser.post(f"{SERVER}/panel/signup", data=fields | {"password": "correct horse", "terms": "yes"})
    assert page.status_code == 200
    address = f"{SERVER}/authorization?client_id={client_id}&response_type=code&platform_id=mp&redirect_uri={urllib.parse.quote(BACK, safe='')}"
    page = browser.get(address)
    answer = browser.post(address, data={"word": word(page), "answer": "allow"})
    to = urllib.parse.urlparse(answer.headers["refresh"].removeprefix("0; url="))
    return urllib.parse.parse_qs(to.query)["code"][0]


def test_a_seller_is_let_in_and_the_token_is_refreshed():
    market = Seller("MLA", "live")
    credentials = market.credentials
    changed = requests.put(
        f"{SERVER}/v1/applications/{credentials['client_id']}",
        json={"redirect_url": BACK},
        headers={"Authorization": f"Bearer {credentials['access_token']}"},
        proxies={"http": "", "https": ""},
        timeout=120,
    )
    assert changed.status_code == 200, changed.text
    code = granted_code(credentials["client_id"])
    proof = {"client_id": credentials["client_id"], "client_secret": credentials["client_secret"]}
    granted = market.sdk.oauth().create(proof | {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "test_token": "true"})
    assert granted["status"] == 200, granted
    token = granted["response"]
    assert token["live_mode"] is False
    me = mercadopago.SDK(token["access_token"]).user().get()
    assert me["response"]["id"] == token["user_id"]
    # As other SDKs have it: the marketplace's access token is its secret, and no application is named.
    refreshed = market.sdk.oauth().refresh(
        {"grant_type": "refresh_token", "client_secret": credentials["access_token"], "refresh_token": token["refresh_token"]}
    )
    assert refreshed["status"] == 200, refreshed
    assert refreshed["response"]["access_token"] != token["access_token"]
