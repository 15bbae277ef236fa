"""A mail server as Debian ships it: postfix takes mail by SMTP with STARTTLS and a password, dovecot shows the boxes.

Both run from a folder of their own, as root, and are stopped at the end. Boxes are those of `BOXES`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from imaplib import IMAP4
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.tls import Certificates, make_certificates

HOST = "mail.test"
USER, PASSWORD = "reports@example.org", "correct-horse-battery"
BOXES = ("anna@example.org", "ben@example.org", "reports@example.org")
GREYLISTED, FULL = "late@example.org", "full@example.org"
MOST_BYTES = 2_000_000
PROGRAMS = ("/usr/sbin/postfix", "/usr/sbin/dovecot")
STARTS_WITHIN_S = 60.0

MAIN = """compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
meta_directory = /etc/postfix
shlib_directory = /usr/lib/postfix
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
myhostname = {host}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mydestination =
mynetworks =
virtual_mailbox_domains = example.org
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = inline:{{ {boxes} }}
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
message_size_limit = {most}
smtpd_tls_security_level = may
smtpd_tls_chain_files = {certificate}
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions =
  check_recipient_access inline:{{ {{ {late} = 450 4.2.0 Come back later }}, {{ {full} = 552 5.2.2 Box full }} }},
  reject_unlisted_recipient, permit_sasl_authenticated, reject
"""
MASTER = """127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
DOVECOT = """protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
log_path = {folder}/dovecot.log
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
first_valid_uid = 1
mail_location = maildir:{folder}/mail/%n
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%n
}}
service imap-login {{
  inet_listener imap {{
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service auth {{
  unix_listener {folder}/queue/private/auth {{
    mode = 0660
    user = postfix
    group = postfix
  }}
}}
"""


@dataclass(frozen=True)
class DebianMail:
    """Where it runs, and how its boxes are read."""

    port: int
    imap_port: int
    certificates: Certificates
    folder: Path

    def box(self, address: str, *, most_s: float = 90.0, at_least: int = 1) -> list[EmailMessage]:
        """The mails in somebody's box, as IMAP gives them, as soon as there are so many; it is emptied."""
        until = time.monotonic() + most_s
        while time.monotonic() < until:
            found = self._read(address)
            if len(found) >= at_least:
                return found
            time.sleep(0.1)
        raise AssertionError(f"{address} got nothing within {most_s:g} s:\n{self.logs()}")

    def structure(self, address: str) -> str:
        """How dovecot's own parser sees the newest mail in a box (BODYSTRUCTURE of RFC 3501)."""
        with self._opened(address) as box:
            _, numbers = box.search(None, "ALL")
            _, found = box.fetch(numbers[0].split()[-1].decode(), "(BODYSTRUCTURE)")
        return str(found[0].decode() if isinstance(found[0], bytes) else found)

    def logs(self) -> str:
        """What both programs wrote."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))

    def _read(self, address: str) -> list[EmailMessage]:
        mails = []
        with self._opened(address) as box:
            _, numbers = box.search(None, "ALL")
            for number in numbers[0].split():
                _, found = box.fetch(number.decode(), "(RFC822)")
                mails.append(message_from_bytes(found[0][1], policy=policy.default))
        return mails  # type: ignore[return-value]

    @contextmanager
    def _opened(self, address: str) -> Iterator[IMAP4]:
        with IMAP4("127.0.0.1", self.imap_port) as box:
            box.login(address, PASSWORD)
            box.select()
            yield box


def require_debian_mail() -> None:
    """Skip where it is not installed; in CI nothing is passed over in silence."""
    missing = [program for program in PROGRAMS if not Path(program).exists()]
    if os.geteuid() != 0:
        missing.append("root")
    if missing and os.environ.get("CI"):
        pytest.fail(f"missing: {', '.join(missing)}. .ci/run installs postfix and dovecot-imapd.")
    if missing:
        pytest.skip(f"missing: {', '.join(missing)} (apt-get install postfix dovecot-imapd, run as root)")


@contextmanager
def debian_mail() -> Iterator[DebianMail]:
    """Run it. Its folder lies where the programs' own users may pass."""
    require_debian_mail()
    folder = Path(tempfile.mkdtemp(prefix="bridgecast-mail-", dir="/tmp"))
    try:
        server = _written(folder)
        with _running(server):
            yield server
    finally:
        shutil.rmtree(folder)


def _written(folder: Path) -> DebianMail:
    owner, port, imap_port = pwd.getpwnam("mail"), free_port(), free_port()
    certificates = make_certificates(folder, HOST)
    folder.chmod(0o755)
    for name in ("postfix", "queue", "data", "mail", "run"):
        (folder / name).mkdir()
    os.chown(folder / "mail", owner.pw_uid, owner.pw_gid)
    os.chown(folder / "data", pwd.getpwnam("postfix").pw_uid, -1)
    values = {
        "folder": folder,
        "host": HOST,
        "port": port,
        "imap_port": imap_port,
        "uid": owner.pw_uid,
        "gid": owner.pw_gid,
        "boxes": ", ".join(f"{{ {address} = {address.partition('@')[0]}/ }}" for address in (*BOXES, GREYLISTED, FULL)),
        "certificate": certificates.server,
        "password": PASSWORD,
        "late": GREYLISTED,
        "full": FULL,
        "most": MOST_BYTES,
    }
    (folder / "postfix" / "main.cf").write_text(MAIN.format(**values))
    (folder / "postfix" / "master.cf").write_text(MASTER.format(**values))
    (folder / "dovecot.conf").write_text(DOVECOT.format(**values))
    return DebianMail(port, imap_port, certificates, folder)


@contextmanager
def _running(server: DebianMail) -> Iterator[None]:
    postfix, dovecot = ["/usr/sbin/postfix", "-c", str(server.folder / "postfix")], str(server.folder / "dovecot.conf")
    with (server.folder / "started.log").open("wb") as log:
        subprocess.run([*postfix, "start"], check=True, stdout=log, stderr=log, timeout=60)
        try:
            with subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", dovecot], stdout=log, stderr=log) as running:
                try:
                    _wait_for(server, server.port, server.imap_port)
                    yield
                finally:
                    running.terminate()
        finally:
            subprocess.run([*postfix, "stop"], check=True, stdout=log, stderr=log, timeout=60)


def _wait_for(server: DebianMail, *ports: int) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    for port in ports:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
                break
            except OSError:
                if time.monotonic() > until:
                    raise AssertionError(f"nothing answers on port {port}:\n{server.logs()}") from None
                time.sleep(0.05)
