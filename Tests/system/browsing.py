"""A portal's pages as a browser without JavaScript uses them."""

import base64
import hashlib
import hmac
import html.parser
import re
import struct
import time

import requests


class Forms(html.parser.HTMLParser):
    """The forms of a page, each with its action and the values that a browser would send unchanged."""

    def __init__(self, text: str):
        super().__init__()
        self.forms: list[dict] = []
        self._text: str | None = None
        self._select: str | None = None
        self.feed(text)

    def handle_starttag(self, tag, pairs):
        at = dict(pairs)
        if tag == "form":
            self.forms.append({"action": at.get("action", ""), "method": at.get("method", "get"), "fields": {}})
        if not self.forms:
            return
        fields = self.forms[-1]["fields"]
        name = at.get("name")
        if tag == "input" and name:
            if at.get("type") in ("checkbox", "radio") and "checked" not in at:
                return
            if at.get("type") in ("file", "submit"):
                return
            fields[name] = at.get("value") or ""
        elif tag == "textarea" and name:
            fields[name] = ""
            self._text = name
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            if self._select not in fields or "selected" in at:
                fields[self._select] = at.get("value") or ""

    def handle_endtag(self, tag):
        if tag == "textarea":
            self._text = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data):
        if self._text and self.forms:
            self.forms[-1]["fields"][self._text] += data


class Browser:
    """Cookies and forms by hand: Python's cookie jar does not send Secure cookies over plain http."""

    def __init__(self, url: str):
        self.url = url
        self.cookies: dict[str, str] = {}
        self.http = requests.Session()
        self.http.trust_env = False

    def request(self, method: str, path: str, **options) -> requests.Response:
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        headers |= {"Sec-Fetch-Site": "same-origin", "Origin": self.url} if method != "GET" else {}
        headers |= options.pop("headers", {})
        headers = {name: value for name, value in headers.items() if value}
        options.setdefault("timeout", 60)
        answer = self.http.request(method, self.url + path, headers=headers, allow_redirects=False, **options)
        for cookie in answer.raw.headers.getlist("Set-Cookie"):
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value
            if not value or "max-age=0" in cookie.lower():
                del self.cookies[name]
        self.http.cookies.clear()
        return answer

    def get(self, path: str, **options) -> requests.Response:
        return self.request("GET", path, **options)

    def form(self, path: str, action: str | None = None) -> dict[str, str]:
        """The fields of the page's form with that action."""
        page = self.get(path)
        assert page.status_code == 200, f"{path}: {page.status_code}"
        for form in Forms(page.text).forms:
            if form["method"].lower() == "post" and form["action"] == (action or path):
                return form["fields"]
        raise AssertionError(f"{path} has no form for {action or path}")

    def post(self, path: str, fields: dict, **options) -> requests.Response:
        return self.request("POST", path, data=fields, **options)

    def sign_in(self, email: str, password: str) -> requests.Response:
        fields = self.form("/sign-in") | {"email": email, "password": password}
        return self.post("/sign-in", fields)


def one_time_password(secret: str, step: int | None = None) -> str:
    """The code of an authenticator (RFC 6238) for a base32 secret."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    step = int(time.time()) // 30 if step is None else step
    mac = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


class Admin(Browser):
    """An admin's browser. Each code of the second factor is good once, so that it signs in again with recovery codes."""

    def __init__(self, url: str, email: str, password: str):
        super().__init__(url)
        self.email, self.password = email, password
        self.secret, self.recovery_codes = "", []
        self.proven = float("inf")

    def request(self, method: str, path: str, **options) -> requests.Response:
        """Signs in again before the last proof of who it is gets too old for what is dangerous."""
        if method == "GET" and time.monotonic() - self.proven > 400:
            self.proven = time.monotonic()
            assert self.sign_in_again().status_code == 303
        return super().request(method, path, **options)

    def enrol(self):
        assert self.sign_in(self.email, self.password).headers["Location"] == "/jobs"
        assert self.get("/jobs").headers["Location"] == "/settings/second-factor"
        page = self.get("/settings/second-factor").text
        self.secret = re.search(r"[?]secret=([A-Z2-7]+)", page).group(1)
        [form] = [form for form in Forms(page).forms if form["action"] == "/settings/second-factor"]
        done = self.post("/settings/second-factor", form["fields"] | {"code": one_time_password(self.secret)})
        assert done.status_code == 200, done.status_code
        self.recovery_codes = re.findall(r"<li><code>([a-z0-9-]+)</code>", done.text)
        self.proven = time.monotonic()

    def sign_in_again(self) -> requests.Response:
        self.cookies.clear()
        page = self.sign_in(self.email, self.password)
        [form] = [form for form in Forms(page.text).forms if form["action"] == "/sign-in/code"]
        code = self.recovery_codes.pop() if self.recovery_codes else one_time_password(self.secret)
        answer = self.post("/sign-in/code", form["fields"] | {"code": code})
        self.proven = time.monotonic()
        return answer

    def act(self, path: str, page: str, **fields) -> requests.Response:
        """Sends the page's form with that action, with these fields changed."""
        return self.post(path, self.form(page, path) | fields)
