"""Requests, answers and stored responses in few words, for tests of the rules."""

from scrubjay_proxy.http.dates import format_date
from scrubjay_proxy.http.keys import primary_key, selecting, vary_names
from scrubjay_proxy.http.messages import Exchange, Head, Headers, Stored, request_for

NOW = 1_800_000_000.0  # Fri, 15 Jan 2027 08:00:00 GMT
URL = "http://example.com/a"


def fields(*lines):
    """Header lines, each as "Name: value"."""
    pairs = (line.partition(":") for line in lines)
    return Headers((name, value.strip(" ")) for name, _, value in pairs)


def ask(*lines, method="GET", url=URL):
    """A request."""
    asked = request_for(url)
    return type(asked)(method, asked.scheme, asked.host, asked.target, fields(*lines))


def got(*lines, status=200):
    """The head of an answer."""
    return Head(status, "", fields(*lines))


def at(received, took=0.0):
    """An exchange that ended then."""
    return Exchange(received - took, received)


def date(seconds=0.0):
    """An HTTP date so many seconds after NOW."""
    return format_date(int(NOW + seconds))


def kept(*lines, age=0.0, status=200, asked=None, length=100, parts=None, **more):
    """A response stored `age` seconds before NOW; it has a Date unless one is given."""
    asked = asked or ask()
    headers = fields(*lines)
    if "date" not in headers:
        headers = headers.plus(("Date", date(-age)))
    chosen = selecting(vary_names(headers), asked.headers)
    spans = ((0, length),) if parts is None else parts
    return Stored(
        id=more.pop("id", 1), key=primary_key(asked), head=Head(status, "", headers),
        times=more.pop("times", at(NOW - age)), selecting=chosen, length=length, parts=spans,
        **more,
    )  # fmt: skip
