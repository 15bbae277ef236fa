"""The page's own files under names that hold their hash, so that they can be kept for ever."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).resolve().parent
FONT_FILE = "SourceSansPro-Variable.woff2"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".woff2": "font/woff2"}


@dataclass(frozen=True)
class Asset:
    """One file: `name` with hash, its bytes, its media type."""

    name: str
    content: bytes
    media_type: str


@cache
def assets() -> dict[str, Asset]:
    """All files by their names with hash."""
    font = _asset(FONT_FILE, (HERE / "fonts" / FONT_FILE).read_bytes())
    style = (HERE / "static" / "report.css").read_text(encoding="utf-8").replace(FONT_FILE, font.name)
    script = (HERE / "static" / "report.js").read_bytes()
    sign_in = (HERE / "static" / "sign_in.css").read_bytes()
    files = (
        font,
        _asset("report.css", style.encode()),
        _asset("report.js", script),
        _asset("sign_in.css", sign_in),
    )
    return {file.name: file for file in files}


def asset_name(plain_name: str) -> str:
    """The name with hash of "report.css", "report.js", "sign_in.css" or the font."""
    stem, ending = plain_name.rsplit(".", 1)
    return next(name for name in assets() if name.startswith(f"{stem}.") and name.endswith(f".{ending}"))


def _asset(plain_name: str, content: bytes) -> Asset:
    stem, ending = plain_name.rsplit(".", 1)
    return Asset(f"{stem}.{sha256(content).hexdigest()[:12]}.{ending}", content, TYPES[f".{ending}"])
