from __future__ import annotations

import pytest

from core.access.keys import Keys
from core.access.secrets import Secrets, key_id
from core.errors import SecretsLost

OLD, NEW = "the-key-of-last-year", "the-key-of-this-year"
PASSWORD = {"password": "correct horse"}


@pytest.fixture
def old() -> Secrets:
    return Secrets(Keys((OLD,)))


def test_what_was_sealed_is_opened_again(old: Secrets) -> None:
    assert old.open(old.seal(PASSWORD)) == PASSWORD


def test_a_sealed_text_shows_its_key_s_id_and_nothing_else(old: Secrets) -> None:
    sealed = old.seal(PASSWORD)
    assert sealed.startswith(f"{key_id(OLD)}:")
    assert "password" not in sealed
    assert "correct horse" not in sealed


def test_the_same_values_never_look_the_same(old: Secrets) -> None:
    assert old.seal(PASSWORD) != old.seal(PASSWORD)


def test_umlauts_survive(old: Secrets) -> None:
    assert old.open(old.seal({"password": "Grüße 🌉"})) == {"password": "Grüße 🌉"}


def test_the_newest_key_seals_and_all_open(old: Secrets) -> None:
    both = Secrets(Keys((NEW, OLD)))
    assert both.open(old.seal(PASSWORD)) == PASSWORD
    assert both.is_newest(both.seal(PASSWORD))
    assert not both.is_newest(old.seal(PASSWORD))


def test_after_renewal_the_old_key_may_go(old: Secrets) -> None:
    renewed = Secrets(Keys((NEW, OLD))).renew(old.seal(PASSWORD))
    assert Secrets(Keys((NEW,))).open(renewed) == PASSWORD


def test_what_the_newest_key_sealed_stays_as_it_is(old: Secrets) -> None:
    sealed = old.seal(PASSWORD)
    assert old.renew(sealed) == sealed


def test_a_missing_key_is_named_with_what_to_do(old: Secrets) -> None:
    with pytest.raises(SecretsLost, match=rf"sealed with key {key_id(OLD)}, and the key .* is {key_id(NEW)}\. Put the"):
        Secrets(Keys((NEW,))).open(old.seal(PASSWORD))


def test_damaged_secrets_are_told_from_a_missing_key(old: Secrets) -> None:
    sealed = old.seal(PASSWORD)
    with pytest.raises(SecretsLost, match="damaged in the store"):
        old.open(sealed[:-8] + "AAAAAAA=")


@pytest.mark.parametrize("text", ["", "nonsense", ":", "ä:ö"])
def test_what_was_never_sealed_is_refused_with_a_sentence(old: Secrets, text: str) -> None:
    with pytest.raises(SecretsLost, match="Put the old key"):
        old.open(text)
