"""Whether a message that claims to be a bank's is the bank's, whole and fresh.

Here belong making and checking signatures. Pure: the time and the keys are given. Not here: HTTP, keeping keys.

The sender signs the text `<timestamp>.<body>` with HMAC-SHA256 under the account's key and sends three headers: the
key's id, the timestamp in whole seconds since the Unix epoch, and `v1=<64 hexadecimal digits>`; while a key is being
changed he may send several signatures with commas between them. An old message is refused by its timestamp; one
that is sent again within the window changes nothing, because the intake knows contents and message ids.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

WINDOW_US: Final = 300_000_000
SECRET_BYTES: Final = 32
SCHEME: Final = "v1"
SIGNATURES_MAX: Final = 8

_SECONDS: Final = re.compile(r"[1-9]\d{0,11}", re.ASCII)


class WebhookRefusal(StrEnum):
    """Why a message is not believed, in order of precedence."""

    SIGNATURE_MISSING = "signature_missing"
    TIMESTAMP_MALFORMED = "timestamp_malformed"
    KEY_UNKNOWN = "key_unknown"
    SIGNATURE_WRONG = "signature_wrong"
    TIMESTAMP_TOO_OLD = "timestamp_too_old"
    TIMESTAMP_IN_FUTURE = "timestamp_in_future"


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """Return the signature that a sender puts under a message."""
    digest = hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"{SCHEME}={digest}"


def webhook_refusal(
    *,
    secrets: Sequence[bytes],
    timestamp: str,
    signatures: str,
    body: bytes,
    now_us: int,
    window_us: int = WINDOW_US,
) -> WebhookRefusal | None:
    """Tell why a message is not believed; None when it is the bank's.

    Args:
        secrets: the live keys of the account; more than one while a key is being changed.
        timestamp: as sent, seconds since the Unix epoch.
        signatures: as sent, with commas between several.
        body: exactly the bytes that came.
        now_us: microseconds since the Unix epoch.
        window_us: how old, or how far in the future, a message may be.
    """
    given = [part.strip() for part in signatures.split(",", SIGNATURES_MAX)[:SIGNATURES_MAX] if part.strip()]
    if not given:
        return WebhookRefusal.SIGNATURE_MISSING
    if _SECONDS.fullmatch(timestamp) is None:
        return WebhookRefusal.TIMESTAMP_MALFORMED
    if not secrets:
        return WebhookRefusal.KEY_UNKNOWN
    if not _is_signed(secrets, timestamp, given, body):
        return WebhookRefusal.SIGNATURE_WRONG
    age_us = now_us - int(timestamp) * 1_000_000
    if age_us > window_us:
        return WebhookRefusal.TIMESTAMP_TOO_OLD
    return WebhookRefusal.TIMESTAMP_IN_FUTURE if -age_us > window_us else None


def _is_signed(secrets: Sequence[bytes], timestamp: str, given: Sequence[str], body: bytes) -> bool:
    """Compare in constant time, each with each."""
    is_signed = False
    for secret in secrets:
        expected = signature(secret, timestamp, body).encode()
        for text in given:
            is_signed |= hmac.compare_digest(expected, text.encode("utf-8", "replace"))
    return is_signed
