"""Runs migrations on the connection that :mod:`simulator.store.migrate` hands over, inside its transaction."""

from alembic import context

from simulator.store.schema import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True)
context.run_migrations()
