# Three stages: the front end, the Python packages, and the small image that runs as nobody in particular.

FROM node:24-bookworm-slim AS frontend
WORKDIR /src/frontend
COPY frontend/package.json frontend/package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY templates /src/templates
COPY frontend ./
RUN npm run build

FROM python:3.11-slim-bookworm AS packages
COPY requirements/uv.txt requirements/prod.txt /src/
RUN python -m venv /uv && /uv/bin/pip install --no-cache-dir --quiet --require-hashes -r /src/uv.txt
ENV UV_PYTHON_DOWNLOADS=never UV_NO_CACHE=1 UV_COMPILE_BYTECODE=1
RUN /uv/bin/uv venv --python /usr/local/bin/python /venv \
 && /uv/bin/uv pip sync --python /venv/bin/python --require-hashes /src/prod.txt

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent concierge
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DJANGO_SETTINGS_MODULE=concierge.settings.prod
WORKDIR /app
COPY --from=packages /venv /venv
COPY . .
COPY --from=frontend /src/frontend/dist frontend/dist
# The values of this one line only let the settings load while the files are collected; none stays in the image.
RUN python scripts/messages.py compile \
 && SECRET_KEY=build ALLOWED_HOSTS=build BASE_URL=https://build DATABASE_URL=postgresql:///build REDIS_URL=redis://build \
    python manage.py collectstatic --no-input --verbosity 0 \
 && python -m compileall -q .
USER 10001
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "concierge.wsgi:application"]
