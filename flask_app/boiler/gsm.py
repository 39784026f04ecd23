"""What one SMS holds: the letters of the GSM alphabet and how many of its 160 places a text takes."""

from __future__ import annotations

import unicodedata

PLACES = 160
"""Septets of a message in one part (3GPP TS 23.038, 6.2.1); 70 characters when any letter is outside the alphabet."""

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("^{}\\[~]|€\f")
"""Letters behind an escape: two places each."""


def septets(text: str) -> int | None:
    """Places that `text` takes in the GSM alphabet; None when it needs another one.

    >>> septets("Eau 55.8C"), septets("5 €"), septets("ça")
    (9, 4, None)
    """
    if not set(text) <= BASIC | EXTENDED:
        return None
    return len(text) + sum(letter in EXTENDED for letter in text)


def plain(text: str) -> str:
    """`text` without accents or signs: what every network and every old phone shows as it is.

    >>> plain("Le feu s’éteint : 61 → 44")
    "Le feu s'eteint: 61 -> 44"
    """
    for sign, letters in SIGNS:
        text = text.replace(sign, letters)
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


SIGNS = (
    ("’", "'"), ("`", "'"), ("œ", "oe"), ("«", '"'), ("»", '"'), ("→", "->"), ("–", "-"), ("—", "-"),
    ("\u00a0", " "), ("\u202f", " "), (" :", ":"), (" ;", ";"), (" ?", "?"), (" !", "!"), (" °C", "C"), ("°C", "C"),
)  # fmt: skip


def parts(text: str) -> int:
    """How many messages the network makes of `text`, and bills.

    >>> parts("a" * 160), parts("a" * 161), parts("ç" * 70), parts("ç" * 71)
    (1, 2, 1, 2)
    """
    places, single, joined = septets(text), PLACES, 153
    if places is None:
        places, single, joined = len(text.encode("utf-16-be")) // 2, 70, 67
    return 1 if places <= single else -(-places // joined)
