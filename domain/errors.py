"""What can go wrong, named by what the caller should do about it.

DeskError
├── Rejected            the other side understood and said no: tell the person, do not retry
├── Unavailable         nothing happened over there: safe to retry later
├── OutcomeUnknown      we sent a change and lost the answer: look before repeating it
├── NeedsAuthorization  the owner has to grant access again
├── ProtocolBroken      the answer is not what the platform documents: quarantine it
├── Forged              the caller could not prove who it is: refuse, log, tell nobody else
├── Refused             our own rules say no: `sentence` goes to the person as it is
├── Stale               the row changed since it was read: read again, decide again
└── BadInput            the input cannot be read: `sentence` says what to do instead
"""

from __future__ import annotations


class DeskError(Exception):
    """Root of every error this project raises on purpose. Messages never hold personal data or secrets."""


class Rejected(DeskError):
    """The platform refused a request it understood.

    `code` is the platform's own code; `reason` its own words, fit to show to staff.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


class Unavailable(DeskError):
    """Nothing happened over there. `retry_after` is seconds, when the platform said so."""

    def __init__(self, what: str, *, retry_after: float | None = None) -> None:
        super().__init__(what)
        self.retry_after = retry_after


class OutcomeUnknown(DeskError):
    """A change was sent and the answer was lost or unreadable."""


class NeedsAuthorization(DeskError):
    """Token, scope or consent is gone; only a person at the platform's back office can mend it."""


class ProtocolBroken(DeskError):
    """The answer does not match what the platform documents."""


class Forged(DeskError):
    """Signature, time stamp or identity of an inbound request did not check out."""


class Refused(DeskError):
    """Our own rules refuse. `sentence` is written for the person who asked."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class BadInput(DeskError):
    """Input that cannot be read. `sentence` says what is wrong and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Stale(DeskError):
    """Optimistic version check failed: somebody else wrote first."""
