"""Has one script of second looks run for each finding, and challenges the finding where a look contradicts it."""

from kosmos_agent import Agent, CallFailed, Challenge, Check, LimitReached, Remark, shorten

import script

# What the script needs of a finding; the rest of the record is long.
KEYS = ("id", "kind", "x", "y", "covariates", "by", "direction", "y_level", "test", "why", "n", "p", "statement")

agent = Agent()


@agent.on("finding_drafted")
def look_again(event, lab):
    finding = event["finding"]
    parameters = {"finding": {key: finding.get(key) for key in KEYS}}
    title = shorten(f"Second looks at: {finding['statement']}", 200)
    try:
        run = lab.run_script(script.text(), finding["dataset"], title, parameters)
    except LimitReached as reason:
        return leave_out(lab, "the agent's share of the budget was spent", str(reason))
    except CallFailed as reason:
        return leave_out(lab, "the checks could not be run", str(reason))
    if not run.ok:
        return leave_out(lab, f"the checks ended with {run.outcome}", run.stderr[-500:])
    for skipped in run.result["skipped"]:
        leave_out(lab, skipped["why"] if skipped["check"] == "all" else f"{skipped['check']}: {skipped['why']}")
    return list(challenges(finding["id"], run, lab.config.get("most", 2)))


def challenges(finding, run, most):
    """The worst contradictions, one for each of the grounds: two looks of one sort mostly say the same."""
    grounds = set()
    for place in run.result["worst"]:
        check = run.result["checks"][place]
        if check["grounds"] in grounds or len(grounds) >= most:
            continue
        grounds.add(check["grounds"])
        yield Challenge(
            finding=finding,
            grounds=check["grounds"],
            statement=shorten(check["statement"]),
            check=Check(
                experiment=run.experiment, name=shorten(check["name"], 120), pointer=f"/checks/{place}/estimate"
            ),
        )


def leave_out(lab, why, detail=""):
    """Counts what was not looked at; it is said once, at the end."""
    if detail:
        lab.log(f"{why}: {detail}", "warn")
    counts = lab.state.get("left_out", {})
    # Reasons name columns, and a table may have thousands; the state may not grow with it.
    if why in counts or len(counts) < 50:
        counts[why] = counts.get(why, 0) + 1
        lab.state.put("left_out", counts)


@agent.on("research_finished")
def say_what_was_left_out(event, lab):
    counts = lab.state.get("left_out", {})
    if counts:
        often = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        listed = "; ".join(f"{why} ({times} {'finding' if times == 1 else 'findings'})" for why, times in often)
        yield Remark(text=shorten(f"Checks that were left out: {listed}."))


agent.run()
