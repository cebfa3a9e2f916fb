# The controller's image. Build: docker build -t registry.example.org/mcidns:0.1.0 .
ARG PYTHON=python:3.13.7-slim-bookworm

FROM ${PYTHON} AS build
WORKDIR /src
RUN ["python", "-m", "pip", "install", "--no-cache-dir", "hatchling>=1.27,<2"]
COPY pyproject.toml README.md LICENSE ./
COPY mcidns mcidns
COPY providers providers
COPY crds crds
COPY docs/host-rbac.yaml docs/member-rbac.yaml docs/
RUN ["python", "-m", "hatchling", "build", "-t", "wheel", "-d", "/dist"]
RUN ["python", "-m", "venv", "/opt/mcidns"]
# The wheel is named by its path, so that no package of its name from elsewhere is taken.
RUN /opt/mcidns/bin/pip install --no-cache-dir --no-compile "$(echo /dist/mcidns-*.whl)[rfc2136,route53,designate,webhook]" \
 && /opt/mcidns/bin/python -m compileall -q /opt/mcidns/lib \
 && /opt/mcidns/bin/mcidns version

FROM ${PYTHON}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="mcidns" \
      org.opencontainers.image.description="Multi-cluster DNS controller: one name follows the healthy regions of a Kubernetes federation" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/mcidns /opt/mcidns
# The root file system may be read-only; what libraries keep goes to /tmp.
ENV PATH=/opt/mcidns/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 65532:65532
WORKDIR /tmp
EXPOSE 8080
ENTRYPOINT ["/opt/mcidns/bin/mcidns"]
CMD ["run"]
