"""What will come: events per second, keys, peaks. What is missing is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ...errors import InvalidArgument, nearest

TIMES = {"k": 1_000, "m": 1_000_000}


def _plain_number(given: object) -> object:
    """`10k` and `2.5M` as people write large numbers, and digits with commas."""
    if not isinstance(given, str):
        return given
    text = given.strip().lower().replace(",", "").replace("_", "")
    try:
        return float(text[:-1]) * TIMES[text[-1:]] if text[-1:] in TIMES else float(text)
    except ValueError:
        return given


Positive = Annotated[
    float, BeforeValidator(_plain_number), Field(gt=0, le=1e9, allow_inf_nan=False)
]
Share = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Compute = Literal["classic", "serverless"]
Mode = Literal["continuous", "triggered"]


class Load(BaseModel):
    """The load of a pipeline, and how it is to run.

    events_per_second, keys: of the mean hour. reach, wanted: by node, how many rows get to it, and
    how many of them it has a use for, per event of the sources; rows: how many it puts out.
    sources: by field, where a value comes from that the caller did not give.
    """

    model_config = ConfigDict(extra="forbid")

    events_per_second: Positive | None = None
    keys: Positive | None = None
    peak_factor: Annotated[float, Field(ge=1, le=1000)] | None = None
    target: Literal["sss", "sdp", "hybrid"] | None = None
    compute: Compute = "classic"
    mode: Mode | None = None
    runs_per_day: Annotated[float, Field(gt=0, le=1440)] | None = None
    batch_seconds: Annotated[float, Field(ge=0.01, le=86_400)] | None = None
    reach: dict[str, Share] = Field(default_factory=dict)
    wanted: dict[str, Share] = Field(default_factory=dict)
    rows: dict[str, Share] = Field(default_factory=dict)
    sources: dict[str, str] = Field(default_factory=dict, exclude=True)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Load:
        """What a caller says. Raises InvalidArgument with the nearest field."""
        known = set(cls.model_fields) - {"sources"}
        for name in given:
            if name not in known:
                near = nearest(name, known)
                raise InvalidArgument(
                    f"A load has no `{name[:60]}`.",
                    where={"argument": "load", "field": name[:60]},
                    got=name[:60],
                    expected=sorted(known),
                    hint=f"Did you mean `{near}`?" if near else None,
                )
        try:
            return cls.model_validate(dict(given))
        except ValidationError as error:
            first = error.errors()[0]
            raise InvalidArgument(
                f"`load.{'.'.join(map(str, first['loc']))}`: {first['msg']}.",
                where={"argument": "load", "field": str(first["loc"][0])},
                got=first["input"] if isinstance(first["input"], int | float | str) else None,
            ) from None

    def missing(self, needs_keys: bool) -> list[str]:
        """The fields without which there is no estimate."""
        wanted = ["events_per_second", *(["keys"] if needs_keys else [])]
        return [name for name in wanted if getattr(self, name) is None]

    def wanted_by(self, node: str) -> float:
        """Rows per event that a pattern has a use for; all that reach it where nothing is known."""
        return self.wanted.get(node, self.reach.get(node, 1.0))

    def told(self, name: str) -> str:
        """Where a value comes from."""
        return self.sources.get(name, "given")
