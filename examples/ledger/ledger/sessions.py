"""
Who is signed in, and which forms are ours: everything is signed with one key, nothing is stored.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time

LIFETIME_S = 8 * 3600
ATTEMPTS = 10
ATTEMPTS_PER_S = 60.0


class Sessions:
    """
    Makes and checks sessions. A session is `<expires>.<random>.<signature>`; its forms carry a token that only it can have.
    """

    def __init__(self, key: bytes, access_code: bytes) -> None:
        self._key = key
        self._access_code = access_code
        self._failures: list[float] = []
        self._lock = threading.Lock()

    def sign_in(self, code: str) -> str | None:
        """
        A new session for whoever knows the code.
        """
        if not hmac.compare_digest(code.encode(), self._access_code):
            with self._lock:
                self._failures.append(time.monotonic())
            return None
        facts = f"{int(time.time()) + LIFETIME_S}.{secrets.token_urlsafe(16)}"
        return f"{facts}.{self._signature('session', facts)}"

    @property
    def is_guessed(self) -> bool:
        """
        True after ten wrong codes within a minute, whoever sent them.
        """
        with self._lock:
            self._failures = [at for at in self._failures[-ATTEMPTS:] if at > time.monotonic() - ATTEMPTS_PER_S]
            return len(self._failures) >= ATTEMPTS

    def is_valid(self, session: str) -> bool:
        """
        True for a session that was made here and has not expired.
        """
        facts, _, signature = session.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature("session", facts).encode()):
            return False
        return int(facts.partition(".")[0]) > time.time()

    def form_token(self, session: str) -> str:
        """
        What a form of this session carries.
        """
        return self._signature("form", session)

    def is_own_form(self, session: str, token: str) -> bool:
        """
        True if the form came from one of our pages, in this session.
        """
        return hmac.compare_digest(token.encode(), self.form_token(session).encode())

    def _signature(self, purpose: str, text: str) -> str:
        return hmac.new(self._key, f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()
