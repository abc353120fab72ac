# %% [markdown]
# # SimVTR without a model: score, explain and audit results of any system
# No torch, no GPU, two files of a few lines. Run it from the folder of the project. Written by `make_notebook.py` from
# `tour.py`.

# %%
from pathlib import Path
from tempfile import mkdtemp

import simvtr
from simvtr.formats import Format, Work, read_annotations, write_annotations

here = next(folder for folder in (Path(), Path("..")) if (folder / "docs/examples").is_dir())
truth = simvtr.read_truth(here / "docs/examples/truth.json")
found = simvtr.read_predictions(here / "docs/examples/results.json", truth)
print({video.id: (video.width, video.height, video.length) for video in truth.videos.values()})

# %% [markdown]
# Two fish, both found, but the results exchange their identities halfway. AP says 0 and no more:

# %%
print(simvtr.evaluate(truth, found).table())

# %% [markdown]
# Identities, kinds of errors, and what AP would be if one thing at a time were repaired:

# %%
print(simvtr.identity(truth, found).table())
print(simvtr.error_types(truth, found).table())
print(simvtr.oracle_ladder(truth, found).table())

# %% [markdown]
# What the score survives: the same results, damaged in known ways, scored again. The page needs no network.

# %%
out = Path(mkdtemp())
audit = simvtr.audit(truth, found)
print(*audit.verdict, sep="\n")
print(audit.to_html(out / "audit.html"))

# %% [markdown]
# The same labels for CVAT, and back. The notes say what a format cannot carry.

# %%
work = Work()
write_annotations(truth, out / "fish.xml", work, Format.CVAT)
back = read_annotations(out / "fish.xml", work)
print(*work.notes, sep="\n")
print([tuple(a.segmentations) == tuple(b.segmentations) for a, b in zip(truth.tracks[1], back.tracks[1], strict=True)])
