"""A shot that cannot be rendered as asked."""


class Unfit(Exception):
    """What is wrong, for a person: a code for programs, a sentence, and what to do about it."""

    def __init__(self, code, message, action):
        super().__init__("%s %s" % (message, action))
        self.code = code
        self.message = message
        self.action = action
