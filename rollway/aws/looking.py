"""Looking something up where not being told is an answer too."""

from collections.abc import Callable
from typing import TypeVar

from policies.errors import AwsError, NotFound
from policies.lint.subject import Fact, Missing, Unknown

Found = TypeVar("Found")


def ask(read: Callable[[], Found]) -> Found | Unknown:
    """Return what is read, or that AWS did not tell, with its reason.

    Raises:
        NotFound: what it is asked of does not exist.
    """
    try:
        return read()
    except NotFound:
        raise
    except AwsError as error:
        return Unknown(str(error), asked=True)


def look(read: Callable[[], Found]) -> Fact[Found]:
    """Return what is read, that it does not exist, or that AWS did not tell, with its reason."""
    try:
        return ask(read)
    except NotFound:
        return Missing()
