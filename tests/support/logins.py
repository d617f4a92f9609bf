"""How logins look on their way."""

from base64 import b64encode

from slimgate.core.credentials.identity import Credential


def basic(credential: Credential) -> str:
    """Write the header that shows a user and a password."""
    return f"Basic {b64encode(f'{credential.username}:{credential.password}'.encode()).decode()}"
