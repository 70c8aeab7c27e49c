"""Personal links and codes: derived from a key and the message that carries them, so that no row ever holds a secret."""

import base64
import hashlib
import hmac
import secrets

CODE_SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 signs without the pairs that people mistake for each other (0/O, 1/I)."""
CODE_LENGTH = 8


def link_token(key: bytes, message: str, assignment: str, epoch: int) -> str:
    """The 256-bit token of a personal link (43 signs, safe in an address)."""
    return base64.urlsafe_b64encode(_derive(key, "link", message, assignment, epoch)).decode().rstrip("=")


def code(key: bytes, message: str, assignment: str, epoch: int) -> str:
    """The eight-sign code of a message (40 bits; ten minutes and five tries guard it)."""
    number = int.from_bytes(_derive(key, "code", message, assignment, epoch)[:5], "big")
    return "".join(CODE_SIGNS[(number >> 5 * i) & 31] for i in range(CODE_LENGTH))


def code_matches(keys: tuple[bytes, ...], typed: str, message: str, assignment: str, epoch: int) -> bool:
    """Whether a typed code is the message's, under the current or the previous key; case and spaces do not matter."""
    cleaned = "".join(typed.upper().split()).replace("-", "").encode()
    return any(hmac.compare_digest(cleaned, code(key, message, assignment, epoch).encode()) for key in keys)


def unsubscribe_token(key: bytes, message: str) -> str:
    """The end of an address to unsubscribe: the message it stands in (UUID in hexadecimal), and a proof that we wrote it."""
    return f"{message}-{base64.urlsafe_b64encode(_derive(key, 'unsubscribe', message, '', 0)).decode().rstrip('=')}"


def unsubscribed(keys: tuple[bytes, ...], token: str) -> str | None:
    """The message such an address stood in, None when none of the keys made it."""
    message = token.partition("-")[0]
    known = any(hmac.compare_digest(token.encode(), unsubscribe_token(key, message).encode()) for key in keys)
    return message if known else None


def fingerprint(secret: str) -> str:
    """What is stored of a token or session: its SHA-256 in hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_secret() -> str:
    """256 fresh random bits, safe in a cookie."""
    return secrets.token_urlsafe(32)


def _derive(key: bytes, purpose: str, message: str, assignment: str, epoch: int) -> bytes:
    return hmac.digest(key, f"{purpose}\0{message}\0{assignment}\0{epoch}".encode(), "sha256")
