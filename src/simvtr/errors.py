"""What the package tells a user outside of results: an error in their data, a warning about it, and how to count."""


class DataError(ValueError):
    """The user's data breaks a rule. One line: where, what must hold, what came, what to do.

    The command line turns it into exit code 1 and that line on stderr, without a traceback.

    >>> raise DataError("results.json, video 3, track 0: 12 frames expected, got 1. Pad absent frames with null.")
    Traceback (most recent call last):
    simvtr.errors.DataError: results.json, video 3, track 0: 12 frames expected, got 1. Pad absent frames with null.
    """


class SimVTRWarning(UserWarning):
    """Something in the user's data is odd, and the work went on without it."""


def many(count: int, one: str, more: str | None = None) -> str:
    """A number and its noun.

    >>> many(1, "video"), many(2000, "frame"), many(0, "category", "categories")
    ('1 video', '2,000 frames', '0 categories')
    """
    return f"{count:,} {one if count == 1 else more or one + 's'}"
