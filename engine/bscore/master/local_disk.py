"""Whether a directory stands on a disk that only this kernel has mounted."""

from __future__ import annotations

import os
from pathlib import Path

#: File systems that one kernel at a time can write. Whatever else (nfs, cifs, lustre, fuse) may be shared.
LOCAL = frozenset({"btrfs", "ext2", "ext3", "ext4", "f2fs", "jfs", "overlay", "tmpfs", "xfs", "zfs"})


def is_on_local_disk(path: Path) -> bool:
    """What the kernel's mounts say; False where they cannot be read."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text(errors="surrogateescape")
    except OSError:
        return False
    return file_system_of(os.path.realpath(path), mounts) in LOCAL


def file_system_of(path: str, mountinfo: str) -> str:
    """The type of the file system that holds a path, by the lines of /proc/self/mountinfo; "" for unknown."""
    best, found = -1, ""
    for line in mountinfo.splitlines():
        fields, _, rest = line.partition(" - ")
        parts = fields.split()
        if len(parts) < 5 or not rest:
            continue
        point = _unescaped(parts[4])
        # Of two mounts on one point the later hides the earlier.
        if len(point) >= best and (path + "/").startswith(point.rstrip("/") + "/"):
            best, found = len(point), rest.split()[0]
    return found


def _unescaped(text: str) -> str:
    """Blanks and backslashes stand as three octal digits."""
    first, *others = text.split("\\")
    return first + "".join(chr(int(part[:3], 8)) + part[3:] for part in others)
