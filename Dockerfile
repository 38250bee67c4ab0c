# One image with the four services and orderctl; compose.yaml says which service a container runs.

# Settings, so that a digest can pin them.
ARG BUILD_IMAGE=swift:6.3-bookworm
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        libcurl4-openssl-dev libhiredis-dev libmicrohttpd-dev libpq-dev libssl-dev libuv1-dev libwslay-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY Package.swift ./
COPY Sources Sources
COPY services services
COPY tools tools
COPY database database
# The manifest names the folders of the tests and benchmarks. Nothing in them is compiled here.
COPY Tests Tests
COPY Benchmarks Benchmarks
# One file is all programs, and each has a link to it: in five files the Swift runtime would be five times.
# With --product, because Swift would also build the tests' support, and the static library has no Testing.
RUN --mount=type=cache,id=order-execution-engine-build,target=/scratch,sharing=locked \
    swift build -c release --static-swift-stdlib --explicit-target-dependency-import-check error --scratch-path /scratch --product engine \
    && mkdir /products \
    && strip -o /products/engine /scratch/release/engine \
    && for program in gateway router executor notifier orderctl; do ln -s engine "/products/$program" || exit 1; done

FROM ${BASE_IMAGE}
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        ca-certificates curl libcurl4 libhiredis0.14 libmicrohttpd12 libpq5 libssl3 libuv1 libwslay1 \
    && apt-get clean \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin engine
COPY --from=build /products/ /usr/local/bin/
COPY config /app/config
# For an edge that does not have a folder of this repository.
COPY console /app/console
COPY docs/openapi.yaml docs/asyncapi.yaml docs/runbook.md /app/docs/
WORKDIR /app
ENV PORT=8080 TOKENS_FILE=/app/config/tokens.json POOLS_FILE=/app/config/pools.json CONTRACTS_DIR=/app/docs
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=3s --timeout=3s --start-period=30s --retries=5 \
    CMD port=${ADMIN_PORT:-0}; [ "$port" != 0 ] || port=$PORT; curl -fsS -o /dev/null "http://127.0.0.1:$port/health/ready"
