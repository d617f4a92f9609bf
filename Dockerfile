# slimgate's own image: a Python and slimgate on distroless, with no shell and no package manager.
# `make image` puts the wheels where this finds them, each checked by its hash: nothing is
# downloaded here. Both bases are of one Debian release, since they share a C library.
ARG BUILD_BASE=python:3.11-slim-bookworm
ARG RUNTIME_BASE=gcr.io/distroless/base-debian12:nonroot

FROM ${BUILD_BASE} AS build
WORKDIR /build
COPY build/wheels/tools/ tools/
COPY build/wheels/dependencies/ dependencies/
# A wheel of pip runs as it is, so the base need not have one.
RUN PYTHONPATH=$(echo tools/pip-*.whl) python3 -m pip install --quiet --no-index --no-deps \
        --no-compile --root-user-action=ignore --target /opt/dependencies dependencies/*.whl \
    && rm -rf /opt/dependencies/bin
COPY scripts/portable_python.py scripts/openssl.cnf ./
# Compiled here, since the root file system is read-only where it runs; the same bytes each time.
RUN python3 portable_python.py /opt/python /opt/dependencies \
    && cp openssl.cnf /opt/python/ \
    && /opt/python/bin/python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash \
        /opt/python/lib /opt/dependencies
COPY build/wheels/slimgate/ slimgate/
ENV PYTHONPATH=/opt/slimgate:/opt/dependencies LD_LIBRARY_PATH=/opt/python/lib
RUN PYTHONPATH=$(echo tools/pip-*.whl) /opt/python/bin/python3 -m pip install --quiet --no-index --no-deps \
        --no-compile --root-user-action=ignore --target /opt/slimgate slimgate/*.whl \
    && /opt/python/bin/python3 -m compileall -q --invalidation-mode unchecked-hash /opt/slimgate \
    && /opt/slimgate/bin/slimgate --version

FROM ${RUNTIME_BASE}
COPY --from=build /opt/python /opt/python
COPY --from=build /opt/dependencies /opt/dependencies
COPY --from=build /opt/slimgate /opt/slimgate
ENV PATH=/opt/slimgate/bin:/opt/python/bin:/usr/bin:/bin \
    PYTHONPATH=/opt/slimgate:/opt/dependencies \
    LD_LIBRARY_PATH=/opt/python/lib \
    OPENSSL_CONF=/opt/python/openssl.cnf \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 65532:65532
EXPOSE 8080 9443
ENTRYPOINT ["slimgate"]
