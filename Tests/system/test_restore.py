"""A backup, taken and brought back as an operator would: with pg_dump and pg_restore (trust.md R25)."""

from portal import CLEAN
from processes import wait_for, without
from region import Region
from test_incidents import accepted


def dump_tool(instance, *call: str):
    """PostgreSQL's own programs, as the cluster's superuser."""
    host = instance.setting("migrate.conf", "migrate.database").split("host=")[1].split()[0]
    environment = {**CLEAN, "PGPASSFILE": str(instance.state / "keys/postgres.pgpass")}
    done = instance.as_service([call[0], "-h", host, "-U", "postgres", *call[1:]], env=environment)
    assert done.returncode == 0, done.stderr


def restore(instance, dump: str):
    instance.sql("DROP DATABASE batchport WITH (FORCE)", "postgres")
    instance.sql("CREATE DATABASE batchport OWNER batchport_migrate", "postgres")
    instance.sql("REVOKE ALL ON DATABASE batchport FROM PUBLIC; "
                 "GRANT CONNECT ON DATABASE batchport TO batchport_web, batchport_worker", "postgres")
    dump_tool(instance, "pg_restore", "--exit-on-error", "-d", "batchport", dump)


def test_r25_a_restored_database_sends_nothing_again(new_instance):
    instance, region = new_instance, Region.of(new_instance)
    api, dump = instance.api(), str(new_instance.state / "run/batchport.dump")
    before = api.submitted(api.job("print('before')"))
    assert api.wait(before)["displayStatus"] == "Succeeded"
    with without(instance, "worker"):
        # What the dump knows as not sent yet, and will have been sent and over when it is brought back.
        waiting = [api.submitted(api.job(f"print({number})")) for number in range(5)]
        dump_tool(instance, "pg_dump", "-Fc", "-f", dump, "batchport")
    assert [api.wait(job)["displayStatus"] for job in waiting] == ["Succeeded"] * 5
    after = api.submitted(api.job("print('after')"))
    assert api.wait(after)["displayStatus"] == "Succeeded"

    with without(instance, "web"), without(instance, "worker"):
        restore(instance, dump)
    wait_for(lambda: api.get("/me").status_code == 200)
    assert [api.wait(job)["displayStatus"] for job in waiting] == ["Succeeded"] * 5
    assert [api.log(job) for job in waiting] == [f"{number}\n" for number in range(5)]
    assert api.log(before) == "before\n"
    assert [accepted(region, job) for job in [before, *waiting, after]] == [1] * 7
    # What was submitted after the dump is unknown here, and still AWS's.
    assert api.get(f"/jobs/{after}").status_code == 404
    again = api.submitted(api.job("print('again')"))
    assert api.wait(again)["displayStatus"] == "Succeeded" and api.log(again) == "again\n"


def test_s62_a_dump_taken_under_row_level_security_fails_loudly(instance):
    host = instance.setting("migrate.conf", "migrate.database").split("host=")[1].split()[0]
    done = instance.as_service(
        ["pg_dump", "-h", host, "-U", "batchport_web", "batchport"],
        env={**CLEAN, "PGPASSFILE": str(instance.state / "web/web.pgpass")})
    assert done.returncode != 0 and ("row-level security" in done.stderr or "permission denied" in done.stderr), done.stderr
