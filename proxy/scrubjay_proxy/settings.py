"""All settings, read once; a flag wins over the environment, that over the file, over defaults."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import Field, PrivateAttr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings.exceptions import SettingsError as UnreadableEnvironment

from scrubjay_proxy.errors import SettingsError
from scrubjay_proxy.problems import explain, nearest, unsecret
from scrubjay_proxy.sections import (
    CacheSection,
    ControlSection,
    HttpSection,
    LogSection,
    ModelsSection,
    OriginSection,
    ProxySection,
    RedisSection,
    RouteSection,
)
from scrubjay_proxy.store_url import MEMORY

PREFIX = "SCRUBJAY_"
FILE_VARIABLE = "SCRUBJAY_CONFIG"
DEFAULT_FILE = "scrubjay.toml"
DEFAULT_ROUTE = "default"

Tree = dict[str, Any]


class Settings(BaseSettings):
    """What a proxy is told; `Settings()` is the defaults, `Settings.load` reads all sources."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    proxy: ProxySection = Field(default_factory=ProxySection)
    control: ControlSection = Field(default_factory=ControlSection)
    cache: CacheSection = Field(default_factory=CacheSection)
    redis: RedisSection = Field(default_factory=RedisSection)
    models: ModelsSection = Field(default_factory=ModelsSection)
    http: HttpSection = Field(default_factory=HttpSection)
    origin: OriginSection = Field(default_factory=OriginSection)
    routes: tuple[RouteSection, ...] = ()
    log: LogSection = Field(default_factory=LogSection)

    _sources: dict[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  pydantic's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # `load` merges the layers itself, because it must know which one a value came from.
        return (init_settings,)

    @model_validator(mode="after")
    def route_names_differ(self) -> Self:
        names = [route.name for route in self.routes]
        taken = {name for name in names if names.count(name) > 1}
        taken |= {DEFAULT_ROUTE} & set(names) if self.proxy.origin else set()
        if taken:
            raise ValueError(f"several routes are named {', '.join(sorted(taken))}")
        return self

    @classmethod
    def load(cls, path: Path | None = None, overrides: Mapping[str, Any] | None = None) -> Self:
        """Read file, environment and flags (`{"cache.capacity": "1MiB"}`, None = not given)."""
        layers = [
            (str(path), read_file(path) if path else {}),
            ("environment", read_environment(cls)),
            ("flag", nest(overrides or {})),
        ]
        merged: Tree = {}
        sources: dict[str, str] = {}
        for name, layer in layers:
            merge(merged, layer)
            sources |= {key: source_name(name, key) for key, _ in flatten(layer)}
        settings = cls.checked(merged, sources)
        settings._sources.update(sources)  # noqa: SLF001  our own, only just made
        return settings

    @classmethod
    def checked(cls, tree: Tree, sources: Mapping[str, str]) -> Self:
        try:
            return cls(**tree)
        except ValidationError as error:
            found = error.errors(include_url=False)
        problems = [
            explain(one, source_of=lambda key: source_of(sources, key), keys_beside=keys_beside)
            for one in found
        ]
        raise SettingsError(problems)

    def source_of(self, key: str) -> str:
        """Where the value of `cache.capacity` was given: file, environment, flag or default."""
        return source_of(self._sources, key)

    def effective(self) -> Iterator[tuple[str, Any, str]]:
        """Every setting, its value as one would write it, its source; secrets are masked."""
        for key, value in flatten(self.model_dump(mode="json")):
            yield key, unsecret(key, value), self.source_of(key)

    def handed_over(self) -> tuple[Tree, dict[str, str]]:
        """All of it for another process, secrets too: values, and where each was given."""
        tree = self.model_dump(mode="json")
        tree["control"]["token"] = self.control.token.get_secret_value()
        return tree, self._sources

    @classmethod
    def taken_over(cls, tree: Tree, sources: Mapping[str, str]) -> Self:
        """What another process handed over; nothing else is read."""
        settings = cls(**tree)
        settings._sources.update(sources)
        return settings

    @property
    def all_routes(self) -> tuple[RouteSection, ...]:
        """The routes in the order of the file, then the one of `proxy.origin`."""
        if not self.proxy.origin:
            return self.routes
        return (*self.routes, RouteSection(name=DEFAULT_ROUTE, origin=self.proxy.origin))

    def require_work(self) -> None:
        """Refuse to start a proxy that could answer nobody."""
        if not (self.all_routes or self.proxy.forward):
            raise SettingsError(
                ["there is nothing to serve: no origin, no [[routes]], and forward mode is off"],
                hint="give --origin https://www.example.com, or --forward",
            )
        if self.proxy.workers > 1 and self.cache.store == MEMORY:
            problem = (
                f"proxy.workers = {self.proxy.workers} ({self.source_of('proxy.workers')}) is not "
                "allowed with the store in memory: each worker would keep its own"
            )
            raise SettingsError([problem], hint="give --store redis://HOST:PORT or --workers 1")


def find_file(given: Path | None) -> Path | None:
    """The file named by --config, by SCRUBJAY_CONFIG, or scrubjay.toml here if there is one."""
    if named := given or os.environ.get(FILE_VARIABLE):
        return Path(named)
    return Path(DEFAULT_FILE) if Path(DEFAULT_FILE).is_file() else None


def read_file(path: Path) -> Tree:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError([f"{path} cannot be read: {error.strerror}"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError([f"{path} is not TOML: {error}"]) from error


def read_environment(cls: type[Settings]) -> Tree:
    """SCRUBJAY_SECTION__KEY; a section that does not exist is refused, not ignored."""
    for name in os.environ:
        section = name.upper().removeprefix(PREFIX).partition("__")[0].lower()
        if name.upper().startswith(PREFIX) and "__" in name and section not in cls.model_fields:
            raise SettingsError([f"{name} is no setting; {nearest(section, [*cls.model_fields])}"])
    try:
        return dict(EnvSettingsSource(cls)())
    except UnreadableEnvironment as error:
        raise SettingsError([f"environment: {error}; allowed: JSON"]) from error


def nest(flat: Mapping[str, Any]) -> Tree:
    tree: Tree = {}
    for key, value in flat.items():
        if value is None:
            continue
        section, _, name = key.partition(".")
        merge(tree, {section: {name: value} if name else value})
    return tree


def merge(base: Tree, over: Mapping[str, Any]) -> None:
    """Tables are merged key by key; everything else, lists too, is replaced."""
    for key, value in over.items():
        below = base.get(key)
        if isinstance(below, dict) and isinstance(value, Mapping):
            merge(below, value)
        else:
            base[key] = dict(value) if isinstance(value, Mapping) else value


def flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{key}.")
        elif isinstance(value, list | tuple) and any(isinstance(one, Mapping) for one in value):
            for index, one in enumerate(value):
                yield from flatten(one, f"{prefix}{key}[{index}].")
        else:
            yield f"{prefix}{key}", value


def source_name(layer: str, key: str) -> str:
    if layer != "environment":
        return layer
    return PREFIX + key.upper().replace(".", "__")


def source_of(sources: Mapping[str, str], key: str) -> str:
    """Of the key itself, of the list it is in, or of whatever was given inside that table."""
    for known in (key, key.partition("[")[0]):
        if known in sources:
            return sources[known]
    inside = (source for name, source in sources.items() if name.startswith((f"{key}.", f"{key}[")))
    return next(inside, "default")


def keys_beside(path: Sequence[int | str]) -> Sequence[str]:
    """What could have stood in place of the last part of the path."""
    if len(path) == 1:
        return [*Settings.model_fields]
    section = Settings.model_fields[str(path[0])].annotation
    known = RouteSection if path[0] == "routes" else section
    return [*getattr(known, "model_fields", {})]
