"""Where the agents are, and events such as a run tells them."""

import sys
from pathlib import Path

# The folder of the agents goes into the binary as it is.
sys.dont_write_bytecode = True

ROOT = Path(__file__).resolve().parents[2]
AGENTS = ROOT / "agents"
SDK = AGENTS / "sdk" / "python"
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(SDK), str(HERE)]


def finding(**more):
    """A record as in findings.json, of two numbers."""
    effect = {"name": "r", "value": 0.4, "ci_low": 0.2, "ci_high": 0.6}
    estimate = {"n": 50, "p": 0.001, "effect": effect, "direction": "+"}
    record = {
        "id": "h-1",
        "dataset": "data",
        "cycle": 1,
        "statement": "a goes with b",
        "parent": None,
        "x": "a",
        "y": "b",
        "kind": "numeric_numeric",
        "covariates": [],
        "by": None,
        "part": "whole",
        "test": "scipy.stats.pearsonr",
        "why": "linear correlation of two numeric columns",
        "assumptions": [],
        "n": 100,
        "statistic": 0.4,
        "p": 0.001,
        "q": 0.01,
        "effect": effect,
        "direction": "+",
        "predicted": None,
        "groups": None,
        "y_level": None,
        "significant": True,
        "replicated": True,
        "explore": estimate,
        "confirm": estimate,
        "variants": [],
        "adjusted": [],
        "caveats": [],
        "caveat_notes": {},
        "mde": None,
        "wording": "replicated association",
        "evidence": {"experiment": "e-1", "script_sha256": "", "result_sha256": "", "locator": "/tests/0"},
    }
    return {**record, **more}


def drafted(record, columns=()):
    """The body of `finding_drafted`."""
    told = [{"name": name, "role": role, "usable": True, "distinct": 9, "missing": 0} for name, role in columns]
    hypothesis = {
        key: record[key] for key in ("id", "dataset", "kind", "x", "y", "covariates", "by", "part", "statement")
    }
    return {
        "cycle": record["cycle"],
        "finding": record,
        "hypothesis": {**hypothesis, "event": None, "predicted": None, "parent": None, "rationale": "all pairs"},
        "dataset": {"name": record["dataset"], "sha256": "0" * 64, "rows": record["n"], "columns": told},
    }


def answered(record, challenge, results, alpha=0.05):
    """How the lab answers a challenge, by the rule of PROTOCOL.md. `results` are those of experiments, by id."""
    check = challenge.get("check")
    if check is None:
        return "unsupported"
    estimate = results[check["experiment"]]
    for part in check["pointer"].split("/")[1:]:
        estimate = estimate[int(part) if isinstance(estimate, list) else part]
    if not isinstance(estimate["p"], float) or not isinstance(estimate["effect"], (float, type(None))):
        return "unsupported"
    if challenge["grounds"] == "negative_control":
        return "sustained" if estimate["p"] <= alpha else "overruled"
    turned = None not in (record["direction"], estimate["direction"]) and record["direction"] != estimate["direction"]
    return "sustained" if turned or estimate["p"] > alpha else "overruled"
