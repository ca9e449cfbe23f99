"""Runs an experiment's script in an interpreter whose packages have been imported beforehand.

To the script it is as if it had been started by `python -s -u script.py`: it is `__main__`, its folder
comes first in the search path, and a traceback begins with its own lines.
"""
import builtins
import importlib
import importlib.machinery
import os
import sys
import threading
import types

# What takes long to import and is used by most scripts. Whatever is missing here is imported by the script.
PRELOADED = (
    "json",
    "numpy",
    "pandas",
    "pyarrow",
    "pyarrow.compute",
    "pyarrow.csv",
    "pyarrow.parquet",
    "scipy.optimize",
    "scipy.special",
    "scipy.stats",
    "sklearn.linear_model",
    "sklearn.model_selection",
    "statsmodels.api",
)


def preload():
    """Imports the packages. A process with threads cannot be forked safely, so that is an error."""
    for name in PRELOADED:
        importlib.import_module(name)
    threads = len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else threading.active_count()
    if threads != 1:
        raise RuntimeError(f"the imports left {threads - 1} threads behind")


def run(script):
    """Runs the file `script` of the current folder as the main program. Call it last, at the top level."""
    path = os.path.join(os.getcwd(), script)
    main = types.ModuleType("__main__")
    main.__file__ = path
    main.__cached__ = None
    main.__builtins__ = builtins
    main.__loader__ = importlib.machinery.SourceFileLoader("__main__", path)
    run.caller = sys.modules.get("__main__")  # kept, for its end would clear what it has defined
    sys.modules["__main__"] = main
    sys.argv[:] = [script]
    sys.path.insert(0, os.getcwd())
    if "numpy" in sys.modules:
        # A fresh state, as a fresh process would have it; scripts that need a fixed one seed their own.
        sys.modules["numpy"].random.seed()
    try:
        with open(path, "rb") as file:
            code = compile(file.read(), path, "exec")
        exec(code, main.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        # Without the frame of this function. What is shown is what the exception itself holds.
        error.__traceback__ = error.__traceback__.tb_next
        sys.excepthook(type(error), error, error.__traceback__)
        raise SystemExit(1) from None
