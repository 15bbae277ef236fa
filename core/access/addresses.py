"""Which addresses are of the open internet: what Python calls global, without the ways around that it lets pass."""

from __future__ import annotations

import re
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from unicodedata import normalize

import idna

from core.errors import HostRefused

Address = IPv4Address | IPv6Address
# Beyond `is_global`, which calls most of these global: each leads, or may lead, to a machine that is none.
DENIED = tuple(
    (ip_network(network), reason)
    for network, reason in {
        "127.0.0.0/8": "it is this computer",
        "::1/128": "it is this computer",
        "169.254.0.0/16": "it is of the local link, where clouds keep their keys",
        "168.63.129.16/32": "it is a cloud's own service",
        "192.0.0.0/24": "it is kept for protocols, and for a cloud's own service",
        "192.88.99.0/24": "it is a 6to4 relay",
        "224.0.0.0/4": "it is a multicast address",
        "240.0.0.0/4": "it is reserved",
        "::/96": "it is an IPv4 address in disguise",
        "64:ff9b::/96": "it is an IPv4 address in disguise (NAT64)",
        "64:ff9b:1::/48": "it is an IPv4 address in disguise (NAT64)",
        "2001::/32": "it is an IPv4 address in disguise (Teredo)",
        "2001::/23": "it is kept for protocols",
        "2002::/16": "it is an IPv4 address in disguise (6to4)",
        "2001:db8::/32": "it is kept for documentation",
        "3fff::/20": "it is kept for documentation",
        "5f00::/16": "it is kept for routing",
        "fec0::/10": "it is of an inner network (site-local)",
        "ff00::/8": "it is a multicast address",
    }.items()
)
METADATA_NAMES = frozenset(
    {
        "metadata",
        "metadata.goog",
        "metadata.google.internal",
        "metadata.azure.internal",
        "metadata.azure.com",
        "instance-data",
        "instance-data.ec2.internal",
    }
)
# What follows the last dot of an IPv4 address in any of its spellings, and of no host name.
NUMBER = re.compile(r"(?:\d+|0x[0-9a-f]*)")
NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*")
LONGEST_NAME = 253


def plain_host(host: str) -> str:
    """A host as it is looked up: lower case, without a dot at the end, letters beyond ASCII as IDNA has them.

    Raises HostRefused for what is neither a name nor a plainly written address.
    """
    bare = host.strip().removeprefix("[").removesuffix("]")
    text = normalize("NFKC", bare).lower().removesuffix(".")
    if ":" in text:
        return str(_literal(text, host))
    if not text.isascii():
        text = _idna(text, host)
    if NUMBER.fullmatch(text.rpartition(".")[2]):
        return str(_literal(text, host))
    if not NAME.fullmatch(text) or len(text) > LONGEST_NAME:
        raise HostRefused(f"'{host[:100]}' is no host name. Write it like smtp.example.org.")
    return text


def refusal(address: str) -> str | None:
    """Why an address may not be called unless it is on the allow list; None for one of the open internet."""
    found = _unmapped(ip_address(address.partition("%")[0]))
    for network, reason in DENIED:
        if found in network:
            return reason
    return None if found.is_global else "it is not of the open internet"


def literal(host: str) -> str | None:
    """The address that a plain host is, or None when it is a name."""
    try:
        return str(_unmapped(ip_address(host)))
    except ValueError:
        return None


def _unmapped(address: Address) -> Address:
    """::ffff:127.0.0.1 is 127.0.0.1."""
    return getattr(address, "ipv4_mapped", None) or address


def _literal(text: str, host: str) -> Address:
    if "%" in text and ":" in text:
        raise HostRefused(f"'{host[:100]}' names a network interface. Write the address without '%'.")
    try:
        return _unmapped(ip_address(text))
    except ValueError:
        meant = _guess(text)
        raise HostRefused(
            f"'{host[:100]}' is a number and no host name.{meant} Write addresses in four decimals, such as 192.0.2.1."
        ) from None


def _guess(text: str) -> str:
    """Resolvers take 2130706433 and 0x7f.1 for 127.0.0.1."""
    try:
        return f" Some programs read it as {socket.inet_ntoa(socket.inet_aton(text))}."
    except OSError:
        return ""


def _idna(text: str, host: str) -> str:
    try:
        return idna.encode(text, uts46=True).decode("ascii")
    except idna.IDNAError:
        raise HostRefused(f"'{host[:100]}' is no host name. Write it like smtp.example.org.") from None
