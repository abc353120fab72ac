"""Which object a query is: the seam where a later linker joins windows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from simvtr.model import Outputs


class Identity(Protocol):
    """Names the queries of one video, window after window. A new one is made for every video."""

    def assign(self, outputs: "Outputs", selected: Sequence[int]) -> Sequence[int]:
        """Identity of each of the n queries of the next window.

        Args:
            outputs: of the model for one clip (b = 1).
            selected: the m queries that got a mask, in the order of `outputs.masks[0]` (t, m, h, w).
        Returns: n different numbers from 0.
        """
        ...


class SlotIdentity:
    """Object i is query i in every window: the report's way, exact when one window is the whole video."""

    def assign(self, outputs: "Outputs", selected: Sequence[int]) -> Sequence[int]:
        return range(outputs.logits.shape[2])
