# The dashboard and the pipeline on processors alone. The root may be read-only; what is kept lies
# in /data, pictures are mounted below /pictures and only read:
#
#   docker build -t likeness .
#   docker run --rm --read-only --tmpfs /tmp -v likeness:/data -v ~/Pictures:/pictures:ro likeness run /pictures
#   docker run --read-only --tmpfs /tmp -v likeness:/data -v ~/Pictures:/pictures:ro \
#     -e LIKENESS_PASSWORD=… -p 8050:8050 likeness
FROM python:3.11-slim-bookworm

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    LIKENESS_DATA=/data LIKENESS_CACHE=/data/cache LIKENESS_FOLDERS=/pictures \
    HOME=/tmp XDG_CACHE_HOME=/tmp/cache NUMBA_CACHE_DIR=/tmp/numba MPLCONFIGDIR=/tmp/matplotlib

WORKDIR /app
COPY requirements.txt ./
# The CPU build of torch is a sixth of the size of the one that a plain install brings. Tests stay out.
RUN sed '/^# Its tests/,$d' requirements.txt > product.txt \
    && pip install --extra-index-url https://download.pytorch.org/whl/cpu -r product.txt \
    && rm product.txt \
    && groupadd --system --gid 10001 likeness \
    && useradd --system --uid 10001 --gid likeness --home-dir /tmp --no-create-home --shell /usr/sbin/nologin likeness \
    && install -d -o likeness -g likeness /data
COPY pipeline ./pipeline
COPY dashboard ./dashboard
COPY assets ./assets

USER 10001:10001
VOLUME /data
EXPOSE 8050
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8050/healthz', timeout=4)"]
ENTRYPOINT ["python", "-m", "pipeline"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8050"]
