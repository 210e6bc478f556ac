"""The WeChat that we run ourselves: Pay API and signing page, mini program, official account, robot, text messages."""

from .app import create_app
from .magic import MagicValue, magic_values, print_values

__all__ = ["MagicValue", "create_app", "magic_values", "print_values"]
