"""The WeChat that we run ourselves: the Pay API with its own keys, state and clock, and the owner's signing page."""

from .app import create_app
from .magic import MagicValue, magic_values, print_values

__all__ = ["MagicValue", "create_app", "magic_values", "print_values"]
