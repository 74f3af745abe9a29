"""listen.py SOCKET PROGRAM WORDS…: the program with a listening UNIX socket as its standard input."""

import os
import socket
import sys

listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(512)
os.dup2(listener.fileno(), 0)
os.set_inheritable(0, True)
os.execv(sys.argv[2], sys.argv[2:])
