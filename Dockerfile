# syntax=docker/dockerfile:1
# Both services: docker build --target cart-service . and docker build --target order-service .

FROM rust:1.95-bookworm AS builder
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential pkg-config zlib1g-dev libssl-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# Both at once, so that the two images share one build. The target directory is a cache, not a layer: the binaries are
# copied out of it in the same step.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --profile dist --locked -p cart-service -p order-service \
    && install -D -t /out target/dist/cart-service target/dist/order-service

FROM debian:bookworm-slim AS runtime
# curl is for the health checks, which bypass proxies: Docker puts the host's into every container (~/.docker/config.json).
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl libssl3 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin orderlog \
    && install -d -o orderlog -g orderlog /data
USER orderlog
WORKDIR /data
VOLUME /data
# Nothing outside of a container can reach its 127.0.0.1.
ENV API_HOST=0.0.0.0 STORE=embedded:/data

FROM runtime AS cart-service
COPY --from=builder /out/cart-service /usr/local/bin/
ENV API_PORT=8000
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=6 \
    CMD curl --noproxy "*" -fsS -o /dev/null "http://127.0.0.1:$API_PORT/health/ready"
ENTRYPOINT ["cart-service"]

FROM runtime AS order-service
COPY --from=builder /out/order-service /usr/local/bin/
ENV API_PORT=8001
EXPOSE 8001
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=6 \
    CMD curl --noproxy "*" -fsS -o /dev/null "http://127.0.0.1:$API_PORT/health/ready"
ENTRYPOINT ["order-service"]
