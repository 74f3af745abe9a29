"""slow.py URL TOKEN N SECONDS: N clients that send and read a byte a second: a third of them their heads, a third their
bodies, and a third the answer."""

import socket
import sys
import time

url, token, count, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
host, port = url.removeprefix("http://").rstrip("/").split(":")
head = f"POST /api/v1/jobs HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\n"
starts = [
    head,
    head + "Content-Type: application/json\r\nContent-Length: 4096\r\n\r\n" + " " * 1000,
    head.replace("POST /api/v1/jobs", "GET /api/v1/jobs?limit=200") + "\r\n",
]
clients = []
for number in range(count):
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect((host, int(port)))
    client.setblocking(False)
    client.sendall(starts[number % 3].encode())
    clients.append((number % 3, client))
for _ in range(seconds):
    time.sleep(1)
    for kind, client in clients:
        try:
            client.recv(1) if kind == 2 else client.send(b"x")
        except OSError:
            pass
