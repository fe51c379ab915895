"""switches and reconnect links"""

import sqlalchemy as sa
from alembic import op

import app.db

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "switches",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("at", app.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_switches")),
    )
    op.create_table(
        "reconnect_links",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("made_by", sa.String(length=300), nullable=False),
        sa.Column("made_at", app.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", app.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("used_at", app.db.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_reconnect_links_account_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_reconnect_links")),
    )
    with op.batch_alter_table("reconnect_links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reconnect_links_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_reconnect_links_expires_at"), ["expires_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("reconnect_links", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reconnect_links_expires_at"))
        batch_op.drop_index(batch_op.f("ix_reconnect_links_account_id"))

    op.drop_table("reconnect_links")
    op.drop_table("switches")
