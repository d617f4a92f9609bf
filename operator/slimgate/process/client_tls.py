"""TLS to servers that somebody else runs: registries, kubelets."""

import ssl


def client_context(ca_file: str | None = None) -> ssl.SSLContext:
    """Trust the system's CAs, or those of a file; OSError if it holds none.

    It has no finite-field Diffie-Hellman of TLS 1.2, whose group the server makes up: one of 10,000
    bits takes the loop for a second each handshake (https://dheatattack.gitlab.io/). Whoever serves
    registries, and every kubelet, has had elliptic curves for long. Fields of TLS 1.3 the image
    leaves out by scripts/openssl.cnf, since Python can't before 3.15.
    """
    context = ssl.create_default_context(cafile=ca_file)
    kept = [one["name"] for one in context.get_ciphers() if one["kea"] != "kx-dhe"]
    context.set_ciphers(":".join(kept))
    return context
