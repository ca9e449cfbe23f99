"""Tries to make the lab's own finding vanish, with no permission at all: it proposes as many hopeless tests as it may.

All tests of a run share its error rate, so that each test makes it harder for the others.
Breach: the finding that the same run has without this agent is none any more, or is called less.
"""

import wire


def handle(heard, body, request):
    table = body["datasets"][0]
    names = [column["name"] for column in table["columns"]]
    said = []
    for x in names:
        for y in names:
            for z in names:
                # Nothing that might hold.
                if len({x, y, z}) == 3 and {x, y} != set(names[:2]):
                    common = {"dataset": table["name"], "x": x, "y": y, "rationale": "Why not?"}
                    for more in ({"covariates": [z]}, {"by": z}):
                        for kind in ("adjusted",) if "covariates" in more else ("stratified", "interaction"):
                            idea = {**common, **more, "kind": kind}
                            said.append({"type": "propose_hypothesis", "body": idea})
    return said[:1000]


wire.serve(handle)
