"""Tries to keep more in the workspace than its limit, by moving it about under the eyes of what measures it.

The lab adds up the workspace from outside, folder after folder. A watch on the folders tells in which order, and
where it is. So the files stand in the folder that comes last, and are moved to the one that came first once half of
the others are done: they are seen in neither. What is there at the end is removed before.
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
OPENED, FOLDER = 0x20, 0x40000000
FOLDERS = 300
LIMIT = 32 << 20

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
watcher = LIBC.inotify_init1(0)
if watcher < 0:
    sys.exit("no watch can be set")
names = {}
for number in range(FOLDERS):
    name = f"f{number:03}"
    os.mkdir(name)
    names[LIBC.inotify_add_watch(watcher, name.encode(), OPENED)] = name


def opened_folders():
    while True:
        events = os.read(watcher, 1 << 16)
        at = 0
        while at < len(events):
            watch, mask, _, length = struct.unpack_from("iIII", events, at)
            at += 16 + length
            if mask & OPENED and watch in names:
                yield names[watch]


# The order in which the folders are visited, from two rounds that say the same.
order, visits = [], opened_folders()
signal.alarm(10)
while True:
    this = []
    for name in visits:
        if name in this:
            continue
        this.append(name)
        if len(this) == FOLDERS:
            break
    if this == order:
        break
    order = this
signal.alarm(0)
early, late, warning = order[2], order[-1], order[FOLDERS // 2]
place = late + "/hidden"
os.mkdir(place)
done = False


def keep_away():
    global place
    for name in visits:
        if done:
            return
        if name == warning and place.startswith(late):
            os.rename(place, early + "/hidden")
            place = early + "/hidden"
        elif name == late and place.startswith(early):
            os.rename(place, late + "/hidden")
            place = late + "/hidden"


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
