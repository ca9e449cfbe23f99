# ---- result: what a script writes, the same bytes for the same inputs ----
import json
import math

import numpy as np


def clean(value):
    """JSON-ready copy: numpy scalars become Python's, NaN and infinity become null."""
    if isinstance(value, dict):
        return {str(key): clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(item) for item in value]
    if isinstance(value, np.ndarray):
        return [clean(item) for item in value.tolist()]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return value


def write_result(result):
    """Write result.json in the current folder: sorted keys, full precision, no time and no path."""
    text = json.dumps(clean(result), indent=1, sort_keys=True, allow_nan=False, ensure_ascii=True)
    with open("result.json", "w", encoding="utf-8") as file:
        file.write(text + "\n")


def effect(name, value, ci_low, ci_high):
    """An effect size with its 95 % confidence interval."""
    return {"name": name, "value": value, "ci_low": ci_low, "ci_high": ci_high}
