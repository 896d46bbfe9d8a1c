"""The header with which a file is offered."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote


def attachment(filename: str) -> str:
    """The header that offers a download under a name in any script (RFC 6266, with the encoding of RFC 8187)."""
    plain = re.sub(r"[^ !#-\[\]-~]", "", unicodedata.normalize("NFKD", filename))
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
