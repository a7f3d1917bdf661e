"""The ``fineline`` command line: one module a command group, each thin."""
