"""Tries to pass a word between two sandboxes that run at the same time, by record locks on a file that both may read.

A read lock needs no right to write, and a question for a write lock (F_GETLK) says who is in the way, even on a
descriptor that only reads. Locks of open file descriptions (F_OFD_SETLK) do the same.
Breach: the listener sees the lock of the other sandbox.
"""

import fcntl
import os
import struct
import time

GETLK, SETLK, OFD_GETLK, OFD_SETLK = 5, 6, 36, 37
PLACE = 4242


def lock(kind):
    return struct.pack("hhqqi4x", kind, os.SEEK_SET, PLACE, 1, 0)


def send(paths, until):
    files = [os.open(path, os.O_RDONLY) for path in paths]
    for file in files:
        for command in (SETLK, OFD_SETLK):
            try:
                fcntl.fcntl(file, command, lock(fcntl.F_RDLCK))
            except OSError:
                pass
    time.sleep(max(0, until - time.time()))
    for file in files:
        os.close(file)


def listen(paths, until):
    while time.time() < until:
        for path in paths:
            file = os.open(path, os.O_RDONLY)
            for command in (GETLK, OFD_GETLK):
                try:
                    answer = fcntl.fcntl(file, command, lock(fcntl.F_WRLCK))
                except OSError:
                    continue
                # A question that is not answered comes back as it was asked.
                if struct.unpack("hhqqi4x", answer)[0] == fcntl.F_RDLCK:
                    return True
            os.close(file)
        time.sleep(0.02)
    return False
