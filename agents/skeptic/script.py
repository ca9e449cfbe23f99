"""The script that looks at a finding again. It stands alone: its parts, in their order, share one namespace."""

from pathlib import Path

PARTS = ("limits", "table", "association", "relation", "pairs", "rows", "looks", "main")


def text() -> str:
    """The whole script."""
    folder = Path(__file__).with_name("checks")
    return "\n\n".join((folder / f"{part}.py").read_text("utf-8") for part in PARTS)
