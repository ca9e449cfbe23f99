"""An agent with a state that has scripts run: whatever is killed, its part in a run must come out the same."""

import json
import sys

asked = 0

SCRIPT = """
import json
import pyarrow.parquet as pq
from scipy import stats
table = pq.read_table(PROTOCOL["table"]).to_pandas().dropna(subset=[PROTOCOL["x"], PROTOCOL["y"]])
x, y = table[PROTOCOL["x"]].rank(), table[PROTOCOL["y"]].rank()
if PROTOCOL["within"]:
    x, y = (side - side.groupby(table[PROTOCOL["within"]]).transform("mean") for side in (x, y))
r = stats.pearsonr(x, y)
estimate = {"n": len(table), "p": float(r.pvalue), "effect": float(r.statistic), "direction": "+" if r.statistic > 0 else "-"}
json.dump({"again": estimate}, open("result.json", "w"))
"""


def send(message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def call(method, **params):
    global asked
    asked += 1
    send({"id": asked, "method": method, "params": params})
    answer = json.loads(sys.stdin.readline())
    if "error" in answer:
        raise SystemExit(f"{method}: {answer['error']}")
    return answer["result"]


def handle(event):
    seen = (call("state.get", key="seen") or 0) + 1
    call("state.put", key="seen", value=seen)
    if event["type"] == "research_finished":
        return [{"type": "write_section", "body": {"title": "Seen", "paragraphs": [f"{seen} events"]}}]
    if event["type"] != "finding_drafted":
        return []
    finding = event["body"]["finding"]
    messages = [{"type": "score", "body": {"finding": finding["id"], "scores": {"seen": min(seen / 100, 1.0)}}}]
    if finding["kind"] == "numeric_numeric":
        # Bills alone are held within species, where their relation turns round.
        within = "species" if {finding["x"][:4], finding["y"][:4]} == {"bill"} else None
        parameters = {"x": finding["x"], "y": finding["y"], "within": within}
        ran = call("sandbox.run", script=SCRIPT, dataset=finding["dataset"], parameters=parameters)
        check = {"experiment": ran["experiment"], "name": "once more", "pointer": "/again"}
        challenge = {"finding": finding["id"], "grounds": "confounding", "statement": "Perhaps not.", "check": check}
        messages.append({"type": "challenge", "body": challenge})
    source = {"title": "A book", "locator": f"p. {seen}", "passage": "word for word"}
    evidence = {"finding": finding["id"], "stance": "context", "statement": "It is written.", "source": source}
    messages.append({"type": "add_evidence", "body": evidence})
    return messages


def main():
    for line in sys.stdin:
        request = json.loads(line)
        if request["method"] == "initialize":
            result = {"protocol": 1}
        elif request["method"] == "handle":
            result = {"messages": handle(request["params"])}
        else:
            result = None
        send({"id": request["id"], "result": result})
        if request["method"] == "shutdown":
            return


main()
