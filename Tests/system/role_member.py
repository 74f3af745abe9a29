"""Somebody who adds roles, and their pages."""

import re
import secrets

from browsing import Browser
from processes import wait_for
from region import REGION

ACCOUNT = "000000000000"


class Member:
    """Somebody with a browser and a token, who adds roles."""

    def __init__(self, instance):
        self.instance = instance
        self.email, password, self.api = instance.add_member("role-" + secrets.token_hex(4))
        self.browser = Browser(instance.url)
        assert self.browser.sign_in(self.email, password).status_code == 303
        self.id = instance.sql(f"SELECT id FROM people WHERE email = '{self.email}'")

    def external_id(self, account: str = ACCOUNT) -> str:
        fields = self.browser.form("/credentials/roles", "/credentials/external-ids") | {"account": account}
        answer = self.browser.post("/credentials/external-ids", fields)
        assert answer.status_code == 303, answer.text
        return re.search(r'id="external-id">([0-9a-f]{40})<', self.browser.get(answer.headers["Location"]).text).group(1)

    def add(self, arn: str, region: str = REGION, name: str | None = None):
        fields = self.browser.form("/credentials/roles", "/credentials/roles") | {
            "name": name or "role " + secrets.token_hex(4), "region": region, "role_arn": arn, "is_default": "yes"}
        return self.browser.post("/credentials/roles", fields)

    def health(self, arn: str) -> tuple[str, str]:
        """Once it has been checked."""
        where = f"owner = '{self.id}' AND role_arn = '{arn}' ORDER BY created_at DESC LIMIT 1"
        wait_for(lambda: self.instance.sql(f"SELECT health FROM credentials WHERE {where}") != "unchecked")
        return tuple(self.instance.sql(f"SELECT health, coalesce(health_detail, '') FROM credentials WHERE {where}").split("|"))
