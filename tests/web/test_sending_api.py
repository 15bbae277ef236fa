from __future__ import annotations

from tests.web.conftest import Site


def test_all_sending_is_held_and_goes_on(site: Site) -> None:
    assert site.get("/sending").json() == {"is_held": False, "why": "", "since": None}
    held = site.client.put(f"{site.prefix}/sending", json={"is_held": True, "why": "wrong numbers"}).json()
    assert (held["is_held"], held["why"]) == (True, "wrong numbers")
    assert site.app.sending.held() is not None
    assert site.client.put(f"{site.prefix}/sending", json={"is_held": False}).json()["is_held"] is False
    assert site.app.sending.held() is None
