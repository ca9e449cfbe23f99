"""Tries to pass a word between two sandboxes that run at the same time, by watching a file that both may read.

A watch belongs to the file itself and not to the tree in which it is seen, so that it also tells who opens the file
from another sandbox, and how often.
Breach: the listener is told that the other sandbox opens the file.
"""

import ctypes
import os
import time

LIBC = ctypes.CDLL(None, use_errno=True)
OPENED = 0x20
ENOUGH = 20


def send(paths, until):
    while time.time() < until:
        for path in paths:
            os.close(os.open(path, os.O_RDONLY))
        time.sleep(0.005)


def listen(paths, until):
    watcher = LIBC.inotify_init1(os.O_NONBLOCK)
    if watcher < 0:
        return False
    for path in paths:
        LIBC.inotify_add_watch(watcher, path.encode(), OPENED)
    told = 0
    while time.time() < until:
        try:
            # Events without a name have 16 bytes.
            told += len(os.read(watcher, 1 << 14)) // 16
        except OSError:
            time.sleep(0.02)
    os.close(watcher)
    return told >= ENOUGH
