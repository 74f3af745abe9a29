"""Secrets that must not turn up anywhere, and the many ways to write one down."""

import base64
import pathlib
import re
import urllib.parse


def forms(secret: bytes) -> set[bytes]:
    """As it is, in hexadecimal, in base64 wherever it stands among other bytes, as in an address."""
    found = {secret, secret.hex().encode(), secret.hex().upper().encode(), urllib.parse.quote(secret, safe="").encode()}
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + secret)
        # Its first and last letters depend on what stands around it.
        inner = text[(shift * 8 + 5) // 6:len(text.rstrip(b"=")) - 1]
        found |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return {form for form in found if len(form) >= 12}


class Canaries:
    """Secrets by name."""

    def __init__(self):
        self.forms: dict[str, set[bytes]] = {}

    def add(self, name: str, secret: str | bytes) -> str | bytes:
        raw = secret.encode() if isinstance(secret, str) else secret
        self.forms[name] = forms(raw)
        return secret

    def add_hex(self, name: str, digits: str):
        """A key that stands in its file as hexadecimal digits."""
        self.forms[name] = forms(bytes.fromhex(digits.strip()))

    def among(self, data: bytes) -> set[str]:
        return {name for name, ways in self.forms.items() if any(way in data for way in ways)}

    def among_files(self, folder: pathlib.Path) -> list[str]:
        found = []
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                found += [f"{name} in {path}" for name in self.among(path.read_bytes())]
        return found

    def in_memory(self, pid: int) -> set[str]:
        """In all that the process could read of its own memory: what gcore would write into its image."""
        found, tail = set(), b""
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            for line in maps:
                span = re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line)
                if not span or "[v" in line:
                    continue
                start, end = (int(edge, 16) for edge in span.groups())
                memory.seek(start)
                tail = b""
                while start < end:
                    piece = memory.read(min(end - start, 64 << 20))
                    if not piece:
                        break
                    found |= self.among(tail + piece)
                    tail, start = piece[-8192:], start + len(piece)
        return found
