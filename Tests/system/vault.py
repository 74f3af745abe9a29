"""The vault of an installation as its operator and an attacker find it: key files, dump, processes and their memory."""

import base64
import os
import pathlib
import subprocess


def spellings(secret: str) -> list[bytes]:
    """A key of hexadecimal digits, as it might be written anywhere."""
    raw = bytes.fromhex(secret)
    return [raw, secret.encode(), secret.upper().encode(), base64.b64encode(raw).rstrip(b"="),
            base64.urlsafe_b64encode(raw).rstrip(b"=")]


def key_file(instance, name: str) -> str:
    return (instance.state / "keys" / name).read_text().strip()


def dump(instance) -> bytes:
    host = instance.setting("migrate.conf", "migrate.database").split("host=")[1].split()[0]
    environment = {"PATH": os.environ["PATH"], "PGPASSFILE": str(instance.state / "keys/postgres.pgpass")}
    call = ["pg_dump", "-h", host, "-U", "postgres", "batchport"]
    return subprocess.run(instance.call_as_service(call), env=environment, capture_output=True, check=True, cwd="/").stdout


def processes(instance) -> list[int]:
    """All of the instance's."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if str(instance.state).encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def memory(pid: int):
    """A process's memory, range by range; for root."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            if "r" not in line.split()[1] or "[v" in line:
                continue
            try:
                mem.seek(start)
                yield mem.read(end - start)
            except (OSError, ValueError, OverflowError):
                continue
