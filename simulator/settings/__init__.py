"""Settings: a TOML file, the environment over it, and keys that are in neither.

Only the command line and the screens import this; they hand plain values to the rooms below.
"""

from simulator.settings.endpoints import (
    BUILT_IN_JUDGE,
    BUILT_IN_VOICE,
    addresses,
    describe_judge,
    describe_voice,
    endpoint_of,
    judge_endpoint,
    voice_endpoint,
)
from simulator.settings.file import load, save
from simulator.settings.keys import api_key, environment_key, environment_url, forget_key, store_key
from simulator.settings.places import FILE_NAME, cache_folder, config_file, data_folder, library_folders
from simulator.settings.prices import price_hint, price_of
from simulator.settings.shape import Choice, ModelChoice, ModelPrice, Settings, Timeouts, choice_from

__all__ = [
    "BUILT_IN_JUDGE",
    "BUILT_IN_VOICE",
    "FILE_NAME",
    "Choice",
    "ModelChoice",
    "ModelPrice",
    "Settings",
    "Timeouts",
    "addresses",
    "api_key",
    "cache_folder",
    "choice_from",
    "config_file",
    "data_folder",
    "describe_judge",
    "describe_voice",
    "endpoint_of",
    "environment_key",
    "environment_url",
    "forget_key",
    "judge_endpoint",
    "library_folders",
    "load",
    "price_hint",
    "price_of",
    "save",
    "store_key",
    "voice_endpoint",
]
