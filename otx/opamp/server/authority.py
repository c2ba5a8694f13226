"""Certificates that agents ask for (the CSR flow of the specification): what signs them."""

from typing import Protocol


class CsrRefused(Exception):
    """A request that is not granted; the reason goes into the answer."""


class Authority(Protocol):
    """A certificate authority."""

    def sign(self, csr: bytes, uid: bytes, now_ns: int) -> tuple[bytes, bytes]:
        """The certificate for a request and that of the authority, both as PEM.

        Raises:
            CsrRefused: It is none, is not signed with its key, or names another instance uid.
        """
