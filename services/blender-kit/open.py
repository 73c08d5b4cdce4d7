"""What has to happen before the shot is opened: blender … --python open.py FILE … -- PLAN …

The log is copied from here on, so that what Blender says about the file while opening it is known, and add-ons are
there when the file asks for them. No fault of ours may keep the file from being opened.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from tablao_kit import addons, log, plan as plans  # noqa: E402


def main():
    log.current().begin(log.OPENING)
    folder = plans.decode(plans.arguments()[0]).get("addons")
    if folder:
        addons.enable(folder)


try:
    main()
except Exception as problem:
    print("tablao: before opening the file: %s: %s" % (type(problem).__name__, problem))
