# Sluice as an image. Default target: production; `--target demo` adds the embedded AWS and the live view, `--target deploy`
# Node.js and the CDK, for `sluice template`.
# The topology is not in it: mount sluice.toml at /app/sluice.toml, or COPY it there in an image FROM this one.
FROM docker.io/library/python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_ONLY_BINARY=:all:
WORKDIR /src
COPY requirements/ requirements/
RUN python -m venv --without-pip /opt/sluice \
 && pip --python /opt/sluice/bin/python install --require-hashes -r requirements/production.txt \
 && python -m venv /opt/hatch \
 && /opt/hatch/bin/pip install --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY worker/ worker/
COPY deploy/ deploy/
RUN /opt/hatch/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /dist . \
 && pip --python /opt/sluice/bin/python install --no-index --no-deps /dist/sluice-*.whl

FROM build AS build-demo
RUN pip --python /opt/sluice/bin/python install --require-hashes -r requirements/demo.txt

FROM build AS build-deploy
RUN pip --python /opt/sluice/bin/python install --require-hashes -r requirements/deploy.txt

FROM docker.io/library/python:3.13-slim AS runtime
RUN useradd --uid 10001 --no-create-home --home-dir /app --shell /usr/sbin/nologin sluice
# Nothing is written below /, so that it may be mounted read-only; pip has compiled the bytecode already.
ENV PATH=/opt/sluice/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PROMETHEUS_DISABLE_CREATED_SERIES=true
WORKDIR /app
# ECS mounts a volume there, and gives it the owner and mode that the image has.
VOLUME /tmp
USER 10001:10001
STOPSIGNAL SIGTERM
ENTRYPOINT ["sluice"]

FROM runtime AS demo
COPY --from=build-demo /opt/sluice /opt/sluice
CMD ["demo"]

FROM runtime AS deploy
COPY --from=build-deploy /opt/sluice /opt/sluice
ENV JSII_RUNTIME_PACKAGE_CACHE=disabled
CMD ["template"]

FROM runtime AS production
COPY --from=build /opt/sluice /opt/sluice
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["sluice", "health"]
CMD ["run"]
