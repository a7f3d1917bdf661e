"""The app's screens, one a module, each with its own stylesheet in :mod:`simulator.tui.styles`."""
