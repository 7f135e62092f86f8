# Three images out of the same lock files as `make run`, but for TensorFlow: `--target bot`, `editors` or `rasa`.
# Each runs as an ordinary user; what it writes goes to volumes (docker-compose.yml).

FROM python:3.11-slim-bookworm AS service
WORKDIR /app
COPY LICENSE requirements.lock ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
COPY bot ./bot
COPY evaluation ./evaluation
# What is said where the editors' messages.yml, mounted over content/, does not know a new sentence yet.
COPY content/messages.yml ./bot/content/messages.yml
RUN useradd --uid 10001 --no-create-home app && install -d -o app data
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp

# With Tesseract the pictures are read that people send.
FROM service AS bot
RUN apt-get update && apt-get install --yes --no-install-recommends tesseract-ocr tesseract-ocr-eng tesseract-ocr-vie \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
USER app
EXPOSE 8080
CMD ["python", "-m", "bot", "run"]

# The editors' pages: with git they commit content/ where it is a repository.
FROM service AS editors
RUN apt-get update && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
# content/ belongs to whom it belongs on the machine.
RUN git config --system safe.directory '*'
USER app
EXPOSE 8081
CMD ["python", "-m", "bot", "editors", "serve"]

# Rasa 3.6 needs Python 3.10, and TensorFlow, which makes this image large. Of the locked packages those are left out
# that are never imported, or only if they are there; TensorFlow is the one without CUDA (600 MB less).
FROM python:3.10-slim-bookworm AS rasa
WORKDIR /app
COPY nlu/requirements.lock nlu/image.lock ./nlu/
RUN sed --regexp-extended '/^(tensorflow|tensorflow-text|tensorboard-data-server|jax|jaxlib|libclang|sympy|mpmath|hf-xet|confluent-kafka)==/,/[^\\]$/d' \
        nlu/requirements.lock > /tmp/packages.lock \
    && pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps -r /tmp/packages.lock -r nlu/image.lock \
    && packages=$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') \
    && rm -r /tmp/packages.lock "$packages/tensorflow/include" "$packages/future/backports/test" \
    && find "$packages" -depth -type d -name tests -exec rm -r {} +
COPY LICENSE config.yml credentials.yml domain.yml endpoints.yml ./
COPY nlu ./nlu
COPY stories ./stories
COPY tests/nlu ./tests/nlu
RUN useradd --uid 10001 --no-create-home app && install -d -o app data models build
USER app
RUN python -m nlu.encoder.files
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
EXPOSE 5005
CMD ["python", "nlu/server.py", "--host", "0.0.0.0", "--port", "5005"]
