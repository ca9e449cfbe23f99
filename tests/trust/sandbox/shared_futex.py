"""Tries to pass a word between two sandboxes that run at the same time, by a futex in a file that both may read.

The kernel finds the waiters of a shared mapping by its file and its offset, and to wait or to wake needs no right to
write. Memory, locks and sockets of the two are apart, and still one wakes the other.
Breach: the listener is woken, or the sender is told that it woke somebody.
"""

import ctypes
import os
import time

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.mmap.restype = ctypes.c_void_p
LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
FUTEX = {"x86_64": 202, "aarch64": 98}[os.uname().machine]
WAIT, WAKE = 0, 1


class Time(ctypes.Structure):
    _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]


def shared_word(path):
    file = os.open(path, os.O_RDONLY)
    place = LIBC.mmap(None, 4096, 1, 1, file, 0)
    os.close(file)
    return None if place in (None, ctypes.c_void_p(-1).value) else place


def futex(place, operation, value, wait=None):
    return LIBC.syscall(ctypes.c_long(FUTEX), ctypes.c_void_p(place), operation, ctypes.c_uint32(value), wait, None, 0)


def send(paths, until):
    words = [word for word in map(shared_word, paths) if word]
    while time.time() < until:
        for word in words:
            futex(word, WAKE, 1)
        time.sleep(0.01)


def listen(paths, until):
    words = [word for word in map(shared_word, paths) if word]
    pause = Time(0, 50_000_000)
    while time.time() < until and words:
        for word in words:
            there = ctypes.c_uint32.from_address(word).value
            if futex(word, WAIT, there, ctypes.byref(pause)) == 0:
                return True
    return False
