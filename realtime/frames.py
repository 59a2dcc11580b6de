"""WebSocket frames as bytes, built once and written to many connections."""

import struct

#: FIN and the opcode of a text message (RFC 6455, section 5.2).
_FINAL_TEXT = 0x81
_SHORT = 126
_MEDIUM = 1 << 16


def text_frame(payload: bytes) -> bytes:
    """Return an unmasked text frame, as a server sends it, that holds all of `payload`."""
    size = len(payload)
    if size < _SHORT:
        return struct.pack("!BB", _FINAL_TEXT, size) + payload
    if size < _MEDIUM:
        return struct.pack("!BBH", _FINAL_TEXT, _SHORT, size) + payload
    return struct.pack("!BBQ", _FINAL_TEXT, _SHORT + 1, size) + payload
