"""What can go wrong with a local installation."""


class InstallationError(Exception):
    """The installation cannot be started, stopped or asked; the message says what to do."""
