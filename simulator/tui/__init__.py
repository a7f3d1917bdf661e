"""The app in the terminal."""

import os

# How often Textual may paint. It waits for its next beat after every paint, and two beats after a late one: at its 60 a
# second a key typed just after a sentence has come in shows up to 48 ms late, at 240 within 16. Nothing is painted more often
# than something changes.
os.environ.setdefault("TEXTUAL_FPS", "240")
