"""Seals every secret anew with the newest key, while the house runs: `python -m core.access.rotate`.

1. Put a new key in front of the others in BRIDGECAST_SECRET_KEY (or its file) and start both processes again.
2. Run this. It may be repeated, and ended at any moment.
3. Take the old key away, and start again.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from core.access.keys import open_keys
from core.access.secrets import Secrets
from core.errors import BridgecastError, SecretsLost
from core.settings import read_settings
from core.store import Store
from core.store.connections import every_connection, keep_sealed


@dataclass(frozen=True)
class Rotation:
    """What was sealed anew, how much had the newest key before, and which connections cannot be opened."""

    renewed: int
    untouched: int
    lost: tuple[str, ...]


def rotate(store: Store, secrets: Secrets) -> Rotation:
    """Seal every connection's secrets with the newest key, all or none of them."""
    renewed, untouched, lost = 0, 0, []
    with store.write() as session:
        for row in every_connection(session):
            if secrets.is_newest(row.secrets):
                untouched += 1
                continue
            try:
                keep_sealed(session, row, secrets.renew(row.secrets))
                renewed += 1
            except SecretsLost as error:
                lost.append(f"{row.name}: {error}")
    return Rotation(renewed, untouched, tuple(lost))


def main() -> int:
    """Rotate the installation that the environment names; the exit status."""
    try:
        settings = read_settings()
        store = Store(settings.store_url)
        try:
            store.migrate()
            done = rotate(store, Secrets(open_keys(settings)))
        finally:
            store.close()
    except BridgecastError as error:
        print(error, file=sys.stderr)
        return 1
    print(_report(done))
    for line in done.lost:
        print(line, file=sys.stderr)
    return 1 if done.lost else 0


def _report(done: Rotation) -> str:
    kept = f"{done.untouched} had the newest key already." if done.untouched else ""
    said = f"Sealed the secrets of {done.renewed} connections with the newest key. {kept}".strip()
    if done.lost:
        return f"{said} {len(done.lost)} could not be opened: keep every key until they are typed again."
    return (
        f"{said} Older keys may go. Report links that an older key signed end with it: "
        "give those links a new address before."
    )


if __name__ == "__main__":
    sys.exit(main())
