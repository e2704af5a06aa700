"""HTTP/1.1 on the wire (RFC 9112), for both sides: clients and origins."""
