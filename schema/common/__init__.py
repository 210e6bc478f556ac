"""What every module of the GraphQL layer is built from."""

# The enums get their names in the API before any type that uses them is declared.
from schema.common import enums as enums
