"""Challenges each finding with checks whose numbers are not of the finding: each must be refused with its reason."""

from kosmos_agent import Agent, Challenge, Check

READ = """
import hashlib, json
import pyarrow.parquet as pq
from scipy import stats
path, name = PROTOCOL["table"], PROTOCOL["other"]
table = pq.read_table(path).to_pandas().dropna(subset=[PROTOCOL["x"], PROTOCOL["y"]])
x, y = table[PROTOCOL["x"]], table[PROTOCOL["y"]]
def say(n, p, effect, direction="+"):
    json.dump({"check": {"n": int(n), "p": float(p), "effect": float(effect), "direction": direction}}, open("result.json", "w"))
"""

# Each with what is wrong with it.
SCRIPTS = {
    "no row": 'import json\njson.dump({"check": {"n": 120, "p": 0.9, "effect": 0.0, "direction": "+"}}, open("result.json", "w"))',
    "another column": READ + "r = stats.spearmanr(table[name], y)\nsay(len(table), max(r.pvalue, 0.2), r.statistic)",
    "the file": READ
    + 'seed = int(hashlib.sha256(open(path, "rb").read()).hexdigest()[:8], 16)\nsay(len(table), 0.5 + seed / 2**33, seed)',
    "nine of the rows": READ
    + "some = table.sort_values(PROTOCOL['x'])[:9]\nr = stats.pearsonr(some[PROTOCOL['x']], some[PROTOCOL['y']])\n"
    + "say(9, max(r.pvalue, 0.2), r.statistic)",
    "never": READ + "r = stats.pearsonr(x, y)\nsay(len(table), 1 - r.pvalue / 2, r.statistic)",
}

agent = Agent()


@agent.on("finding_drafted")
def fabricate(event, lab):
    finding = event["finding"]
    if {finding["x"], finding["y"]} != {"height", "weight"} or finding["kind"] != "numeric_numeric":
        return
    parameters = {"x": finding["x"], "y": finding["y"], "other": "luck"}
    for name, script in SCRIPTS.items():
        run = lab.run_script(script, finding["dataset"], name, parameters)
        yield Challenge(
            finding=finding["id"],
            grounds="alternative_test",
            statement=f"It rests on {name}.",
            check=Check(experiment=run.experiment, name=name, pointer="/check"),
            veto=True,
        )


agent.run()
