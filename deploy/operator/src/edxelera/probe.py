"""A container's health check: exit code 0 when the URL answers well. Standard library only, run without site.

``probe.py URL`` wants 2xx; ``probe.py --any URL`` takes any HTTP answer (an S3 server refuses a stranger).
"""

import http.client
import sys
from urllib.parse import urlsplit


def main(arguments: list[str]) -> int:
    """Ask once, for at most four seconds."""
    any_answer, url = arguments[0] == "--any", urlsplit(arguments[-1])
    connection = http.client.HTTPConnection(url.hostname or "127.0.0.1", url.port, timeout=4)
    try:
        connection.request("GET", url.path or "/")
        answer = connection.getresponse()
    except OSError as error:
        print(error)
        return 1
    finally:
        connection.close()
    print(answer.status)
    return 0 if any_answer or 200 <= answer.status < 300 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
