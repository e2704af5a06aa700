"""The servers that are measured, and the origin behind them; each ends with the stack it is in."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

PACKAGES = {"nginx": "nginx-light", "varnishd": "varnish", "wrk": "wrk"}  # of Debian, by program
CAPACITY = "256MiB"
SIZES = {"1k": 1024, "16k": 16384, "256k": 262_144}
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"  # Debian keeps servers out of the path
_PATIENCE = 30.0  # seconds until a server must answer


class Unfit(Exception):
    """A server cannot be started here; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Server:
    """What answers on a port, and the process whose CPU, with its children's, is counted."""

    name: str
    port: int
    pid: int


_NGINX = """
worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/errors crit; {user}
events {{ worker_connections 8192; }}
http {{
  access_log off; sendfile on; tcp_nopush on; default_type text/html;
  keepalive_requests 1000000000; open_file_cache max=30000 inactive=300s;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  {rest}
}}
"""

# Every answer is a file; what is asked for under /key/ and /new/ is one of 1 KiB.
_ORIGIN = """
  server {{
    listen 127.0.0.1:{port} backlog=4096; root {files};
    location / {{ add_header Cache-Control "max-age=86400"; }}
    location /key/ {{ try_files /1k =404; add_header Cache-Control "max-age=86400"; }}
    location /new/ {{ try_files /1k =404; add_header Cache-Control "max-age=86400"; }}
    location /private/ {{ rewrite ^/private(/.*)$ $1 break; add_header Cache-Control no-store; }}
  }}
"""

# What is not to be stored passes without a cache and without temporary files.
_CACHE = """
  proxy_cache_path {folder}/cache keys_zone=kept:64m max_size=256m inactive=1h use_temp_path=off;
  upstream origin {{ server 127.0.0.1:{origin}; keepalive 64; keepalive_requests 1000000000; }}
  proxy_http_version 1.1; proxy_set_header Connection "";
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ proxy_pass http://origin; proxy_cache kept; }}
    location /private/ {{ proxy_pass http://origin; proxy_max_temp_file_size 0; }}
  }}
"""

_VCL = 'vcl 4.0; backend default {{ .host = "127.0.0.1"; .port = "{origin}"; }}'


def program(name: str) -> str | None:
    """Where a program is, None where it is not installed."""
    return shutil.which(name, path=_PATH)


def check() -> None:
    """Raise Unfit where one of the programs is missing."""
    if missing := [package for name, package in PACKAGES.items() if program(name) is None]:
        raise Unfit(f"not installed: {' '.join(missing)}: scripts/apt-install {' '.join(missing)}")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Bench:
    """A folder in memory where there is one, and everything that was started from it."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._stack, self._folder = stack, folder
        files = folder / "files"
        files.mkdir()
        folder.chmod(0o755)
        for name, size in SIZES.items():
            (files / name).write_bytes(os.urandom(size))
        port = free_port()
        self.origin = self._nginx("origin", port, _ORIGIN.format(port=port, files=files))

    def nginx(self) -> Server:
        """One worker, as it is usually tuned: sendfile, open files kept, no access log."""
        port, folder = free_port(), self._folder / "nginx"
        rest = _CACHE.format(port=port, folder=folder, origin=self.origin.port)
        return self._nginx("nginx", port, rest)

    def varnish(self) -> Server:
        """As it comes, with its store in memory."""
        port, folder = free_port(), self._folder / "varnish"
        folder.mkdir()
        (folder / "vcl").write_text(_VCL.format(origin=self.origin.port))
        jail = ["-j", "none"] if os.geteuid() == 0 else []
        told = f"-F -T none -n {folder}/work -f {folder}/vcl -a 127.0.0.1:{port} -s malloc,256m"
        return self._started("varnish", port, ["varnishd", *jail, *told.split()])

    def scrubjay(self, policy: str | None, store: str | None = None) -> Server:
        """As it is installed; raises Unfit where this build has no such store."""
        words = ["--origin", f"http://127.0.0.1:{self.origin.port}", "--capacity", CAPACITY]
        words += ["--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"]
        words += ["--policy", policy] if policy else []
        words += ["--store", store] if store else []
        env = dict(os.environ, SCRUBJAY_LOG__FORMAT="json")
        if store:
            env["SCRUBJAY_REDIS__HOT"] = "0"
        command = [str(Path(sys.executable).parent / "scrubjay"), "serve", *words]
        log = self._folder / f"scrubjay-{free_port()}.log"
        process = self._start(command, log, env)
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until and process.poll() is None:
            for line in log.read_text().splitlines():
                if line.startswith("{") and (told := json.loads(line))["event"] == "ready":
                    port = int(told["listen"].rpartition(":")[2])
                    return Server("scrubjay" if not store else "redis", port, process.pid)
            time.sleep(0.05)
        raise Unfit(f"scrubjay does not start: {' '.join(log.read_text().split())[:300]}")

    def redis(self) -> Server:
        """Without a disk."""
        if program("redis-server") is None:
            raise Unfit("not installed: redis: scripts/apt-install redis-server")
        port = free_port()
        words = f"redis-server --port {port} --bind 127.0.0.1 --save --appendonly no"
        words += f" --dir {self._folder}"
        return self._started("redis-server", port, words.split())

    def _nginx(self, name: str, port: int, rest: str) -> Server:
        folder = self._folder / name
        folder.mkdir()
        user = f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else ""
        (folder / "conf").write_text(_NGINX.format(folder=folder, user=user, rest=rest))
        return self._started(name, port, ["nginx", "-p", str(folder), "-c", f"{folder}/conf"])

    def _started(self, name: str, port: int, command: list[str]) -> Server:
        """Wait until it takes connections."""
        log = self._folder / f"{name}.log"
        process = self._start([program(command[0]) or command[0], *command[1:]], log)
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until and process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return Server(name, port, process.pid)
            except ConnectionRefusedError:
                time.sleep(0.05)
        raise Unfit(f"{name} does not start: {log.read_text()[-300:]}")

    def _start(
        self, command: list[str], log: Path, env: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        # Whatever happens to this process, the kernel ends its servers.
        if leash := program("setpriv"):
            command = [leash, "--pdeathsig", "TERM", *command]
        with log.open("wb") as out:
            process = subprocess.Popen(command, stdout=out, stderr=out, env=env)
        self._stack.callback(_end, process)
        return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
