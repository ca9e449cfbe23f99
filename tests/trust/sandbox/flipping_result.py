"""Tries to have one result judged and another kept: a process that stays writes to result.json without end.

It is in a session of its own, ignores every signal that can be ignored, holds the file as a shared mapping, and has
sent the descriptor to a second one over a socket, which writes to it as well.
Breach: after the end the file changes, or its hash is not that which was collected.
"""

import array
import mmap
import os
import signal
import socket
import time

PAIR = [b'{"p": 0.00001}', b'{"p": 0.99999}']
with open("result.json", "wb") as made:
    made.write(PAIR[0])


def alone():
    os.setsid()
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass


one, other = socket.socketpair()
file = os.open("result.json", os.O_RDWR)
if os.fork() == 0:
    alone()
    one.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file]))])
    shared = mmap.mmap(file, len(PAIR[0]))
    while True:
        for text in PAIR:
            shared[:] = text
if os.fork() == 0:
    alone()
    _, sent, _, _ = other.recvmsg(1, socket.CMSG_SPACE(4))
    theirs = array.array("i", sent[0][2])[0]
    while True:
        for text in PAIR:
            os.pwrite(theirs, text, 0)
time.sleep(0.2)
os._exit(0)
