"""Which key of etcd holds what: each state of a store has keys of its own, and one key says which is current."""

from typing import NamedTuple

# <prefix>current            the epoch: which of the states below is the store's. INVARIANT: every commit compares it
# <prefix>d/<epoch>/<key>    the value of the store's key
# <prefix>h/<epoch>          replaced by every commit, so its revision is the store's head
# <prefix>c/<epoch>          up to which revision the change feed was compacted, in digits; without any, its own


class EtcdKeys(NamedTuple):
    """The keys of one store."""

    prefix: bytes

    @property
    def current(self) -> bytes:
        return self.prefix + b"current"

    def head(self, epoch: str) -> bytes:
        return b"%sh/%s" % (self.prefix, epoch.encode())

    def compacted(self, epoch: str) -> bytes:
        return b"%sc/%s" % (self.prefix, epoch.encode())

    def data(self, epoch: str, key: str = "") -> bytes:
        return b"%sd/%s/%s" % (self.prefix, epoch.encode(), key.encode())


def end_of(prefix: bytes) -> bytes:
    """The end of the range of all keys that begin with ``prefix``, whose last byte is not the highest."""
    return prefix[:-1] + bytes([prefix[-1] + 1])
