"""What holds for every test: the machine's own colours, keys and endpoints have no say."""

from __future__ import annotations

import os

# Before anything is imported: Textual reads some of these once.
for _name in (
    "NO_COLOR",
    "FORCE_COLOR",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "FINELINE_PATH",
    "TEXTUAL_THEME",
    "TEXTUAL_ANIMATIONS",
):
    os.environ.pop(_name, None)
