# ---- main: one finding in, result.json out ----
import json

import numpy as np


def look(path, finding):
    result = {"schema": 1, "finding": finding["id"], "crude": None, "checks": [], "skipped": [], "worst": []}
    try:
        if finding["kind"] in ("survival", "custom"):
            raise CannotLook(f"there are no checks for the kind “{finding['kind']}”")
        table = Table(path)
        relation = (Pairs if finding["kind"] == "paired" else Relation)(table, finding)
        looks = Looks(table, relation)
        result["crude"] = {key: looks.crude[key] for key in ("n", "p", "effect", "direction")}
        for check in (looks.groups, looks.alternatives, looks.control):
            check()
        result |= {"checks": looks.checks, "skipped": looks.skipped, "worst": worst_first(looks.checks)}
    except CannotLook as reason:
        result["skipped"] = [{"check": "all", "why": str(reason)}]
    return result


def clean(value):
    """What JSON can say: no NaN, no infinity, no numpy."""
    if isinstance(value, dict):
        return {key: clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clean(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def main(protocol):
    with np.errstate(all="ignore"):
        result = look(protocol["table"], protocol["finding"])
    with open("result.json", "w", encoding="utf-8") as file:
        json.dump(clean(result), file, indent=1, sort_keys=True, allow_nan=False)
        file.write("\n")


if __name__ == "__main__":
    main(PROTOCOL)
