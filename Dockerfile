# Three images out of the same lock files as `make run`: `--target bot`, `--target editors`, `--target rasa`.
# Each runs as an ordinary user; what it writes goes to volumes (docker-compose.yml).

FROM python:3.11-slim-bookworm AS bot
WORKDIR /app
COPY LICENSE requirements.lock ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
# With which pictures are read that people send.
RUN apt-get update && apt-get install --yes --no-install-recommends tesseract-ocr tesseract-ocr-eng tesseract-ocr-vie && rm -rf /var/lib/apt/lists/*
COPY bot ./bot
COPY evaluation ./evaluation
# What is said where the editors' messages.yml, mounted over content/, does not know a new sentence yet.
COPY content/messages.yml ./bot/content/messages.yml
RUN useradd --uid 10001 --no-create-home app && install -d -o app data
USER app
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
EXPOSE 8080
CMD ["python", "-m", "bot", "run"]

# The editors' pages: the bot's image, and git, with which they commit content/ where it is a repository.
FROM bot AS editors
USER root
RUN apt-get update && apt-get install --yes --no-install-recommends git && rm -rf /var/lib/apt/lists/*
# content/ belongs to whom it belongs on the machine.
RUN git config --system safe.directory '*'
USER app
EXPOSE 8081
CMD ["python", "-m", "bot", "editors", "serve"]

# Rasa 3.6 needs Python 3.10. TensorFlow makes this image large.
FROM python:3.10-slim-bookworm AS rasa
WORKDIR /app
COPY nlu/requirements.lock ./nlu/
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r nlu/requirements.lock
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
