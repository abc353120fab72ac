"""What a synthetic data set is made of: size, length, number of objects, and how much they hide each other."""

from dataclasses import dataclass

# Names of the categories; the id of a category is its place here plus one. Told apart by outline, never by colour.
CATEGORIES = ("disc", "triangle", "star", "crescent", "ring", "cross", "arrow", "hourglass")

# OVIS labels each object in each frame by eye; here the label follows from the visible fraction, by these two limits.
NO_OCCLUSION_ABOVE = 0.95
SLIGHT_OCCLUSION_ABOVE = 0.5

# An object of which fewer pixels are visible counts as absent: nobody would annotate it.
MIN_VISIBLE_PIXELS = 4


@dataclass(frozen=True, slots=True)
class Level:
    """How a scene makes its objects meet. Lengths in short sides of the picture, rates in events per object and 100
    frames; the values were chosen by measured mBOR: 0.07, 0.14 and 0.24 (100 clips each, 160 x 96).
    """

    spread: float  # region where objects have their homes, as a share of the picture; smaller = more crossings
    sway: tuple[float, float]  # amplitude of an object's own motion
    size: tuple[float, float]  # diameter of an object, as quantiles of SynthConfig.size
    occluders: tuple[int, int]  # foreground things, fewest and most
    leave: float  # rate of leaving the picture and returning
    hide: float  # rate of going behind a foreground occluder and coming back


LEVELS = {
    "slight": Level(0.76, (0.10, 0.28), (0.20, 0.88), (0, 1), 0.15, 0.0),
    "moderate": Level(0.57, (0.12, 0.28), (0.33, 1.00), (0, 2), 0.5, 0.4),
    "heavy": Level(0.33, (0.12, 0.26), (0.56, 1.00), (1, 2), 1.0, 0.7),
}


@dataclass(frozen=True, slots=True)
class SynthConfig:
    """One kind of synthetic video.

    Args:
        width, height: of the picture, pixels, 32 to 4096.
        frames: per video, at least 1. A longer video begins with the shorter one (but for rare swaps of depth).
        occlusion: "slight", "moderate", "heavy", or "mixed" (the three in turn, by clip seed modulo 3).
        objects: fewest and most objects in a scene. A clip may show fewer: those that never appear are left out.
        size: smallest and largest diameter of an object in short sides of the picture, before zoom.
        motion_blur: average of eight exposures over half a frame; masks are those of the middle of the exposure.
        noise: standard deviation of the sensor noise, grey levels.
    Raises: ValueError when a value is out of range.

    >>> SynthConfig(occlusion="total")
    Traceback (most recent call last):
    ValueError: synth.occlusion must be one of slight, moderate, heavy, mixed, got 'total'
    """

    width: int = 320
    height: int = 180
    frames: int = 40
    occlusion: str = "slight"
    objects: tuple[int, int] = (2, 5)
    size: tuple[float, float] = (0.22, 0.60)
    motion_blur: bool = False
    noise: float = 2.0

    def __post_init__(self) -> None:
        if not (32 <= self.width <= 4096 and 32 <= self.height <= 4096):
            raise ValueError(f"synth.width and synth.height must be 32 to 4096, got {self.width} x {self.height}")
        if self.frames < 1:
            raise ValueError(f"synth.frames must be at least 1, got {self.frames}")
        if self.occlusion not in (*LEVELS, "mixed"):
            raise ValueError(f"synth.occlusion must be one of {', '.join(LEVELS)}, mixed, got {self.occlusion!r}")
        if len(self.objects) != 2 or not 1 <= self.objects[0] <= self.objects[1] <= 100:
            raise ValueError(
                f"synth.objects must be (fewest, most) with 1 <= fewest <= most <= 100, got {self.objects}"
            )
        if len(self.size) != 2 or not 0.02 <= self.size[0] <= self.size[1] <= 1:
            raise ValueError(f"synth.size must be (smallest, largest) within 0.02 to 1 short sides, got {self.size}")
        if not 0 <= self.noise <= 50:
            raise ValueError(f"synth.noise must be 0 to 50 grey levels, got {self.noise}")

    def level(self, seed: int) -> Level:
        """The occlusion level of the clip with this seed."""
        name = self.occlusion if self.occlusion != "mixed" else list(LEVELS)[seed % len(LEVELS)]
        return LEVELS[name]
