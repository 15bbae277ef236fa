from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook as Signer

from core.access.keys import Keys
from core.delivery.signatures import signature, signing_secrets, verified_id
from core.errors import AccessDenied

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BODY = '{"country": "FR"}'
OLD, NEW = Keys(("an older key of ours",)), Keys(("a newer key of ours", "an older key of ours"))
(SECRET,) = signing_secrets(OLD, "t1", "digest")


def headers(secret: str = SECRET, at: datetime = NOW, body: str = BODY) -> dict[str, str]:
    """As a caller with the public library signs."""
    stamp = str(int(at.timestamp()))
    return {"webhook-id": "m1", "webhook-timestamp": stamp, "webhook-signature": Signer(secret).sign("m1", at, body)}


def test_it_signs_as_the_public_library_does() -> None:
    assert signature(SECRET, "m1", str(int(NOW.timestamp())), BODY.encode()) == headers()["webhook-signature"]


def test_a_call_that_the_public_library_signed_is_known_by_its_id() -> None:
    assert verified_id([SECRET], headers(), BODY.encode(), NOW) == "m1"


def test_a_secret_goes_on_while_its_key_is_there() -> None:
    secrets = signing_secrets(NEW, "t1", "digest")
    assert secrets[0] != SECRET
    assert verified_id(secrets, headers(), BODY.encode(), NOW) == "m1"


def test_one_of_several_signatures_is_enough() -> None:
    both = headers() | {"webhook-signature": f"v1,bm9uZQ== {headers()['webhook-signature']}"}
    assert verified_id([SECRET], both, BODY.encode(), NOW) == "m1"


@pytest.mark.parametrize("minutes", [-5.1, 5.1])
def test_a_call_of_another_time_is_refused(minutes: float) -> None:
    with pytest.raises(AccessDenied, match="more than 5 minutes from now"):
        verified_id([SECRET], headers(at=NOW + timedelta(minutes=minutes)), BODY.encode(), NOW)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda sent: {},
        lambda sent: sent | {"webhook-id": ""},
        lambda sent: sent | {"webhook-id": "m\n1"},
        lambda sent: sent | {"webhook-id": "m2"},
        lambda sent: sent | {"webhook-timestamp": "yesterday"},
        lambda sent: sent | {"webhook-timestamp": "9" * 40},
        lambda sent: sent | {"webhook-timestamp": str(int(sent["webhook-timestamp"]) + 1)},
        lambda sent: sent | {"webhook-signature": ""},
        lambda sent: sent | {"webhook-signature": sent["webhook-signature"].replace("v1,", "v2,")},
        lambda sent: sent | {"webhook-signature": "v1," + "\udcff"},
    ],
)
def test_what_was_changed_on_the_way_is_refused(spoil: Callable[[dict[str, str]], dict[str, str]]) -> None:
    with pytest.raises(AccessDenied):
        verified_id([SECRET], spoil(headers()), BODY.encode(), NOW)


def test_another_body_or_secret_is_refused() -> None:
    others = [*signing_secrets(OLD, "t2", "digest"), *signing_secrets(OLD, "t1", "of another address")]
    with pytest.raises(AccessDenied, match="does not fit"):
        verified_id([SECRET], headers(), b"{}", NOW)
    with pytest.raises(AccessDenied, match="does not fit"):
        verified_id(others, headers(), BODY.encode(), NOW)
