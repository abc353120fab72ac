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


def came(value: object) -> str:
    """What a user handed over, for a message that says what was wanted: its type, and the value where that is short.

    >>> import numpy as np
    >>> came("0.5"), came(2), came(None), came(np.zeros((2, 3))), came([1, 2])
    ("str '0.5'", 'int 2', 'None', 'ndarray float64 (2, 3)', 'list')
    """
    kind = type(value).__name__
    dtype, shape = getattr(value, "dtype", None), getattr(value, "shape", None)
    if shape and dtype is not None:  # an array or a tensor
        return f"{kind} {dtype} {tuple(shape)}"
    if value is None:
        return "None"
    plain = isinstance(value, str | bytes | bool | int | float | complex) or shape == ()
    text = repr(value) if plain else ""
    return f"{kind} {text}" if 0 < len(text) <= _SHORT else kind


def numpy_of(name: str, value: object) -> str:
    """How a NumPy array is made of a variable of this name that holds a tensor of torch, without importing it; else "".

    >>> numpy_of("masks", [0.5])
    ''
    """
    if type(value).__module__.partition(".")[0] != "torch" or not hasattr(value, "numpy"):
        return ""
    detached = ".detach()" if getattr(value, "requires_grad", False) else ""
    widened = ".float()" if str(getattr(value, "dtype", "")) == "torch.bfloat16" else ""  # NumPy has none
    return f"{name}{detached}{widened}.cpu().numpy()"


_SHORT = 40  # characters of a value that a message shows
