"""Tries to pass a word between two sandboxes that run at the same time, by which pages of a file are in memory.

One has the pages of a file dropped (POSIX_FADV_DONTNEED needs no right to write) and later leaves them alone; the
other asks for a page without waiting (RWF_NOWAIT), which fails exactly where the page is not there.
Breach: the listener misses the page in the first half of the time, and not in the second.
"""

import os
import time


def send(paths, until):
    middle = (time.time() + until) / 2
    files = [os.open(path, os.O_RDONLY) for path in paths]
    while time.time() < middle:
        for file in files:
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        time.sleep(0.002)
    time.sleep(max(0, until - time.time()))


def listen(paths, until):
    middle = (time.time() + until) / 2
    files = {path: os.open(path, os.O_RDONLY) for path in paths}
    missed = {path: [0, 0] for path in paths}
    while time.time() < until:
        for path, file in files.items():
            try:
                os.preadv(file, [bytearray(64)], 0, os.RWF_NOWAIT)
            except BlockingIOError:
                missed[path][time.time() >= middle] += 1
            except OSError:
                pass
        time.sleep(0.01)
    return any(first >= 5 and second <= first // 4 for first, second in missed.values())
