"""uploads"""

import sqlalchemy as sa
from alembic import op

import app.db

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("form_key", sa.String(length=60), nullable=False),
        sa.Column("file_name", sa.String(length=150), nullable=False),
        sa.Column("document_type", sa.String(length=60), nullable=False),
        sa.Column("company_id", sa.String(length=100), nullable=False),
        sa.Column("reference", sa.String(length=100), nullable=False),
        sa.Column("send_mode", sa.String(length=20), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("made_at", app.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("pagero_file_id", sa.String(length=100), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_uploads_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
        sa.UniqueConstraint("account_id", "form_key", name=op.f("uq_uploads_account_id_form_key")),
    )
    with op.batch_alter_table("uploads", schema=None) as batch_op:
        batch_op.create_index("ix_uploads_account_id_made_at", ["account_id", "made_at"], unique=False)
        batch_op.create_index("ix_uploads_account_id_sha256", ["account_id", "sha256"], unique=False)

    op.create_table(
        "file_actions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("form_key", sa.String(length=60), nullable=False),
        sa.Column("pagero_file_id", sa.String(length=100), nullable=False),
        sa.Column("part_id", sa.String(length=100), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("made_at", app.db.UtcDateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_file_actions_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_actions")),
        sa.UniqueConstraint("account_id", "form_key", name=op.f("uq_file_actions_account_id_form_key")),
    )
    with op.batch_alter_table("file_actions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_file_actions_account_id_pagero_file_id", ["account_id", "pagero_file_id"], unique=False
        )


def downgrade() -> None:
    op.drop_table("file_actions")
    op.drop_table("uploads")
