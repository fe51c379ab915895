"""The application: create_app() is the one place where the parts meet."""
