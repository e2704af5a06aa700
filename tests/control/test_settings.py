from pathlib import Path

import pytest

from scrubjay_proxy.errors import SettingsError
from scrubjay_proxy.quantities import Address
from scrubjay_proxy.settings import Settings, find_file
from scrubjay_proxy.store_url import without_password


def written(folder: Path, text: str) -> Path:
    path = folder / "scrubjay.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path | None = None, **flags: object) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        Settings.load(path, {key.replace("__", "."): value for key, value in flags.items()})
    return caught.value.problems


def test_the_defaults_stand_alone():
    settings = Settings()
    assert settings.proxy.listen == Address("127.0.0.1", 8080)
    assert settings.cache.capacity == 256 * 2**20
    assert settings.cache.object_limit == settings.cache.capacity
    assert settings.origin.timeout == 30.0


def test_a_flag_wins_over_the_environment_and_that_over_the_file(tmp_path, monkeypatch):
    path = written(
        tmp_path, '[cache]\ncapacity = "1KiB"\nsample = 8\nseed = 5\n[log]\nlevel = "error"\n'
    )
    monkeypatch.setenv("SCRUBJAY_CACHE__CAPACITY", "2KiB")
    monkeypatch.setenv("SCRUBJAY_CACHE__SAMPLE", "16")
    settings = Settings.load(path, {"cache.capacity": "3KiB", "cache.policy": None})
    assert settings.cache.capacity == 3072
    assert settings.cache.sample == 16
    assert settings.cache.seed == 5
    assert settings.source_of("cache.capacity") == "flag"
    assert settings.source_of("cache.sample") == "SCRUBJAY_CACHE__SAMPLE"
    assert settings.source_of("cache.seed") == str(path)
    assert settings.source_of("cache.policy") == "default"


def test_a_bad_value_names_key_value_source_and_what_is_allowed(tmp_path):
    path = written(tmp_path, '[cache]\ncapacity = "elephant"\n')
    (problem,) = problems(path)
    assert problem == (
        f'cache.capacity = "elephant" ({path}) is not allowed; '
        'allowed: a size such as "256MiB", "1.5GB" or a number of bytes'
    )


def test_a_bad_value_of_the_environment_names_its_variable(monkeypatch):
    monkeypatch.setenv("SCRUBJAY_HTTP__COOKIES", "all")
    (problem,) = problems()
    assert problem == (
        'http.cookies = "all" (SCRUBJAY_HTTP__COOKIES) is not allowed; '
        "allowed: 'private' or 'rfc'"
    )


def test_an_unknown_key_is_refused_with_the_nearest_one(tmp_path):
    path = written(tmp_path, "[cache]\ncapcity = 3\n")
    (problem,) = problems(path)
    assert problem.startswith(f"cache.capcity ({path}) is not a setting; did you mean capacity?")


def test_an_unknown_section_is_refused_in_file_and_environment(tmp_path, monkeypatch):
    (problem,) = problems(written(tmp_path, "[cash]\n[cache]\n"))
    assert "did you mean cache?" in problem
    monkeypatch.setenv("SCRUBJAY_CASH__POLICY", "lru")
    (problem,) = problems()
    assert problem.startswith("SCRUBJAY_CASH__POLICY is no setting")


def test_all_mistakes_are_told_at_once():
    assert len(problems(cache__sample=0, cache__seed=-1, log__level="loud")) == 3


def test_a_section_that_is_no_table_is_refused(tmp_path):
    (problem,) = problems(written(tmp_path, "cache = 3\n"))
    assert "allowed: a table of settings" in problem


def test_a_file_that_cannot_be_read_or_is_not_toml_is_one_line(tmp_path):
    (problem,) = problems(tmp_path / "none.toml")
    assert "cannot be read" in problem
    (problem,) = problems(written(tmp_path, "[cache\n"))
    assert "is not TOML" in problem
    assert "line 1" in problem


def test_lists_come_from_the_environment_by_commas_or_json(monkeypatch):
    monkeypatch.setenv("SCRUBJAY_PROXY__CONNECT_PORTS", "443, 8443")
    monkeypatch.setenv("SCRUBJAY_HTTP__TARGETED", '["surrogate-control"]')
    monkeypatch.setenv("SCRUBJAY_PROXY__PURGE_FROM", "127.0.0.1,10.1.2.3/8")
    settings = Settings.load()
    assert settings.proxy.connect_ports == (443, 8443)
    assert settings.http.targeted == ("surrogate-control",)
    assert [str(one) for one in settings.proxy.purge_from] == ["127.0.0.1/32", "10.0.0.0/8"]


def test_a_bad_item_of_a_list_names_its_variable(monkeypatch):
    monkeypatch.setenv("SCRUBJAY_PROXY__CONNECT_PORTS", "443,https")
    (problem,) = problems()
    assert problem.startswith('proxy.connect_ports[1] = "https" (SCRUBJAY_PROXY__CONNECT_PORTS)')


@pytest.mark.parametrize(
    "origin",
    ["example.com", "ftp://example.com", "http://", "http://a/path", "http://u@a", "http://a:x"],
)
def test_an_origin_is_a_scheme_and_a_host(origin):
    (problem,) = problems(proxy__origin=origin)
    assert "https://www.example.com" in problem


def test_an_origin_is_normalised():
    assert Settings.load(None, {"proxy.origin": "HTTP://Example.COM:80/"}).proxy.origin == (
        "http://example.com:80"
    )


def test_the_control_port_needs_a_token_off_loopback():
    (problem,) = problems(control__listen="0.0.0.0:8081")
    assert "token must be set" in problem
    flags = {"control.listen": "0.0.0.0:8081", "control.token": "s3cret"}
    assert Settings.load(None, flags).control.listen.port == 8081


def test_half_of_a_tls_pair_is_refused():
    (problem,) = problems(proxy__tls_cert="cert.pem")
    assert problem == "[proxy] tls_cert and tls_key belong together: set both or neither"


def test_a_batch_larger_than_the_sample_is_refused():
    (problem,) = problems(cache__sample=4, cache__batch=8)
    assert "must not exceed sample" in problem


ROUTES = """
[proxy]
origin = "http://main.example"
[[routes]]
name = "pictures"
host = "*.example.com"
path = "/img/"
origin = "http://pictures.example"
ttl_min = "1m"
keep_query = ["w"]
[[routes]]
name = "rest"
origin = "http://rest.example"
"""


def test_routes_come_in_order_and_the_origin_last(tmp_path):
    routes = Settings.load(written(tmp_path, ROUTES)).all_routes
    assert [route.name for route in routes] == ["pictures", "rest", "default"]
    assert routes[0].ttl_min == 60
    assert routes[0].ttl_max is None
    assert routes[0].keep_query == ("w",)
    assert "utm_*" in routes[1].drop_query


def test_a_route_names_what_is_wrong_with_it(tmp_path):
    text = ROUTES.replace("/img/", "img").replace('origin = "http://rest.example"\n', "")
    path, origin = problems(written(tmp_path, text))
    assert path.startswith(f'routes[0].path = "img" ({tmp_path / "scrubjay.toml"}) is not allowed')
    assert origin == "routes[1].origin is missing"


def test_routes_of_one_name_are_refused(tmp_path):
    (problem,) = problems(written(tmp_path, ROUTES.replace('"rest"', '"default"')))
    assert "several routes are named default" in problem


def test_bounds_of_a_route_must_agree(tmp_path):
    text = ROUTES.replace('ttl_min = "1m"', 'ttl_min = "1m"\nttl_max = "1s"')
    (problem,) = problems(written(tmp_path, text))
    assert problem == "[routes[0]] ttl_min = 60s exceeds ttl_max = 1s"


def test_a_proxy_without_work_is_refused():
    with pytest.raises(SettingsError, match="nothing to serve") as caught:
        Settings().require_work()
    assert "--origin" in caught.value.hint
    Settings.load(None, {"proxy.forward": True}).require_work()


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:6379/0",
        "redis://user:pass@cache.example",
        "rediss://cache.example:6380/1?ssl_cert_reqs=none",
        "unix:///run/redis.sock?db=2",
    ],
)
def test_a_store_is_memory_or_a_redis(url):
    assert Settings.load(None, {"cache.store": url}).cache.store == url


@pytest.mark.parametrize(
    "url", ["redis://", "redis://:6379", "redis://h:x/0", "redis://h/zero", "unix://", "disk", ""]
)
def test_a_store_that_cannot_be_says_what_can(url):
    with pytest.raises(SettingsError, match="redis://HOST:PORT/DB"):
        Settings.load(None, {"cache.store": url})


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://u:p@w:/@h:1/0", "redis://u:********@h:1/0"),
        ("redis://:secret@h", "redis://:********@h"),
        ("unix:///s?db=1&password=secret", "unix:///s?db=1&password=********"),
        ("redis://h:1/0", "redis://h:1/0"),
    ],
)
def test_the_password_of_a_store_is_not_shown(url, shown):
    assert without_password(url) == shown


def test_a_mistyped_store_shows_no_password_either():
    with pytest.raises(SettingsError) as caught:
        Settings.load(None, {"cache.store": "redsi://u:secret@h:1"})
    assert "secret" not in str(caught.value)


def test_secrets_are_shown_neither_in_effect_nor_in_errors(tmp_path):
    settings = Settings.load(None, {"control.token": "s3cret"})
    shown = {key: (value, source) for key, value, source in settings.effective()}
    assert shown["control.token"] == ("********", "flag")
    assert shown["cache.capacity"] == ("256MiB", "default")
    assert "s3cret" not in repr(settings)
    settings = Settings.load(None, {"cache.store": "redis://:s3cret@h"})
    shown = {key: value for key, value, _ in settings.effective()}
    assert shown["cache.store"] == "redis://:********@h"
    assert "s3cret" not in repr(settings)
    (problem,) = problems(written(tmp_path, "[control]\ntoken = 5551234\n"))
    assert "5551234" not in problem


def test_the_file_is_found_by_flag_variable_or_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_file(None) is None
    written(tmp_path, "")
    assert find_file(None) == Path("scrubjay.toml")
    monkeypatch.setenv("SCRUBJAY_CONFIG", "other.toml")
    assert find_file(None) == Path("other.toml")
    assert find_file(Path("mine.toml")) == Path("mine.toml")


def test_every_setting_says_what_it_means():
    for name, field in Settings.model_fields.items():
        section = field.annotation
        for key, setting in getattr(section, "model_fields", {}).items():
            assert setting.description, f"{name}.{key}"
