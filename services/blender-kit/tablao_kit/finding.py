"""One thing that is wrong with a shot, as it stands in records/check.json."""


def _finding(code, level, message, action):
    return {"code": code, "level": level, "message": message, "action": action}


def error(code, message, action):
    """The picture would be wrong: nothing is rendered."""
    return _finding(code, "error", message, action)


def warning(code, message, action):
    """Worth knowing; rendering goes on."""
    return _finding(code, "warning", message, action)
