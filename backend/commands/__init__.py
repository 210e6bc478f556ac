"""The verbs of the `sesame` command, one module each."""
