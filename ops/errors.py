"""
Every error that Flotilla shows to a person, each with its exit code.

    FlotillaError          1  an operation failed
    ├── SettingsError      2  bad input or configuration
    ├── RefusedError       3  refused, or not confirmed
    │   └── LockedError    3  somebody else is changing the stack
    ├── PolicyError        4  a mandatory policy is not held
    ├── ChangedError       5  the world is not what something was made for
    ├── ReportError        6  a report's status is at or over --fail-on
    └── MissingToolError   7  a needed tool or service is missing

The text says what is wrong, what follows from it, and what to do next: `<path>: <fact>. <consequence>. <next command>.`
This module needs nothing but the standard library: the toolchain raises these before any package is installed.
"""

from __future__ import annotations


class FlotillaError(Exception):
    """
    An operation failed; the text is complete as it stands and is shown without a traceback.
    """

    exit_code = 1


class SettingsError(FlotillaError):
    """
    What a person wrote is not valid: a settings file, an argument, an environment variable.
    """

    exit_code = 2


class RefusedError(FlotillaError):
    """
    The operation was not confirmed, or is not allowed here. Nothing was changed.
    """

    exit_code = 3


class LockedError(RefusedError):
    """
    Somebody else is changing the stack.
    """


class PolicyError(FlotillaError):
    """
    A mandatory policy is not held. Nothing was changed.
    """

    exit_code = 4


class ChangedError(FlotillaError):
    """
    The world is not any more what a saved plan was made for. Nothing was changed.
    """

    exit_code = 5


class ReportError(FlotillaError):
    """
    What was looked at is worse than the caller accepts. Everything was looked at, and the report is written.
    """

    exit_code = 6


class MissingToolError(FlotillaError):
    """
    A tool or service that this operation needs is not there; the text says how to get it.
    """

    exit_code = 7
