"""What the control API takes and gives."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from scrubjay_proxy.control.running import Purge


def check_target(value: str) -> str:
    if not value.startswith(("/", "http://", "https://")):
        raise ValueError('expected "https://host/path", or "/path" for every host')
    return value


def check_prefix(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError('expected "https://host/path" as the beginning of URLs')
    return value


Target = Annotated[str, AfterValidator(check_target)]
Prefix = Annotated[str, AfterValidator(check_prefix)]


class PurgeOrder(BaseModel):
    """URLs, tags (Surrogate-Key, Cache-Tag) and URL prefixes to remove, or to mark stale."""

    model_config = ConfigDict(extra="forbid")

    urls: tuple[Target, ...] = ()
    tags: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    prefixes: tuple[Prefix, ...] = ()
    soft: bool = Field(default=False, description="Mark stale instead of removing.")

    @model_validator(mode="after")
    def names_something(self) -> Self:
        if not (self.urls or self.tags or self.prefixes):
            raise ValueError("name at least one of urls, tags, prefixes")
        return self

    def order(self) -> Purge:
        return Purge(urls=self.urls, tags=self.tags, prefixes=self.prefixes, soft=self.soft)


class Purged(BaseModel):
    purged: int = Field(description="Objects found, variants counted one by one.")


class PolicyChoice(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, description="Of a known policy, or package.module:NAME.")


class Policies(BaseModel):
    current: str
    objective: str
    available: list[str]


class Cache(BaseModel):
    name: str
    objects: int
    bytes: int
    hits: int
    saved: float = Field(description="What all its hits were worth, in the unit.")
    lead: float = Field(description="What its late hits were worth more than the followed one's.")
    price: float = Field(description="The lead from which on it is followed.")


class Guard(BaseModel):
    follows: str
    reason: str = Field(description="Why this one, and when another, in words.")
    since: int = Field(description="The request of the last switch; 0: from the start.")
    requests: int
    switches: int
    unit: str = Field(description="Hits, bytes or seconds, as the objective says.")
    live: Cache
    shadows: list[Cache]


class Setting(BaseModel):
    key: str
    value: Any
    source: str = Field(description="Where it was given: a file, a variable, a flag or default.")


class StoreUsage(BaseModel):
    bytes: int
    objects: int
    capacity: int


class Stats(BaseModel):
    version: str
    started: float = Field(description="Unix time.")
    uptime: float = Field(description="Seconds.")
    policy: str
    store: StoreUsage
    counts: dict[str, Any] = Field(description="Raw counts since the start, and their ratios.")


class Health(BaseModel):
    status: str
    parts: dict[str, str] = {}
