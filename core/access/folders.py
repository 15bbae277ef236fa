"""Folders that hold what is nobody else's business."""

from __future__ import annotations

import stat
from pathlib import Path

import structlog

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_private(folder: Path) -> None:
    """Make a folder that its owner alone may enter, and close one that others may; what cannot be closed is logged."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    mode = stat.S_IMODE(folder.stat().st_mode)
    if not mode & OTHERS:
        return
    log = structlog.get_logger(__name__)
    try:
        folder.chmod(mode & ~OTHERS)
    except PermissionError:
        # Of somebody else, as volumes are that a machine hands to a group.
        log.warning("other users of this computer may enter the data folder", folder=str(folder), mode=f"{mode:o}")
    else:
        log.info("the data folder is closed to other users of this computer", folder=str(folder), mode=f"{mode:o}")
