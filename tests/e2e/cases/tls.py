# SPDX-License-Identifier: GPL-2.0-only
"""Services that encrypt themselves: what is exchanged is counted and timed,
and an alert that closes a connection is no exchange."""

import os
import socket
import ssl
import time

from cases.registry import case_for
from harness import children, free_port, need, wait_until
from tracer import Tracer

CONF = """
worker_processes 2;
daemon off;
pid {tmp}/tls.pid;
error_log {tmp}/tls-error.log;
{user}
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {tmp}/b; proxy_temp_path {tmp}/p;
    fastcgi_temp_path {tmp}/f; uwsgi_temp_path {tmp}/u; scgi_temp_path {tmp}/s;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_certificate {tmp}/cert.pem;
        ssl_certificate_key {tmp}/key.pem;
        location / {{ return 200 "fine\n"; }}
    }}
}}
"""


def start_nginx(test):
    """(pid, port) of an nginx with a certificate of its own."""
    need("nginx", "openssl")
    test.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
              "-keyout", test.path("key.pem"), "-out", test.path("cert.pem"),
              "-subj", "/CN=peer", "-days", "2"])
    port = free_port()
    with open(test.path("tls.conf"), "w") as f:
        f.write(CONF.format(
            tmp=test.tmp, port=port,
            user="user root;" if os.geteuid() == 0 else ""))
    nginx = test.start(["nginx", "-c", test.path("tls.conf"), "-e",
                        test.path("tls-error.log")])
    wait_until("nginx workers", lambda: len(children(nginx.pid)) == 2)
    return nginx.pid, port


class Client:
    """A keep-alive connection; rounds are what it has waited for."""

    def __init__(self, port, version):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.minimum_version = context.maximum_version = version
        self.socket = context.wrap_socket(
            socket.create_connection(("127.0.0.1", port), 20))

    def ask(self):
        self.socket.sendall(b"GET / HTTP/1.1\r\nHost: peer\r\n\r\n")
        answer = b""
        while not answer.endswith(b"fine\n"):
            answer += self.socket.recv(4096)
        return answer.startswith(b"HTTP/1.1 200")

    def close(self):
        """With close_notify, whether the server sends its own or not."""
        try:
            self.socket.unwrap()
        except (ssl.SSLError, OSError):
            pass
        self.socket.close()


CLIENTS = 6


@case_for(("TLSv1_2", "TLSv1_3"))
def tls_keepalive(test, version):
    """A quick request, a pause, close_notify: the pause is in no exchange,
    and the alert is none."""
    pid, port = start_nginx(test)
    tracer = Tracer.of(test, pid)
    clients = [Client(port, ssl.TLSVersion[version]) for _ in range(CLIENTS)]
    time.sleep(0.2)  # the server has ended its handshakes
    answered = sum(client.ask() for client in clients)
    time.sleep(1.5)
    for client in clients:
        client.close()
    time.sleep(0.3)
    report = tracer.stop().complete()
    test.equal("answered", CLIENTS, answered, "client")
    # Both handshakes take two round trips here: in 1.3 the client's Finished
    # is answered by session tickets.
    test.equal("exchanges", 3 * CLIENTS, report.exchanges(port=port))
    test.equal("operations", 3 * CLIENTS, report.operations(port=port))
    test.equal("errors", 0, report.total("errors"))
    test.equal("closed", CLIENTS, report.connections("closed", port=port))
    longest = max(s["duration"]["max"] for s in report.series())
    test.check(f"longest {longest} s: {report.brief()}", longest < 1)
    protocols = {s["protocol"] for s in report.series()}
    test.equal("protocols", {"tls"}, protocols, "contract")
    test.equal("operations", {"handshake": 2 * CLIENTS,
                              "(encrypted)": CLIENTS}, report.by_operation())
    test.fact(f"longest {longest * 1e3:.1f} ms")
