"""Run migrations on the connection that the product hands over."""

from alembic import context

from workspace import db

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=db.metadata)
context.run_migrations()
