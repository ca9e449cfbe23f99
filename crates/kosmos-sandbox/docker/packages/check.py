"""Refuses packages that would change a locked one, or that lack something: `check.py FOLDER SITE`.

They were chosen by an installer on another machine, which may have another Python. This runs on the one that
they are for.
"""

import os
import sys
from importlib.metadata import distributions

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

folder, site = sys.argv[1:]
wrong = []
for parent, _, names in os.walk(folder):
    for name in names:
        path = os.path.relpath(os.path.join(parent, name), folder)
        if os.path.lexists(os.path.join(site, path)):
            wrong.append(f"{path} would replace a file of a locked package")

versions = {canonicalize_name(found.name): found.version for found in distributions(path=[folder, site])}
for found in distributions(path=[folder]):
    for text in found.requires or []:
        need = Requirement(text)
        if need.marker and not need.marker.evaluate({"extra": ""}):
            continue
        version = versions.get(canonicalize_name(need.name))
        if version is None:
            wrong.append(f"{found.name} needs {need.name}, which is not there: list it in sandbox.packages too")
        elif not need.specifier.contains(version, prereleases=True):
            wrong.append(f"{found.name} needs {need}, and {version} is there")
sys.exit("\n".join(wrong[:20]) or None)
