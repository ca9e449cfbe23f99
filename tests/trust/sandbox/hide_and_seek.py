"""Tries to keep more in the workspace than its limit, by moving it about under the eyes of what measures it.

The lab adds up the workspace from outside, folder after folder, in an order that a listing shows. A watch on the
folders tells where it is. So the files stand in the folder that comes last, and are moved to one that was early once
most of the others are done: they are seen in neither. What is there at the end is removed before.
Breach: three times the limit was on the disk for a second, and the script came to its end.
"""

import ctypes
import os
import signal
import struct
import sys
import threading
import time

LIBC = ctypes.CDLL(None, use_errno=True)
OPENED = 0x20
FOLDERS = 2000
LIMIT = 32 << 20

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
watcher = LIBC.inotify_init1(0)
if watcher < 0:
    sys.exit("no watch can be set")
names = {}
for number in range(FOLDERS):
    name = f"f{number:04}"
    os.mkdir(name)
    names[LIBC.inotify_add_watch(watcher, name.encode(), OPENED)] = name


def opened_folders():
    while True:
        events = os.read(watcher, 1 << 16)
        at = 0
        while at < len(events):
            watch, mask, _, length = struct.unpack_from("iIII", events, at)
            at += 16 + length
            # Without a name it is the folder itself.
            if mask & OPENED and length == 0 and watch in names:
                yield names[watch]


# What measures puts the folders on a pile in the order of the listing.
order = [name for name in reversed(os.listdir(".")) if name.startswith("f")]
first, early, warning, late = order[0], order[FOLDERS // 3], order[2 * FOLDERS // 3], order[-1]
place = late + "/hidden"
os.mkdir(place)
done = False


def keep_away():
    global place
    for name in opened_folders():
        if done:
            return
        to = early if name == warning else late if name == first else None
        if to and not place.startswith(to):
            os.rename(place, to + "/hidden")
            place = to + "/hidden"


threading.Thread(target=keep_away, daemon=True).start()
room = os.open(place, os.O_RDONLY)
hidden = lambda path, flags: os.open(path, flags, dir_fd=room)
written = 0
for number in range(3 * LIMIT >> 20):
    with open(str(number), "wb", opener=hidden) as file:
        file.write(bytes([number]) * (1 << 20))
    written += 1 << 20
    time.sleep(0.005)
time.sleep(1)
for number in range(3 * LIMIT >> 20):
    os.unlink(str(number), dir_fd=room)
done = True
print("THROUGH", written >> 20, "MiB in a workspace of", LIMIT >> 20, "MiB")
