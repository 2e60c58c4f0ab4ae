"""Model files: arrays in an .npz whose bytes depend on the arrays alone."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import numpy as np


def packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    """An .npz with fixed dates, so that equal weights are equal bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            plain = io.BytesIO()
            np.save(plain, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), plain.getvalue(), zipfile.ZIP_DEFLATED)
    return file.getvalue()
