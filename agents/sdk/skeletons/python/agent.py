from kosmos_agent import Agent, Challenge

agent = Agent()


@agent.on("finding_drafted")
def look(event, lab):
    finding = event["finding"]
    fewest = lab.config["fewest"]
    if finding["n"] < fewest:
        yield Challenge(
            finding=finding["id"],
            grounds="other",
            statement=f"It rests on {finding['n']} rows; at least {fewest} were asked for.",
        )


if __name__ == "__main__":
    agent.run()
