"""An error in words, as Python's own traceback ends with it."""

from __future__ import annotations


def error_words(error_type: str, message: str) -> str:
    """`KeyError: 'price'`; the type or the message alone where the other is empty."""
    return f"{error_type}: {message}" if error_type and message else error_type or message
