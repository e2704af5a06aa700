"""TLS on both sides, with certificates made for the test."""

import ssl

import pytest
import trustme

from loopback.client import Client
from loopback.origin import ScriptedOrigin, reply
from scrubjay_proxy.errors import SettingsError

FRESH = "Cache-Control: max-age=60"


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def files(authority, tmp_path):
    """Paths of a certificate for localhost, of its key, and of the authority."""
    issued = authority.issue_cert("localhost")
    chain, key, ca = tmp_path / "chain.pem", tmp_path / "key.pem", tmp_path / "ca.pem"
    for blob in issued.cert_chain_pems:
        blob.write_to_path(chain, append=True)
    issued.private_key_pem.write_to_path(key)
    authority.cert_pem.write_to_path(ca)
    return str(chain), str(key), str(ca)


@pytest.fixture
def trusting(files):
    return ssl.create_default_context(cafile=files[2])


@pytest.fixture
async def secure(files):
    """An https origin."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files[0], files[1])
    async with ScriptedOrigin(context) as scripted:
        yield scripted


async def test_a_proxy_may_listen_with_tls(origin, start, files, trusting):
    origin.on("/a", reply(b"hello", FRESH))
    given = {"proxy.tls_cert": files[0], "proxy.tls_key": files[1]}
    proxy = await start(given, tls=trusting)
    miss, hit = await proxy.get("/a"), await proxy.get("/a")
    assert (miss.body, hit.hit) == (b"hello", True)
    assert origin.asked[0].get("x-forwarded-proto") == "https"
    assert [*proxy.proxy.store.keys()] == ["https://site.example/a"]


async def test_a_cut_answer_is_cut_over_tls_too(origin, start, files, trusting):
    async def cut(exchange):
        await exchange.send(reply(b"hello", FRESH, length=10))
        exchange.close()

    origin.on("/a", cut)
    given = {"proxy.tls_cert": files[0], "proxy.tls_key": files[1]}
    proxy = await start(given, tls=trusting)
    async with Client(proxy.port, tls=trusting) as client:
        try:
            answer = await client.ask("/a")
        except (ConnectionError, EOFError):
            return
        assert answer.cut or answer.status == 502


async def test_files_that_are_no_certificate_are_one_clear_error(start, tmp_path):
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("nonsense")
    with pytest.raises(SettingsError, match=r"proxy\.tls_cert"):
        await start({"proxy.tls_cert": str(wrong), "proxy.tls_key": str(wrong)})


async def test_an_https_origin_is_told_its_own_name(secure, start, files, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", files[2])
    secure.on("/a", reply(b"hello", FRESH))
    proxy = await start({"proxy.origin": secure.url})
    assert (await proxy.get("/a")).body == b"hello"
    assert (await proxy.get("/a")).hit
    assert secure.asked[0].get("host") == f"localhost:{secure.port}"


async def test_an_https_origin_nobody_vouches_for_is_502(secure, start):
    proxy = await start({"proxy.origin": secure.url})
    answer = await proxy.get("/a")
    assert answer.status == 502
    assert not secure.asked
