# The daemon in a container:
#   docker run -v ./config:/config -v aggregator-data:/config/data -v aggregator-public:/config/public \
#     -p 8080:8080 IMAGE
# /config holds feeds.yaml (mount the directory, not the file: editors replace files). Its default paths,
# data/ and public/, are volumes of their own.
FROM python:3.13-slim AS build
WORKDIR /src
COPY constraints.txt pyproject.toml README.md ./
COPY aggregator ./aggregator
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt '.[fulltext]'

FROM python:3.13-slim
RUN useradd --system --uid 10001 --create-home --home-dir /config aggregator \
 && mkdir -p /config/data /config/public \
 && chown -R aggregator:aggregator /config
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1
USER aggregator
WORKDIR /config
VOLUME ["/config", "/config/data", "/config/public"]
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["aggregator"]
CMD ["run", "--listen", "0.0.0.0:8080"]
