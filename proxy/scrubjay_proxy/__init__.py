"""A caching HTTP proxy: forward and reverse, RFC 9111, with a policy one can choose."""
