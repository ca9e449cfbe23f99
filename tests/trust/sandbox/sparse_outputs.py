"""Tries to leave more than the workspace may hold, in files with holes: they take no room until somebody copies them.

The limit counts blocks on the disk. What is kept is read, hashed, put into archives and sent elsewhere in full.
Breach: the files that are collected are together larger than the workspace's limit.
"""

LIMIT = 8 << 20
for number in range(4):
    with open(f"{number}.bin", "wb") as file:
        file.truncate(3 * LIMIT)
print("left")
