"""A certificate authority made for one test: it vouches for `localhost` and for nothing else."""

from __future__ import annotations

from pathlib import Path

import trustme
from attrs import frozen

from mtf_adapters.sandbox.faces.serving import Certificate


@frozen
class Vouched:
    """A certificate, and the file of the authority that a client has to trust."""

    certificate: Certificate
    authority: Path


def vouched(folder: Path, name: str = "localhost") -> Vouched:
    """Files in that folder."""
    authority = trustme.CA()
    issued = authority.issue_cert(name)
    chain, key, root = folder / "chain.pem", folder / "key.pem", folder / "authority.pem"
    for number, blob in enumerate(issued.cert_chain_pems):
        blob.write_to_path(str(chain), append=number > 0)
    issued.private_key_pem.write_to_path(str(key))
    authority.cert_pem.write_to_path(str(root))
    return Vouched(Certificate(chain, key), root)
