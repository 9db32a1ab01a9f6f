#!/usr/bin/env python3
"""A proxy that moves every byte with splice(), never with a receive: takes
connections on a free port of 127.0.0.1, prints it, and passes them on to the
port given, one connection at a time."""
import os
import selectors
import socket
import sys

SIZE = 1 << 16


def move(source, sink, pipe):
    """What is readable in source, through the pipe, into sink: bytes moved,
    0 at the end."""
    got = os.splice(source.fileno(), pipe[1], SIZE)
    left = got
    while left:
        left -= os.splice(pipe[0], sink.fileno(), left)
    return got


def serve(client, upstream, pipe):
    ready = selectors.DefaultSelector()
    ready.register(client, selectors.EVENT_READ, upstream)
    ready.register(upstream, selectors.EVENT_READ, client)
    while True:
        for key, _ in ready.select():
            if not move(key.fileobj, key.data, pipe):
                return


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    pipe = os.pipe()
    print(listener.getsockname()[1], flush=True)
    while True:
        client, _ = listener.accept()
        with client, socket.create_connection(
                ("127.0.0.1", int(sys.argv[1]))) as upstream:
            serve(client, upstream, pipe)


if __name__ == "__main__":
    main()
