# The application alone: no sandbox, no tests, no compiler. Settings come from the environment; see README.md.
FROM python:3.13-slim AS build
COPY requirements.txt .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /srv --no-create-home app && mkdir -p /srv/instance && chown app /srv/instance
COPY --from=build /venv /venv
WORKDIR /srv
COPY wsgi.py gunicorn.conf.py ./
COPY app app
COPY migrations migrations
COPY templates templates
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 BIND=0.0.0.0:8000
USER app
VOLUME /srv/instance
EXPOSE 8000
# A shell and curl are no part of the image's needs; Python asks. Readiness includes the database.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
# Once per release, before the first instance starts: flask --app wsgi db upgrade
CMD ["gunicorn", "--config", "gunicorn.conf.py"]
