"""Runs an experiment's script in an interpreter whose packages have been imported beforehand.

To the script it is as if it had been started by `python -s -u script.py`: it is `__main__`, its folder
comes first in the search path, and a traceback begins with its own lines.
"""
import atexit
import builtins
import ctypes
import gc
import importlib
import importlib.machinery
import os
import sys
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
    atexit.register(spare)  # the first to be registered, so the last to be called
    before = dict(os.environ)
    # Arrow's allocator would start a thread otherwise.
    os.environ["JE_ARROW_MALLOC_CONF"] = "background_thread:false"
    for name in PRELOADED:
        importlib.import_module(name)
    # Packages leave variables behind, which a fresh process does not have.
    os.environ.clear()
    os.environ.update(before)
    threads = len(os.listdir("/proc/self/task"))
    if threads != 1:
        raise RuntimeError(f"the imports left {threads - 1} threads behind")
    spare.modules = dict(sys.modules)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(spare.modules))  # it is never taken apart
    gc.collect()
    gc.freeze()


def spare():
    """Keeps what was imported beforehand out of the interpreter's end, which would take it apart and so copy
    all of its memory. What the script has made and imported itself ends as it always does."""
    for name, module in spare.modules.items():
        if name not in ("builtins", "sys") and sys.modules.get(name) is module:
            del sys.modules[name]


spare.modules = {}


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
