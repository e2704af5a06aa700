"""The sections of `scrubjay.toml`: every setting, its default and what it means."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    SecretStr,
    model_validator,
)
from pydantic_settings import NoDecode

from scrubjay_proxy.http.rules import TRACKING_PARAMETERS
from scrubjay_proxy.quantities import (
    Address,
    ByteSize,
    Listed,
    Listen,
    OptionalSeconds,
    OptionalShare,
    OptionalSize,
    Seconds,
    split_list,
)
from scrubjay_proxy.store_url import MEMORY, check_store

AN_ORIGIN = 'scheme and host, such as "https://www.example.com" or "http://127.0.0.1:3000"'
A_NETWORK = 'an address or network, such as "127.0.0.1" or "10.0.0.0/8"'
A_HOST = 'a host name, "*.example.com" or "*"'


def check_origin(value: str) -> str:
    """An origin in the sense of RFC 6454, section 4: no path, no user, no query."""
    if not value:
        return value
    parts = urlsplit(value)
    bare = parts.path in ("", "/") and not (parts.query or parts.fragment or "@" in parts.netloc)
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname or not bare:
        raise ValueError(AN_ORIGIN)
    try:
        parts.port  # noqa: B018  reading it is what checks it
    except ValueError:
        raise ValueError(AN_ORIGIN) from None
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}"


def check_some_origin(value: str) -> str:
    if not value:
        raise ValueError(AN_ORIGIN)
    return check_origin(value)


def check_host(value: str) -> str:
    if not re.fullmatch(r"\*|(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", value):
        raise ValueError(A_HOST)
    return value.lower()


def check_path(value: str) -> str:
    if not value.startswith("/"):
        raise ValueError('a path that starts with "/"')
    return value


def parse_network(value: object) -> IPv4Network | IPv6Network:
    try:
        return ip_network(str(value), strict=False)
    except ValueError:
        raise ValueError(A_NETWORK) from None


Origin = Annotated[str, AfterValidator(check_origin)]
Networks = Annotated[
    tuple[
        Annotated[IPv4Network | IPv6Network, PlainValidator(parse_network), PlainSerializer(str)],
        ...,
    ],
    NoDecode,
    BeforeValidator(split_list),
]
Ports = Annotated[
    tuple[Annotated[int, Field(ge=1, le=65535)], ...], NoDecode, BeforeValidator(split_list)
]
Objective = Literal["object", "byte", "cost"]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProxySection(Section):
    listen: Listen = Field(Address("127.0.0.1", 8080), description="Where clients connect.")
    origin: Origin = Field("", description="The site to stand in front of (reverse mode).")
    workers: int = Field(
        1, ge=1, le=1024, description="Processes that serve; several need a shared store."
    )
    forward: bool = Field(False, description="Serve as http_proxy= for clients, CONNECT included.")
    forward_private: bool = Field(
        False, description="Let forward mode reach loopback and private addresses."
    )
    connect_ports: Ports = Field((443,), description="Ports that CONNECT may open a tunnel to.")
    purge_from: Networks = Field(
        (), description="Networks whose PURGE is obeyed on this port; none by default."
    )
    tls_cert: str = Field("", description="Certificate chain (PEM) to listen with TLS.")
    tls_key: str = Field("", description="Private key (PEM) of that certificate.")
    drain_timeout: Seconds = Field(
        30.0, description="How long running requests may take to finish after SIGTERM."
    )
    max_body: OptionalSize = Field(
        None, description="Largest request body that is passed on; empty: any."
    )

    @model_validator(mode="after")
    def tls_is_complete(self) -> Self:
        if bool(self.tls_cert) != bool(self.tls_key):
            raise ValueError("tls_cert and tls_key belong together: set both or neither")
        return self


class ControlSection(Section):
    listen: Listen = Field(
        Address("127.0.0.1", 8081), description="Where the API, /metrics and health are served."
    )
    token: SecretStr = Field(
        SecretStr(""), description="Bearer token for all but health; needed off loopback."
    )

    @model_validator(mode="after")
    def guarded(self) -> Self:
        if not self.listen.is_loopback and not self.token.get_secret_value():
            raise ValueError(
                f"listen = {self.listen} can be reached from other machines, so token must be set "
                "(SCRUBJAY_CONTROL__TOKEN), or listen on 127.0.0.1"
            )
        return self


class CacheSection(Section):
    capacity: ByteSize = Field(256 * 2**20, gt=0, description="Bytes of bodies to hold.")
    max_objects: int = Field(1_000_000, ge=1, description="Objects to hold.")
    max_object: OptionalSize = Field(
        None, description="Largest body to store; empty: as much as the capacity."
    )
    policy: str = Field("hybrid", min_length=1, description="What to evict: a name or module:NAME.")
    objective: Objective = Field("object", description="Hits to win: of objects, bytes or cost.")
    model: str = Field("", description="File with the weights of drl; empty: the shipped ones.")
    sample: int = Field(80, ge=1, le=4096, description="Candidates drawn for one eviction.")
    batch: int = Field(1, ge=1, le=4096, description="Most of them evicted at once.")
    seed: int = Field(0, ge=0, lt=2**63, description="Of the draws; same seed, same victims.")
    deadline: Seconds = Field(
        0.005, description="Time for one decision of drl or a plug-in, else a classic; 0: any."
    )
    store: Annotated[str, AfterValidator(check_store)] = Field(
        MEMORY,
        repr=False,
        description="Where objects live: memory, or the URL of a Redis shared by proxies.",
    )

    @property
    def model_file(self) -> Path | None:
        """The file with the weights of drl, None for those that are shipped."""
        return Path(self.model) if self.model else None

    @property
    def object_limit(self) -> int:
        """Bytes of the largest body that may be stored."""
        return self.capacity if self.max_object is None else min(self.max_object, self.capacity)

    @model_validator(mode="after")
    def batch_fits_sample(self) -> Self:
        if self.batch > self.sample:
            raise ValueError(f"batch = {self.batch} must not exceed sample = {self.sample}")
        return self


class RedisSection(Section):
    hot: ByteSize = Field(
        64 * 2**20, description="Bytes of bodies kept in the process as well; 0: none."
    )
    shards: int = Field(16, ge=1, le=1024, description="Parts that a Redis Cluster is used in.")
    prefix: str = Field(
        "sj", pattern=r"^[A-Za-z0-9_.-]{1,32}$", description="What all keys begin with."
    )
    timeout: Seconds = Field(
        0.1, gt=0, description="Time for one operation; then the origin is asked."
    )
    flush: Seconds = Field(0.1, gt=0, description="How often accesses are written.")


class ModelsSection(Section):
    dir: str = Field("", description="Directory of models for drl, watched; empty: none.")
    gate: bool = Field(
        False, description="Run what is dropped there in shadow, and promote it once it leads."
    )
    gate_requests: int = Field(
        20_000, ge=1, description="Requests seen in shadow until it is judged who leads."
    )
    gate_lead: float = Field(
        0.1, ge=0, le=100, description="Points of hits (of bytes for byte) that count as a lead."
    )
    sample: int = Field(
        4, ge=1, le=1024, description="In shadow, look at one in so many objects, to save time."
    )
    rollback_after: Seconds = Field(
        0.0,
        description="Roll back a model that trails the one before for so long in shadow; 0: never.",
    )


class HttpSection(Section):
    heuristic_fraction: float = Field(
        0.1, ge=0, le=1, description="Lifetime as a share of the age since Last-Modified."
    )
    heuristic_max: Seconds = Field(86400.0, description="Longest heuristic lifetime.")
    staleness: OptionalShare = Field(
        None,
        description="Learn heuristic lifetimes within this share of stale answers; empty: off.",
    )
    stale_if_error: Seconds = Field(
        86400.0, description="How stale an answer may be when the origin cannot be reached."
    )
    cookies: Literal["private", "rfc"] = Field(
        "private", description="Never store answers that set cookies, or follow RFC 9111 alone."
    )
    ttl_jitter: float = Field(
        0.0, ge=0, le=0.5, description="Shorten lifetimes by a random share up to this."
    )
    max_variants: int = Field(64, ge=1, description="Variants (Vary) kept for one URL.")
    targeted: Listed = Field(
        ("cdn-cache-control",), description="RFC 9213 fields obeyed first, in this order."
    )


class OriginSection(Section):
    timeout: Seconds = Field(30.0, gt=0, description="Silence of an origin that gives 504.")
    connect_timeout: Seconds = Field(3.0, gt=0, description="Time to open a connection.")
    max_connections: int = Field(256, ge=1, description="Connections to one origin.")
    max_waiting: int = Field(1024, ge=0, description="Requests that may wait for one of them.")
    idle_timeout: Seconds = Field(3.0, description="How long an unused connection is kept.")


class LogSection(Section):
    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least important lines to write."
    )
    format: Literal["auto", "json", "console"] = Field(
        "auto", description="Of a line; auto: console on a terminal, else json."
    )


class RouteSection(Section):
    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="Label in metrics and logs.")
    host: Annotated[str, AfterValidator(check_host)] = Field("*", description=f"Match: {A_HOST}.")
    path: Annotated[str, AfterValidator(check_path)] = Field("/", description="Match: a prefix.")
    origin: Annotated[str, AfterValidator(check_some_origin)] = Field(
        description="Where such requests go."
    )
    host_header: Literal["auto", "client", "origin"] = Field(
        "auto", description="Whose Host the origin is told."
    )
    ttl_min: OptionalSeconds = Field(None, description="Shortest lifetime.")
    ttl_max: OptionalSeconds = Field(None, description="Longest lifetime.")
    ttl_default: OptionalSeconds = Field(
        None, description="Lifetime of answers that state none; empty: heuristic."
    )
    drop_query: Listed = Field(
        TRACKING_PARAMETERS,
        description='Query parameters to leave out; "utm_*" is a prefix.',
    )
    keep_query: Listed | None = Field(None, description="If given, only these are in the key.")
    sort_query: bool = Field(False, description="Order of the parameters makes no difference.")

    @model_validator(mode="after")
    def bounds_agree(self) -> Self:
        least, most = self.ttl_min, self.ttl_max
        if least is not None and most is not None and least > most:
            raise ValueError(f"ttl_min = {least:g}s exceeds ttl_max = {most:g}s")
        return self
