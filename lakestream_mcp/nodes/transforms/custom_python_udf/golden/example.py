# lakestream:node=it
# Node: Under test
# Summary: share = share(amount, kind), double


def authored_it():
    # fmt: off
    """A share of an amount."""
    import math

    NOTE = """two
lines"""


    def _plain(amount):
        return 0.0 if amount is None else amount


    def share(amount,  kind):
        return math.sqrt(abs(_plain(amount))) if kind == "A" else None
    # fmt: on
    return share


it = feed.withColumn(
    "share",
    row_column(
        authored_it(),
        ["amount", "kind"],
        inputs=["double", "string"],
        output="double",
        returns="double",
        on_error="fail",
    ),
)
