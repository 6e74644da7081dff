"""The library for assistants by HTTP (the protocol's streamable HTTP), on this machine alone."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from hmac import compare_digest

from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings

from pipeline import interrupts
from pipeline.errors import SettingsError

HOST, PATH = "127.0.0.1", "/mcp"
_GRACE = 2  # seconds that answers have to end in


def serve(made: MCPServer, port: int, token: str | None, say: Callable[[str], None]) -> None:
    """Serve until the process is told to end; says where, once it listens.

    port 0: a free one. token: what has to come as `Authorization: Bearer …`; None: all programs of this machine may
    ask. No page of a browser may: it would say where it is from. Raises SettingsError where the port is taken.
    """
    import uvicorn

    try:
        listening = socket.create_server((HOST, port))
    except OSError as error:
        raise SettingsError(f"Cannot listen on {HOST}, port {port} ({error.strerror}). Choose another with --port.") from None
    own = [f"{name}:{listening.getsockname()[1]}" for name in (HOST, "localhost")]
    app = made.streamable_http_app(streamable_http_path=PATH, transport_security=TransportSecuritySettings(allowed_hosts=own))
    say(f"An assistant finds the library on http://{own[0]}{PATH}")
    config = uvicorn.Config(_guarded(app, token) if token else app, log_level="warning", timeout_graceful_shutdown=_GRACE)
    with suppress(KeyboardInterrupt):  # which is how it is told to end
        uvicorn.Server(config).run(sockets=[listening])
    interrupts.take()


def _guarded(app: Callable, token: str) -> Callable:
    """An ASGI application behind a token."""
    wanted = f"Bearer {token}".encode()

    async def guarded(scope, receive, send) -> None:
        given = dict(scope.get("headers", ())).get(b"authorization", b"")
        if scope["type"] == "lifespan" or compare_digest(given, wanted):
            return await app(scope, receive, send)
        await send({"type": "http.response.start", "status": 401, "headers": [(b"www-authenticate", b"Bearer")]})
        await send({"type": "http.response.body", "body": b"Say the token of this server: Authorization: Bearer ..."})

    return guarded
