"""HTTP/1.1 messages from bytes."""

import httptools
import pytest

from rollway.sandbox.runtime.http1 import RequestReader, ResponseReader, format_request, format_response


def test_request_survives_any_cut() -> None:
    """However the network cuts the bytes, the request comes out whole."""
    sent = format_request("/invocations?x=1", {"Content-Type": "text/csv"}, b"1,2")
    for cut in range(1, len(sent)):
        reader = RequestReader()
        requests = reader.feed(sent[:cut]) + reader.feed(sent[cut:])
        assert [(r.method, r.path, r.headers["content-type"], r.body) for r in requests] == [
            ("POST", "/invocations?x=1", "text/csv", b"1,2")
        ]


def test_response_survives_any_cut() -> None:
    """However the network cuts the bytes, the response comes out whole, once."""
    sent = format_response(424, {"X-Custom": "Yes"}, b"body", keep_alive=False)
    for cut in range(1, len(sent)):
        reader = ResponseReader()
        parts = [part for part in (reader.feed(sent[:cut]), reader.feed(sent[cut:])) if part]
        assert [(r.status, r.headers["x-custom"], r.body, r.keep_alive) for r in parts] == [
            (424, "Yes", b"body", False)
        ]


def test_chunked_messages() -> None:
    """A body may come in chunks, as many programs send it."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    response = ResponseReader().feed(head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert response is not None
    assert (response.body, response.keep_alive) == (b"abcde", True)


def test_response_that_ends_with_the_connection() -> None:
    """An HTTP/1.0 program may end its answer by closing the connection."""
    reader = ResponseReader()
    assert reader.feed(b"HTTP/1.0 200 OK\r\n\r\nabc") is None
    response = reader.finish()
    assert response is not None
    assert response.body == b"abc"
    assert ResponseReader().finish() is None


def test_response_cut_off_is_no_response() -> None:
    """An answer that breaks off before its announced length never counts as one."""
    reader = ResponseReader()
    assert reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc") is None
    assert reader.finish() is None


def test_interim_responses_are_skipped() -> None:
    """``100 Continue`` announces the response, it is not the response."""
    response = ResponseReader().feed(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert response is not None
    assert (response.status, response.body) == (200, b"ok")


def test_body_above_the_limit_is_counted_not_kept() -> None:
    """A sender cannot fill the memory: what is above the limit is only counted."""
    (request,) = RequestReader(max_body=4).feed(format_request("/", {}, b"12345"))
    assert (request.body, request.size) == (b"", 5)


def test_garbage_is_an_error() -> None:
    """Bytes that are not HTTP raise instead of waiting for more."""
    with pytest.raises(httptools.HttpParserError):
        RequestReader().feed(b"\x16\x03\x01\r\n\r\n")
