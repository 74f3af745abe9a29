"""Every page in light and dark, at 360, 1,440 and 1,920 px: nothing that axe-core objects to, nothing that makes the page
itself scroll sideways. A new page is one line in MEMBER or ADMIN."""

import pathlib
import secrets

import axe_playwright_python
import pytest

from test_browser import chromium  # noqa: F401 (fixture)

AXE = (pathlib.Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}

# What a page is called here, and its address; {…} are of the fixture `there`.
ANYBODY = {
    "sign in": "/sign-in",
    "first admin": "/first-admin",
}
MEMBER = {
    "jobs": "/jobs",
    "jobs, searched in vain": "/jobs?q=nothing-is-called-so",
    "jobs, search that cannot be read": "/jobs?q=status:asleep",
    "jobs, narrowed": "/jobs?settled=true&limit=2",
    "new job": "/jobs/new",
    "new job, again": "/jobs/new?from={succeeded}",
    "job, succeeded": "/jobs/{succeeded}",
    "job, out of memory": "/jobs/{failed}",
    "job, running": "/jobs/{running}",
    "abort": "/jobs/{running}/abort",
    "aborts": "/aborts?ids={running},{succeeded}",
    "delete": "/jobs/{succeeded}/delete",
    "delete, too early": "/jobs/{running}/delete",
    "log": "/jobs/{succeeded}/log",
    "outputs": "/jobs/{succeeded}/outputs?show=table.csv",
    "array": "/jobs/{array}",
    "children": "/jobs/{array}/children",
    "children, failed": "/jobs/{array}/children?status=Failed",
    "child": "/jobs/{array}/children/1",
    "child's log": "/jobs/{array}/children/1/log",
    "results": "/jobs/{array}/results",
    "new job, a map's rest again": "/jobs/new?from={array}&elementsOnly=missing",
    "upload, announced": "/uploads/new?environment={environment}",
    "upload, to be sent": "/uploads/{upload}",
    "upload, being checked": "/uploads/{upload}?etag=x",
    "environments": "/environments",
    "environment": "/environments/{environment_id}",
    "credentials": "/credentials",
    "role, new": "/credentials/roles",
    "role, what to paste": "/credentials/roles?account={account}",
    "tokens": "/tokens",
    "settings": "/settings",
    "not found": "/jobs/none",
}
ADMIN = {
    "environment, to be checked": "/environments/{environment_id}",
    "environments, all": "/environments",
    "environment, new": "/environments/new",
    "environment, edited": "/environments/{environment_id}/edit",
    "audit": "/admin/audit",
    "people": "/admin/people",
    "teams": "/admin/teams",
    "limits": "/admin/limits",
    "system": "/admin/system",
    "vault": "/admin/vault",
    "credentials' health": "/admin/credentials",
    "set up AWS": "/environments/set-up",
}
SIZES = {360: 800, 1440: 900, 1920: 1080}
OUTPUT = """import os, json
print('a line'); print('\\x1b[31mred\\x1b[0m')
open('output/table.csv', 'w').write('name,value\\na,1\\nb,2\\n')
open('output/note.txt', 'w').write('text')
open('output/plot.svg', 'w').write('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>')
json.dump({'a': [1, 2]}, open(os.environ['BATCHPORT_RESULT'], 'w'))
"""


@pytest.fixture(scope="module")
def there(instance):
    """Something to look at."""
    api, browser = instance.api(), instance.signed_in()
    job = api.job(OUTPUT, name="a job with " + "a-long-name-" * 6, tags={"stage": "test"}, inputFiles={"in.txt": {"base64": "eA=="}})
    succeeded = api.submitted(job)
    failed = api.submitted(api.job("b = bytearray()\nwhile True: b += b'x' * 10_000_000", settings={"memory": 128}))
    source = "def f(x):\n    if x == 3: raise ValueError('no')\n    return {'of': x}"
    array = api.submitted(api.job(source, jobType="Array", elements=list(range(12)), method={"childJobs": 4}))
    fields = browser.form(f"/uploads/new?environment={instance.environment}", "/uploads") | {"name": "big.bin"}
    upload = browser.post("/uploads", fields).headers["Location"].rsplit("/", 1)[1]
    api.wait(succeeded)
    api.wait(failed)
    api.wait(array, seconds=240)
    running = api.submitted(api.job("import time; time.sleep(600)"))
    api.wait(running, lambda job: job["displayStatus"] == "Running")
    fields = browser.form("/credentials/roles", "/credentials/external-ids") | {"account": "000000000000"}
    assert browser.post("/credentials/external-ids", fields).status_code == 303
    environment_id = instance.sql(f"SELECT id FROM environments WHERE name = '{instance.environment}'")
    yield {"succeeded": succeeded, "failed": failed, "running": running, "array": array, "upload": upload,
           "account": "000000000000", "environment": instance.environment, "environment_id": environment_id}
    api.post(f"/jobs/{running}/abort", {})


@pytest.fixture(scope="module")
def readers(chromium, instance):  # noqa: F811
    """A page of each kind of reader, signed in, with what they look at."""
    admin = instance.add_admin("axe-" + secrets.token_hex(4))
    found = []
    for who, paths in ((None, ANYBODY), (instance.demo["member"], MEMBER), (admin, ADMIN)):
        page = chromium.new_context(base_url=instance.url).new_page()
        if who:
            email, password = (who.email, who.password) if who is admin else (who["email"], who["password"])
            page.goto("/sign-in")
            page.get_by_label("E-mail address").fill(email)
            page.get_by_label("Password").fill(password)
            page.get_by_role("button", name="Sign in").click()
        if who is admin:
            page.get_by_label("Code").fill(admin.recovery_codes.pop())
            page.get_by_role("button", name="Sign in").click()
        if who:
            page.wait_for_url("**/jobs")
        found.append((page, paths))
    yield found
    for page, _ in found:
        page.context.close()


def objections(page, path: str) -> list[str]:
    page.goto(path)
    page.evaluate(AXE)
    # What passed stays there: it is a thousand times more, and is never looked at.
    found = page.evaluate("async rules => (await axe.run(document, rules)).violations", RULES)
    faults = [f"{rule['id']} ({rule['help']}): {node['target']} {node.get('failureSummary', '')}"
              for rule in found for node in rule["nodes"][:3]]
    wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    if wide[0] > wide[1]:
        culprit = page.evaluate("""() => [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1
            && !e.closest('.scroll, .vh')).slice(0, 3).map(e => e.outerHTML.slice(0, 120))""")
        faults.append(f"scrolls sideways, {wide[0]} px in {wide[1]}: {culprit}")
    outside = page.evaluate("""() => [...document.querySelectorAll('.nav a')].filter(a => {
        const at = a.getBoundingClientRect(); return at.left < 0 || at.right > innerWidth;
    }).map(a => a.textContent)""")
    if outside:
        faults.append(f"sections outside the window: {outside}")
    return faults


@pytest.mark.parametrize("width", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page(there, readers, scheme, width):
    found = {}
    for page, paths in readers:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": SIZES[width]})
        for name, path in paths.items():
            if faults := objections(page, path.format(**there)):
                found[name] = faults
    assert not found, "\n".join(f"{name}: {fault}" for name, faults in found.items() for fault in faults)


def test_axe_objects_to_what_is_wrong(chromium, instance):  # noqa: F811
    """The test itself: a page with a fault is found out."""
    page = chromium.new_context(base_url=instance.url, viewport={"width": 360, "height": 800}).new_page()
    page.route("**/broken", lambda route: route.fulfill(
        content_type="text/html", body="<!doctype html><html><body><img src=x><div style='width:999px'>wide</div></body></html>"))
    faults = " ".join(objections(page, "/broken"))
    assert "image-alt" in faults and "html-has-lang" in faults and "scrolls sideways" in faults
    page.context.close()
