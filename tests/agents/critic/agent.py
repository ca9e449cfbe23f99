"""Looks at each relation of two numbers again within groups, honestly, and vetoes it where it turns round."""

from kosmos_agent import Agent, Challenge, Check

SCRIPT = """
import json
import pyarrow.parquet as pq
from scipy import stats
table = pq.read_table(PROTOCOL["table"]).to_pandas().dropna(subset=[PROTOCOL["x"], PROTOCOL["y"]])
x, y = (table[PROTOCOL[name]] - table.groupby("herd")[PROTOCOL[name]].transform("mean") for name in ("x", "y"))
r = stats.pearsonr(x, y)
check = {"n": len(table), "p": float(r.pvalue), "effect": float(r.statistic), "direction": "+" if r.statistic > 0 else "-"}
json.dump({"within": check}, open("result.json", "w"))
"""

agent = Agent()


@agent.on("finding_drafted")
def look_within(event, lab):
    finding = event["finding"]
    if finding["kind"] != "numeric_numeric":
        return
    run = lab.run_script(SCRIPT, finding["dataset"], "within herds", {"x": finding["x"], "y": finding["y"]})
    if run.result["within"]["direction"] != finding["direction"]:
        yield Challenge(
            finding=finding["id"],
            grounds="confounding",
            statement="Within herds the relation turns round.",
            check=Check(experiment=run.experiment, name="within herds", pointer="/within"),
            veto=True,
        )


agent.run()
