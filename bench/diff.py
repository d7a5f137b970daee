"""What Alembic's autogenerate does: reflect one database, compare the other with it, write the operations."""
import sys
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine

start, target = ("postgresql+psycopg2://" + url.split("://", 1)[1] for url in sys.argv[1:3])
declared = MetaData()
declared.reflect(create_engine(target))
with create_engine(start).connect() as connection:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    print(render_python_code(produce_migrations(context, declared).upgrade_ops))
