"""The installation's secret keys: given by the environment, else made once in the data folder."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile

from core.errors import SettingsError
from core.logs import never_log
from core.settings import Settings

FILE_NAME = "secret.key"
SHORTEST_KEY = 16


@dataclass(frozen=True)
class Keys:
    """Secret keys, at least one. The first signs, all verify: put a new one in front, drop the last one later."""

    keys: tuple[str, ...] = field(repr=False)

    @property
    def oldest_first(self) -> list[str]:
        """As itsdangerous wants them: it signs with the last."""
        return list(reversed(self.keys))


def open_keys(settings: Settings) -> Keys:
    """The keys of BRIDGECAST_SECRET_KEY, of its _FILE, or of the data folder, where one is made at the first start.

    Raises SettingsError when a file cannot be read or a key is too short.
    """
    if settings.secret_key is not None:
        return _keys(settings.secret_key.get_secret_value(), "BRIDGECAST_SECRET_KEY")
    if settings.secret_key_file is not None:
        return _keys(_read(settings.secret_key_file), f"BRIDGECAST_SECRET_KEY_FILE ({settings.secret_key_file})")
    path = settings.data_dir / FILE_NAME
    if not path.exists():
        _make(path)
    return _keys(_read(path), str(path))


def _keys(text: str, place: str) -> Keys:
    keys = tuple(key.strip() for key in text.split(",") if key.strip())
    if not keys or min(map(len, keys)) < SHORTEST_KEY:
        raise SettingsError(
            f"{place} holds a key that is empty or shorter than {SHORTEST_KEY} characters. "
            "Make one: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    never_log(keys)
    return Keys(keys)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise SettingsError(
            f"The secret key in {path} cannot be read: {reason}. Correct the path or its mode."
        ) from None


def _make(path: Path) -> None:
    """Write a key beside, then give it its name unless another process was faster: a reader never sees half a key."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with NamedTemporaryFile("w", dir=path.parent, prefix=".secret-", encoding="utf-8") as file:
        file.write(secrets.token_urlsafe(32))
        file.flush()
        os.fsync(file.fileno())
        try:
            path.hardlink_to(file.name)
        except FileExistsError:
            return
