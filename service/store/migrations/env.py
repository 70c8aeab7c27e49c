"""What Alembic runs for every command: the connection is handed in, so that the store decides where and in which transaction."""

from alembic import context

from service.store.migrations.rendering import render
from service.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
    render_item=render,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
