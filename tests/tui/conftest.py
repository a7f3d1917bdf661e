"""Pictures of screens are kept as SVG files, whatever name syrupy gives the setting this year."""

from __future__ import annotations

from pytest_textual_snapshot import SVGImageExtension

SVGImageExtension.file_extension = "svg"
