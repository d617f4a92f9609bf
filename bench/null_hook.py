"""A webhook that allows everything: the ceiling of generator and machine.

Run as `python -m bench.null_hook PORT CERTIFICATE KEY`.
"""

import json
import ssl
import sys

from aiohttp import web


async def allow(request: web.Request) -> web.Response:
    """Allow whatever is asked."""
    review = json.loads(await request.read())
    response = {"uid": review["request"]["uid"], "allowed": True}
    return web.json_response(
        {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}
    )


def main(port: int, certificate: str, key: str) -> None:
    """Serve until the process is ended."""
    app = web.Application()
    app.router.add_post("/{path:.*}", allow)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    web.run_app(app, host="127.0.0.1", port=port, ssl_context=context, print=None, access_log=None)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
